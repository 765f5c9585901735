#include "common/columnar/chunk_block.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/checksum.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/column_codec.h"
#include "common/columnar/series_rows.h"

// After the header (see chunk_codec.h): 4 bytes of length and `times` as integers, then the columns (column_codec.h).
namespace breadthflow::columnar {
namespace {

using quant::Column;
using quant::Series;

constexpr std::string_view kMagic = "BFCHUNK2";
constexpr std::string_view kFirstMagic = "BFCHUNK1";  // no stream of it is packed
constexpr size_t kChecksumEnd = 16;
constexpr size_t kColumnsAt = 20;
constexpr uint16_t kRepeats = 1;  // flags
constexpr uint16_t kContinues = 2;

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

absl::Status RefusedSeries(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_SERIES", what);
}

absl::Status CheckTimes(std::span<const int64_t> times, bool repeats, bool& repeated) {
  if (Ascend(times, repeats, repeated)) return absl::OkStatus();
  return RefusedSeries(repeats ? "times descend" : "times are not strictly ascending");
}

absl::StatusOr<size_t> BlockBytes(std::string_view bytes) {
  if (bytes.size() < kBlockHeaderBytes)
    return CorruptChunk(fmt::format("{} bytes are less than a header", bytes.size()));
  ByteReader header(bytes.substr(kColumnsAt));
  const auto columns = header.Get<uint16_t>();
  ByteReader in(bytes.substr(kBlockHeaderBytes));
  in.Raw(in.Get<uint32_t>());
  ColumnEntry entry;
  bool fits = in.ok();
  for (size_t i = 0; i < columns && fits; ++i) fits = ReadEntry(in, entry);
  if (!fits || !in.ok()) return CorruptChunk("column directory");
  return bytes.size() - in.remaining();
}

absl::StatusOr<BlockHeader> ReadBlockHeader(std::string_view bytes) {
  ByteReader in(bytes);
  const std::string_view magic = in.Raw(kMagic.size());
  if (magic != kMagic && magic != kFirstMagic) return CorruptChunk("wrong magic");
  if (in.Get<uint64_t>() != Xxh64(bytes.substr(kChecksumEnd))) return CorruptChunk("checksum differs");
  BlockHeader header;
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

absl::Status AppendBlock(std::string_view bytes, const BlockHeader& header, const std::vector<std::string>& columns,
                         Series& series) {
  const size_t at = series.size();
  const size_t end = at + header.rows;
  ByteReader in(bytes.substr(kBlockHeaderBytes));
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

absl::Status EncodeBlock(const Series& series, size_t begin, size_t end, bool continues, ByteWriter& out) {
  const std::span<const int64_t> times = std::span(series.times).subspan(begin, end - begin);
  bool repeated = false;
  BF_RETURN_IF_ERROR(CheckTimes(times, series.repeats, repeated));
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

}  // namespace breadthflow::columnar
