#include "common/columnar/chunk_codec.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/checksum.h"
#include "common/columnar/stream.h"

// After the header (see chunk_codec.h):
//   4  length, then `times` as integers
//   per column:
//     2  length of the name, and the name
//     1  type (quant::ColumnType)
//     1  1 when some values are missing
//     4  length of the rest of this column
//     presence, when values are missing: one bit a row, lowest first, as one block
//     values
namespace breadthflow::columnar {
namespace {

constexpr std::string_view kMagic = "BFCHUNK1";
constexpr size_t kHeaderBytes = 40;
constexpr size_t kChecksumEnd = 16;
constexpr uint16_t kRepeats = 1;  // flag

using quant::Column;
using quant::ColumnType;
using quant::Series;

absl::Status Corrupt(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK", fmt::format("corrupt chunk: {}", what));
}

absl::Status Refused(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_SERIES", what);
}

struct Header {
  size_t rows = 0;
  size_t columns = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  bool repeats = false;
};

struct ColumnEntry {
  std::string_view name;
  ColumnType type = ColumnType::kDouble;
  bool has_missing = false;
  std::string_view body;
};

absl::StatusOr<Header> ReadHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return Corrupt(fmt::format("{} bytes are less than a header", bytes.size()));
  ByteReader in(bytes);
  if (in.Raw(kMagic.size()) != kMagic) return Corrupt("wrong magic");
  if (in.Get<uint64_t>() != Xxh64(bytes.substr(kChecksumEnd))) return Corrupt("checksum differs");
  Header header;
  header.rows = in.Get<uint32_t>();
  header.columns = in.Get<uint16_t>();
  const auto flags = in.Get<uint16_t>();
  header.repeats = (flags & kRepeats) != 0;
  header.first_time_ns = in.Get<int64_t>();
  header.last_time_ns = in.Get<int64_t>();
  if (header.rows == 0 || header.rows > kMaxChunkRows) return Corrupt(fmt::format("{} rows", header.rows));
  if (header.columns > kMaxChunkColumns) return Corrupt(fmt::format("{} columns", header.columns));
  if ((flags & ~kRepeats) != 0) return Corrupt(fmt::format("unknown flags {:#x}", flags));
  if (header.first_time_ns > header.last_time_ns) return Corrupt("reversed time range");
  return header;
}

bool ReadEntry(ByteReader& in, ColumnEntry& entry) {
  entry.name = in.Raw(in.Get<uint16_t>());
  const auto type = in.Get<uint8_t>();
  entry.has_missing = in.Get<uint8_t>() != 0;
  entry.body = in.Raw(in.Get<uint32_t>());
  if (!in.ok() || entry.name.empty() || type < 1 || type > 3) return false;
  entry.type = static_cast<ColumnType>(type);
  return true;
}

// The values of a column, a missing one replaced by the one before it, which costs least.
template <typename T>
std::vector<T> Filled(const Column& column, const std::vector<T>& values, size_t begin, size_t end) {
  std::vector<T> out(values.begin() + static_cast<ptrdiff_t>(begin), values.begin() + static_cast<ptrdiff_t>(end));
  T last{};
  for (size_t row = begin; row < end; ++row) {
    if (column.present(row))
      last = out[row - begin];
    else
      out[row - begin] = last;
  }
  return out;
}

absl::Status PutColumn(const Column& column, size_t begin, size_t end, ByteWriter& out) {
  if (column.name.empty() || column.name.size() > UINT16_MAX) return Refused("a column has no name or too long a name");
  bool has_missing = false;
  for (size_t row = begin; row < end && !column.valid.empty(); ++row) has_missing |= !column.valid[row];
  out.Put(static_cast<uint16_t>(column.name.size()));
  out.Raw(column.name);
  out.Put(static_cast<uint8_t>(column.type()));
  out.Put(static_cast<uint8_t>(has_missing));
  const size_t place = out.OpenLength();
  if (has_missing) {
    std::string bits((end - begin + 7) / 8, '\0');
    for (size_t row = begin; row < end; ++row) {
      if (column.present(row)) bits[(row - begin) / 8] |= static_cast<char>(1 << ((row - begin) % 8));
    }
    PutBlock(bits, out);
  }
  const bool fits = std::visit(
      [&](const auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        std::vector<T> filled;
        if (has_missing) filled = Filled(column, values, begin, end);
        const std::span<const T> part =
            has_missing ? std::span<const T>(filled) : std::span<const T>(values).subspan(begin, end - begin);
        if constexpr (std::is_same_v<T, double>)
          PutDoubles(part, out);
        else if constexpr (std::is_same_v<T, int64_t>)
          PutIntegers(part, out);
        else
          return PutTexts(part, out);
        return true;
      },
      column.values);
  if (!fits) return Refused(fmt::format("column {} holds more than {} bytes of text", column.name, kMaxTextBytes));
  out.CloseLength(place);
  return absl::OkStatus();
}

// Decodes the body of a column into rows [at, at + rows) of `column`, which is long enough.
absl::Status GetColumn(const ColumnEntry& entry, size_t at, size_t rows, Column& column) {
  ByteReader in(entry.body);
  std::string scratch;
  std::string_view presence;
  if (entry.has_missing) {
    presence = GetBlock(in, (rows + 7) / 8, scratch);
    if (presence.size() != (rows + 7) / 8) return Corrupt(fmt::format("presence of column {}", entry.name));
  }
  const bool fits = std::visit(
      [&](auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        const std::span<T> part = std::span<T>(values).subspan(at, rows);
        bool good = false;
        if constexpr (std::is_same_v<T, double>)
          good = GetDoubles(in, part);
        else if constexpr (std::is_same_v<T, int64_t>)
          good = GetIntegers(in, part);
        else
          good = GetTexts(in, part);
        if (!good) return false;
        for (size_t row = 0; row < rows && entry.has_missing; ++row) {
          if ((presence[row / 8] >> (row % 8) & 1) == 0) part[row] = T{};
        }
        return true;
      },
      column.values);
  if (!fits || in.remaining() != 0) return Corrupt(fmt::format("values of column {}", entry.name));
  if (entry.has_missing) column.valid.resize(at, true);
  if (!column.valid.empty() || entry.has_missing) column.valid.resize(at + rows, true);
  for (size_t row = 0; row < rows && entry.has_missing; ++row) {
    column.valid[at + row] = (presence[row / 8] >> (row % 8) & 1) != 0;
  }
  return absl::OkStatus();
}

Column EmptyColumn(std::string_view name, ColumnType type) {
  Column column{std::string(name), {}, {}};
  if (type == ColumnType::kInt64) column.values = std::vector<int64_t>();
  if (type == ColumnType::kText) column.values = std::vector<std::string>();
  return column;
}

// Room for `capacity` rows, of which there are `size`.
void Resize(Column& column, size_t size, size_t capacity = 0) {
  std::visit(
      [&](auto& values) {
        if (capacity > values.capacity()) values.reserve(capacity);
        values.resize(size);
      },
      column.values);
}

// Gives a column that ends at row `from` missing values up to row `to`.
void AddMissing(Column& column, size_t from, size_t to) {
  if (from == to) return;
  column.valid.resize(from, true);
  column.valid.resize(to, false);
  Resize(column, to);
}

// The column of that name, made with missing values if there is none; nullptr when its type differs.
Column* Obtain(Series& series, size_t hint, std::string_view name, ColumnType type, size_t rows) {
  if (hint >= series.columns.size() || series.columns[hint].name != name) {
    hint = 0;
    while (hint < series.columns.size() && series.columns[hint].name != name) ++hint;
  }
  if (hint == series.columns.size()) {
    series.columns.push_back(EmptyColumn(name, type));
    AddMissing(series.columns.back(), 0, rows);
  }
  Column& column = series.columns[hint];
  return column.type() == type ? &column : nullptr;
}

void EraseRows(Series& series, size_t begin, size_t end) {
  const auto erase = [&](auto& values) {
    values.erase(values.begin() + static_cast<ptrdiff_t>(begin), values.begin() + static_cast<ptrdiff_t>(end));
  };
  erase(series.times);
  for (Column& column : series.columns) {
    std::visit(erase, column.values);
    if (!column.valid.empty()) erase(column.valid);
  }
}

// Do the times ascend from row to row, or stay with `repeats`? `repeated` tells whether one did stay.
bool Ascend(std::span<const int64_t> times, bool repeats, bool& repeated) {
  bool falls = false;
  bool stays = false;
  for (size_t row = 1; row < times.size(); ++row) {
    falls |= times[row] < times[row - 1];
    stays |= times[row] == times[row - 1];
  }
  repeated = stays;
  return !falls && (repeats || !stays);
}

}  // namespace

size_t ChunkEnd(const std::vector<int64_t>& times, size_t begin) {
  if (times.size() - begin <= kRowsPerChunk) return times.size();
  size_t end = begin + kRowsPerChunk;
  const int64_t divided = times[end];
  while (end > begin && times[end - 1] == divided) --end;
  if (end > begin) return end;
  const auto behind = std::upper_bound(times.begin() + static_cast<ptrdiff_t>(begin), times.end(), divided);
  return static_cast<size_t>(behind - times.begin());
}

absl::StatusOr<std::string> EncodeChunk(const Series& series, size_t begin, size_t end) {
  if (begin >= end || end > series.size() || end - begin > kMaxChunkRows) {
    return Refused(
        fmt::format("a chunk holds 1 to {} rows, asked for [{}, {}) of {}", kMaxChunkRows, begin, end, series.size()));
  }
  if (series.columns.size() > kMaxChunkColumns) return Refused("too many columns");
  const std::span<const int64_t> times = std::span(series.times).subspan(begin, end - begin);
  bool repeated = false;
  if (!Ascend(times, series.repeats, repeated)) {
    return Refused(series.repeats ? "times descend" : "times are not strictly ascending");
  }
  ByteWriter out;
  out.Raw(kMagic);
  out.Put(uint64_t{0});
  out.Put(static_cast<uint32_t>(end - begin));
  out.Put(static_cast<uint16_t>(series.columns.size()));
  out.Put(repeated ? kRepeats : uint16_t{0});
  out.Put(times.front());
  out.Put(times.back());
  const size_t place = out.OpenLength();
  PutIntegers(times, out);
  out.CloseLength(place);
  for (const Column& column : series.columns) {
    if (column.size() != series.size() || (!column.valid.empty() && column.valid.size() != series.size())) {
      return Refused(fmt::format("column {} has another length than the times", column.name));
    }
    BF_RETURN_IF_ERROR(PutColumn(column, begin, end, out));
  }
  std::string bytes = std::move(out.bytes());
  const uint64_t checksum = Xxh64(std::string_view(bytes).substr(kChecksumEnd));
  std::memcpy(bytes.data() + kMagic.size(), &checksum, sizeof(checksum));
  return bytes;
}

absl::StatusOr<std::string> EncodeChunk(const Series& series) { return EncodeChunk(series, 0, series.size()); }

absl::StatusOr<ChunkInfo> InspectChunk(std::string_view bytes) {
  BF_ASSIGN_OR_RETURN(const Header header, ReadHeader(bytes));
  ByteReader in(bytes.substr(kHeaderBytes));
  in.Raw(in.Get<uint32_t>());
  ChunkInfo info{header.rows, header.first_time_ns, header.last_time_ns, {}};
  for (size_t i = 0; i < header.columns; ++i) {
    ColumnEntry entry;
    if (!ReadEntry(in, entry)) return Corrupt("column directory");
    info.columns.emplace_back(entry.name);
  }
  return info;
}

absl::StatusOr<Series> DecodeChunk(std::string_view bytes, const std::vector<std::string>& columns) {
  Series series;
  BF_RETURN_IF_ERROR(AppendChunk(bytes, {}, columns, series));
  return series;
}

absl::Status AppendChunk(std::string_view bytes, quant::TimeRange range, const std::vector<std::string>& columns,
                         Series& series) {
  BF_ASSIGN_OR_RETURN(const Header header, ReadHeader(bytes));
  if (header.last_time_ns < range.start_ns || header.first_time_ns >= range.end_ns) return absl::OkStatus();
  const size_t at = series.size();
  const size_t end = at + header.rows;
  ByteReader in(bytes.substr(kHeaderBytes));
  ByteReader times(in.Raw(in.Get<uint32_t>()));
  series.times.resize(end);
  if (!GetIntegers(times, std::span<int64_t>(series.times).subspan(at)) || times.remaining() != 0) {
    series.times.resize(at);
    return Corrupt("times");
  }
  bool repeated = false;
  bool ascending = Ascend(std::span<const int64_t>(series.times).subspan(at), header.repeats, repeated) &&
                   repeated == header.repeats && series.times[at] == header.first_time_ns &&
                   series.times[end - 1] == header.last_time_ns;
  const auto first =
      std::lower_bound(series.times.begin() + static_cast<ptrdiff_t>(at), series.times.end(), range.start_ns);
  const auto skipped = static_cast<size_t>(first - series.times.begin()) - at;
  ascending &= at == 0 || skipped == header.rows || *first > series.times[at - 1];
  absl::Status status = ascending ? absl::OkStatus() : Corrupt("times are not ascending");
  for (size_t i = 0; i < header.columns && status.ok(); ++i) {
    ColumnEntry entry;
    if (!ReadEntry(in, entry)) {
      status = Corrupt("column directory");
      break;
    }
    if (!columns.empty() && std::find(columns.begin(), columns.end(), entry.name) == columns.end()) continue;
    Column* column = Obtain(series, i, entry.name, entry.type, at);
    if (column == nullptr || column->size() != at) {
      status = Corrupt(fmt::format("column {} changes its type or appears twice", entry.name));
      break;
    }
    Resize(*column, end, series.times.capacity());
    status = GetColumn(entry, at, header.rows, *column);
  }
  if (status.ok() && in.remaining() != 0) status = Corrupt("bytes after the last column");
  for (Column& column : series.columns) {
    if (column.size() == at) AddMissing(column, at, end);
    if (!column.valid.empty()) column.valid.resize(end, true);
  }
  if (!status.ok()) {
    EraseRows(series, at, end);
    return status;
  }
  const auto last =
      std::lower_bound(series.times.begin() + static_cast<ptrdiff_t>(at), series.times.end(), range.end_ns);
  EraseRows(series, static_cast<size_t>(last - series.times.begin()), end);
  EraseRows(series, at, at + skipped);
  series.repeats |= header.repeats;
  return absl::OkStatus();
}

absl::Status AppendRows(Series&& tail, Series& head) {
  head.repeats |= tail.repeats;
  if (tail.empty()) return absl::OkStatus();
  if (head.empty() && head.columns.empty()) {
    head.times = std::move(tail.times);
    head.columns = std::move(tail.columns);
    return absl::OkStatus();
  }
  if (!head.empty() && tail.times.front() <= head.times.back()) return Refused("rows to append must follow");
  const size_t at = head.size();
  const size_t end = at + tail.size();
  for (size_t i = 0; i < tail.columns.size(); ++i) {
    Column& from = tail.columns[i];
    Column* to = Obtain(head, i, from.name, from.type(), at);
    if (to == nullptr) return Refused(fmt::format("column {} changes its type", from.name));
    std::visit(
        [&](auto& values) {
          auto& more = std::get<std::decay_t<decltype(values)>>(from.values);
          values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        },
        to->values);
    if (!from.valid.empty()) {
      to->valid.resize(at, true);
      to->valid.insert(to->valid.end(), from.valid.begin(), from.valid.end());
    } else if (!to->valid.empty()) {
      to->valid.resize(end, true);
    }
  }
  head.times.insert(head.times.end(), tail.times.begin(), tail.times.end());
  for (Column& column : head.columns) {
    if (column.size() == at) AddMissing(column, at, end);
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::columnar
