#include "common/columnar/chunk_codec.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/checksum.h"
#include "common/columnar/column_codec.h"
#include "common/columnar/series_rows.h"
#include "common/columnar/stream.h"

// After the header (see chunk_codec.h): 4 bytes of length and `times` as integers, then the columns (column_codec.h).
namespace breadthflow::columnar {
namespace {

constexpr std::string_view kMagic = "BFCHUNK2";
constexpr std::string_view kFirstMagic = "BFCHUNK1";  // no stream of it is packed
constexpr size_t kHeaderBytes = 40;
constexpr size_t kChecksumEnd = 16;
constexpr size_t kColumnsAt = 20;
constexpr uint16_t kRepeats = 1;  // flags
constexpr uint16_t kContinues = 2;

using quant::Column;
using quant::Series;

absl::Status Refused(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_SERIES", what);
}

struct Header {
  size_t rows = 0;
  size_t columns = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  bool repeats = false;
  bool continues = false;
};

// Bytes of the block that `bytes` begin with; they say so themselves, part by part.
absl::StatusOr<size_t> BlockBytes(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return CorruptChunk(fmt::format("{} bytes are less than a header", bytes.size()));
  ByteReader header(bytes.substr(kColumnsAt));
  const auto columns = header.Get<uint16_t>();
  ByteReader in(bytes.substr(kHeaderBytes));
  in.Raw(in.Get<uint32_t>());
  ColumnEntry entry;
  bool fits = in.ok();
  for (size_t i = 0; i < columns && fits; ++i) fits = ReadEntry(in, entry);
  if (!fits || !in.ok()) return CorruptChunk("column directory");
  return bytes.size() - in.remaining();
}

// `bytes` are one block.
absl::StatusOr<Header> ReadHeader(std::string_view bytes) {
  ByteReader in(bytes);
  const std::string_view magic = in.Raw(kMagic.size());
  if (magic != kMagic && magic != kFirstMagic) return CorruptChunk("wrong magic");
  if (in.Get<uint64_t>() != Xxh64(bytes.substr(kChecksumEnd))) return CorruptChunk("checksum differs");
  Header header;
  header.rows = in.Get<uint32_t>();
  header.columns = in.Get<uint16_t>();
  const auto flags = in.Get<uint16_t>();
  header.repeats = (flags & kRepeats) != 0;
  header.continues = (flags & kContinues) != 0;
  header.first_time_ns = in.Get<int64_t>();
  header.last_time_ns = in.Get<int64_t>();
  if (header.rows == 0 || header.rows > kMaxChunkRows) return CorruptChunk(fmt::format("{} rows", header.rows));
  if (header.columns > kMaxChunkColumns) return CorruptChunk(fmt::format("{} columns", header.columns));
  if ((flags & ~(kRepeats | kContinues)) != 0) return CorruptChunk(fmt::format("unknown flags {:#x}", flags));
  if (header.first_time_ns > header.last_time_ns) return CorruptChunk("reversed time range");
  return header;
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

// All rows of a block.
absl::Status AppendWhole(std::string_view bytes, const Header& header, const std::vector<std::string>& columns,
                         Series& series) {
  const size_t at = series.size();
  const size_t end = at + header.rows;
  ByteReader in(bytes.substr(kHeaderBytes));
  ByteReader times(in.Raw(in.Get<uint32_t>()));
  series.times.resize(end);
  if (!GetIntegers(times, std::span<int64_t>(series.times).subspan(at)) || times.remaining() != 0) {
    series.times.resize(at);
    return CorruptChunk("times");
  }
  bool repeated = false;
  bool ascending = Ascend(std::span<const int64_t>(series.times).subspan(at), header.repeats, repeated) &&
                   repeated == header.repeats && series.times[at] == header.first_time_ns &&
                   series.times[end - 1] == header.last_time_ns;
  ascending &= at == 0 || series.times[at] > series.times[at - 1];
  absl::Status status = ascending ? absl::OkStatus() : CorruptChunk("times are not ascending");
  for (size_t i = 0; i < header.columns && status.ok(); ++i) {
    ColumnEntry entry;
    if (!ReadEntry(in, entry)) {
      status = CorruptChunk("column directory");
      break;
    }
    if (!columns.empty() && std::find(columns.begin(), columns.end(), entry.name) == columns.end()) continue;
    Column* column = Obtain(series, i, entry.name, entry.type, at);
    if (column == nullptr || column->size() != at) {
      status = CorruptChunk(fmt::format("column {} changes its type or appears twice", entry.name));
      break;
    }
    Resize(*column, end, series.times.capacity());
    status = GetColumn(entry, at, header.rows, *column);
  }
  if (status.ok() && in.remaining() != 0) status = CorruptChunk("bytes after the last column");
  for (Column& column : series.columns) {
    if (column.size() == at) AddMissing(column, at, end);
    if (!column.valid.empty()) column.valid.resize(end, true);
  }
  if (!status.ok()) {
    EraseRows(series, at, end);
    return status;
  }
  series.repeats |= header.repeats;
  return absl::OkStatus();
}

// Those rows of a block whose time is in `range`.
absl::Status AppendPart(std::string_view bytes, const Header& header, quant::TimeRange range,
                        const std::vector<std::string>& columns, Series& series) {
  if (header.first_time_ns >= range.start_ns && header.last_time_ns < range.end_ns) {
    return AppendWhole(bytes, header, columns, series);
  }
  // Only some rows are wanted: the series is not to take room for all.
  Series all;
  BF_RETURN_IF_ERROR(AppendWhole(bytes, header, columns, all));
  Series part = all.Slice(range);
  series.repeats |= header.repeats;
  if (part.empty()) {
    for (size_t i = 0; i < part.columns.size(); ++i) {
      Obtain(series, i, part.columns[i].name, part.columns[i].type(), series.size());
    }
    return absl::OkStatus();
  }
  const absl::Status appended = AppendRows(std::move(part), series);
  return appended.ok() ? appended : CorruptChunk(base::Message(appended));
}

// Where at most `rows` rows from `begin` on end, without dividing an instant unless it is of the first row.
size_t EndOf(std::span<const int64_t> times, size_t begin, size_t rows) {
  if (times.size() - begin <= rows) return times.size();
  size_t end = begin + rows;
  const int64_t divided = times[end];
  while (end > begin && times[end - 1] == divided) --end;
  if (end > begin) return end;
  const auto behind = std::upper_bound(times.begin() + static_cast<ptrdiff_t>(begin), times.end(), divided);
  return static_cast<size_t>(behind - times.begin());
}

absl::Status EncodeBlock(const Series& series, size_t begin, size_t end, bool continues, ByteWriter& out) {
  const std::span<const int64_t> times = std::span(series.times).subspan(begin, end - begin);
  bool repeated = false;
  if (!Ascend(times, series.repeats, repeated)) {
    return Refused(series.repeats ? "times descend" : "times are not strictly ascending");
  }
  const size_t at = out.bytes().size();
  out.Raw(kMagic);
  out.Put(uint64_t{0});
  out.Put(static_cast<uint32_t>(end - begin));
  out.Put(static_cast<uint16_t>(series.columns.size()));
  out.Put(static_cast<uint16_t>((repeated ? kRepeats : 0) | (continues ? kContinues : 0)));
  out.Put(times.front());
  out.Put(times.back());
  const size_t place = out.OpenLength();
  PutIntegers(times, out);
  out.CloseLength(place);
  for (const Column& column : series.columns) BF_RETURN_IF_ERROR(PutColumn(column, begin, end, out));
  const uint64_t checksum = Xxh64(std::string_view(out.bytes()).substr(at + kChecksumEnd));
  std::memcpy(out.bytes().data() + at + kMagic.size(), &checksum, sizeof(checksum));
  return absl::OkStatus();
}

// Calls `fn` with each block and its header.
template <typename Fn>
absl::Status ForEachBlock(std::string_view bytes, const Fn& fn) {
  size_t rows = 0;
  do {
    BF_ASSIGN_OR_RETURN(const size_t size, BlockBytes(bytes));
    const std::string_view block = bytes.substr(0, size);
    BF_ASSIGN_OR_RETURN(const Header header, ReadHeader(block));
    rows += header.rows;
    bytes.remove_prefix(size);
    if (rows > kMaxChunkRows) return CorruptChunk(fmt::format("{} rows", rows));
    if (!header.continues && !bytes.empty()) return CorruptChunk("bytes after the last block");
    BF_RETURN_IF_ERROR(fn(block, header));
  } while (!bytes.empty());
  return absl::OkStatus();
}

}  // namespace

size_t ChunkEnd(const std::vector<int64_t>& times, size_t begin) { return EndOf(times, begin, kRowsPerChunk); }

absl::StatusOr<std::string> EncodeChunk(const Series& series, size_t begin, size_t end) {
  if (begin >= end || end > series.size() || end - begin > kMaxChunkRows) {
    return Refused(
        fmt::format("a chunk holds 1 to {} rows, asked for [{}, {}) of {}", kMaxChunkRows, begin, end, series.size()));
  }
  if (series.columns.size() > kMaxChunkColumns) return Refused("too many columns");
  for (const Column& column : series.columns) {
    if (column.size() != series.size() || (!column.valid.empty() && column.valid.size() != series.size())) {
      return Refused(fmt::format("column {} has another length than the times", column.name));
    }
  }
  const std::span<const int64_t> times = std::span(series.times).first(end);
  bool repeated = false;
  if (!Ascend(times.subspan(begin), series.repeats, repeated)) {
    return Refused(series.repeats ? "times descend" : "times are not strictly ascending");
  }
  ByteWriter out;
  for (size_t block = begin; block < end;) {
    const size_t next = EndOf(times, block, kRowsPerBlock);
    BF_RETURN_IF_ERROR(EncodeBlock(series, block, next, next < end, out));
    block = next;
  }
  return std::move(out.bytes());
}

absl::StatusOr<std::string> EncodeChunk(const Series& series) { return EncodeChunk(series, 0, series.size()); }

absl::StatusOr<ChunkInfo> InspectChunk(std::string_view bytes) {
  ChunkInfo info;
  bool whole = false;
  BF_RETURN_IF_ERROR(ForEachBlock(bytes, [&](std::string_view block, const Header& header) -> absl::Status {
    if (info.rows == 0) info.first_time_ns = header.first_time_ns;
    info.rows += header.rows;
    info.last_time_ns = header.last_time_ns;
    whole = !header.continues;
    ByteReader in(block.substr(kHeaderBytes));
    in.Raw(in.Get<uint32_t>());
    for (size_t i = 0; i < header.columns; ++i) {
      ColumnEntry entry;
      if (!ReadEntry(in, entry)) return CorruptChunk("column directory");
      if (std::find(info.columns.begin(), info.columns.end(), entry.name) == info.columns.end()) {
        info.columns.emplace_back(entry.name);
      }
    }
    return absl::OkStatus();
  }));
  if (!whole) return CorruptChunk("its last blocks are missing");
  return info;
}

absl::StatusOr<std::vector<BlockEnd>> ChunkBlocks(std::string_view bytes) {
  std::vector<BlockEnd> ends;
  for (size_t at = 0; at < bytes.size();) {
    BF_ASSIGN_OR_RETURN(const size_t size, BlockBytes(bytes.substr(at)));
    ByteReader last(bytes.substr(at + kHeaderBytes - sizeof(int64_t)));
    at += size;
    ends.push_back({last.Get<int64_t>(), at});
  }
  return ends;
}

absl::StatusOr<Series> DecodeChunk(std::string_view bytes, const std::vector<std::string>& columns) {
  Series series;
  BF_RETURN_IF_ERROR(AppendChunk(bytes, {}, columns, series));
  return series;
}

absl::Status AppendChunk(std::string_view bytes, quant::TimeRange range, const std::vector<std::string>& columns,
                         Series& series) {
  size_t wanted = 0;
  bool whole = false;
  std::vector<std::pair<std::string_view, Header>> blocks;
  BF_RETURN_IF_ERROR(ForEachBlock(bytes, [&](std::string_view block, const Header& header) {
    whole = !header.continues || header.last_time_ns >= range.end_ns;
    if (header.last_time_ns < range.start_ns || header.first_time_ns >= range.end_ns) return absl::OkStatus();
    if (header.first_time_ns >= range.start_ns && header.last_time_ns < range.end_ns) wanted += header.rows;
    blocks.emplace_back(block, header);
    return absl::OkStatus();
  }));
  if (!whole) return CorruptChunk("its last blocks are missing");
  if (blocks.size() > 1 && series.size() + wanted > series.times.capacity()) {
    ReserveTimes(series.times, std::max(series.size() + wanted, 2 * series.times.capacity()));
  }
  for (const auto& [block, header] : blocks) BF_RETURN_IF_ERROR(AppendPart(block, header, range, columns, series));
  return absl::OkStatus();
}

}  // namespace breadthflow::columnar
