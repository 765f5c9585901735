#include "common/columnar/column_codec.h"

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::columnar {

using quant::Column;
using quant::ColumnType;

namespace {

absl::Status Refused(std::string_view what) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_SERIES", what);
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

}  // namespace

absl::Status CorruptChunk(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK", fmt::format("corrupt chunk: {}", what));
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

absl::Status GetColumn(const ColumnEntry& entry, size_t at, size_t rows, Column& column) {
  ByteReader in(entry.body);
  std::string scratch;
  std::string_view presence;
  if (entry.has_missing) {
    presence = GetBlock(in, (rows + 7) / 8, scratch);
    if (presence.size() != (rows + 7) / 8) return CorruptChunk(fmt::format("presence of column {}", entry.name));
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
  if (!fits || in.remaining() != 0) return CorruptChunk(fmt::format("values of column {}", entry.name));
  if (entry.has_missing) column.valid.resize(at, true);
  if (!column.valid.empty() || entry.has_missing) column.valid.resize(at + rows, true);
  for (size_t row = 0; row < rows && entry.has_missing; ++row) {
    column.valid[at + row] = (presence[row / 8] >> (row % 8) & 1) != 0;
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::columnar
