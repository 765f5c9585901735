#include "common/columnar/chunk_codec.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_block.h"
#include "common/columnar/column_codec.h"
#include "common/columnar/series_rows.h"
#include "common/columnar/stream.h"

namespace breadthflow::columnar {
namespace {

using quant::Column;
using quant::Series;

// Those rows of a block whose time is in `range`.
absl::Status AppendPart(std::string_view bytes, const BlockHeader& header, quant::TimeRange range,
                        const std::vector<std::string>& columns, Series& series) {
  if (header.first_time_ns >= range.start_ns && header.last_time_ns < range.end_ns) {
    return AppendBlock(bytes, header, columns, series);
  }
  // Only some rows are wanted: the series is not to take room for all.
  Series all;
  BF_RETURN_IF_ERROR(AppendBlock(bytes, header, columns, all));
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

// Calls `fn` with each block and its header.
template <typename Fn>
absl::Status ForEachBlock(std::string_view bytes, const Fn& fn) {
  size_t rows = 0;
  do {
    BF_ASSIGN_OR_RETURN(const size_t size, BlockBytes(bytes));
    const std::string_view block = bytes.substr(0, size);
    BF_ASSIGN_OR_RETURN(const BlockHeader header, ReadBlockHeader(block));
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
    return RefusedSeries(
        fmt::format("a chunk holds 1 to {} rows, asked for [{}, {}) of {}", kMaxChunkRows, begin, end, series.size()));
  }
  if (series.columns.size() > kMaxChunkColumns) return RefusedSeries("too many columns");
  for (const Column& column : series.columns) {
    if (column.size() != series.size() || (!column.valid.empty() && column.valid.size() != series.size())) {
      return RefusedSeries(fmt::format("column {} has another length than the times", column.name));
    }
  }
  const std::span<const int64_t> times = std::span(series.times).first(end);
  bool repeated = false;
  BF_RETURN_IF_ERROR(CheckTimes(times.subspan(begin), series.repeats, repeated));
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
  BF_RETURN_IF_ERROR(ForEachBlock(bytes, [&](std::string_view block, const BlockHeader& header) -> absl::Status {
    if (info.rows == 0) info.first_time_ns = header.first_time_ns;
    info.rows += header.rows;
    info.last_time_ns = header.last_time_ns;
    whole = !header.continues;
    ByteReader in(block.substr(kBlockHeaderBytes));
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
    ByteReader last(bytes.substr(at + kBlockHeaderBytes - sizeof(int64_t)));
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
  std::vector<std::pair<std::string_view, BlockHeader>> blocks;
  BF_RETURN_IF_ERROR(ForEachBlock(bytes, [&](std::string_view block, const BlockHeader& header) {
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
