#include "common/columnar/row_match.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::columnar {

using quant::Column;
using quant::Series;

namespace {

bool SameValue(const Column* a, size_t row_a, const Column* b, size_t row_b) {
  const bool has_a = a != nullptr && a->present(row_a);
  const bool has_b = b != nullptr && b->present(row_b);
  if (has_a != has_b) return false;
  if (!has_a) return true;
  return std::visit(
      [&](const auto& values) {
        const auto& others = std::get<std::decay_t<decltype(values)>>(b->values);
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<Value, double>)
          return std::bit_cast<uint64_t>(values[row_a]) == std::bit_cast<uint64_t>(others[row_b]);
        else
          return values[row_a] == others[row_b];
      },
      a->values);
}

// Values as bytes that differ whenever SameValue tells them apart.
template <typename T>
void HashValues(const std::vector<T>& values, size_t begin, size_t end, base::Sha256& hash) {
  if constexpr (std::is_same_v<T, std::string>) {
    for (size_t row = begin; row < end; ++row) hash.Text(values[row]);
  } else {
    hash.Bytes(values.data() + begin, (end - begin) * sizeof(T));
  }
}

void HashColumn(const Column& column, size_t begin, size_t end, base::Sha256& hash) {
  const auto first = column.valid.begin() + static_cast<ptrdiff_t>(begin);
  const auto last = column.valid.begin() + static_cast<ptrdiff_t>(end);
  const bool dense = column.valid.empty() || std::find(first, last, false) == last;
  // A column without values is as good as no column.
  if (!dense && std::find(first, last, true) == last) return;
  hash.Text(column.name).Int(static_cast<int64_t>(column.type())).Int(dense ? 1 : 0);
  std::visit(
      [&](const auto& values) {
        if (dense) return HashValues(values, begin, end, hash);
        std::remove_cvref_t<decltype(values)> present;
        std::string flags(end - begin, '\0');
        for (size_t row = begin; row < end; ++row) {
          if (!column.valid[row]) continue;
          flags[row - begin] = 1;
          present.push_back(values[row]);
        }
        hash.Text(flags);
        HashValues(present, 0, present.size(), hash);
      },
      column.values);
}

}  // namespace

absl::StatusOr<std::vector<ColumnPair>> PairColumns(const Series& stored, const Series& fresh) {
  std::vector<ColumnPair> pairs;
  for (const Column& column : stored.columns) pairs.push_back({&column, fresh.Find(column.name)});
  for (const Column& column : fresh.columns) {
    if (stored.Find(column.name) == nullptr) pairs.push_back({nullptr, &column});
  }
  for (const ColumnPair& pair : pairs) {
    if (pair.stored != nullptr && pair.fresh != nullptr && pair.stored->type() != pair.fresh->type()) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "COLUMN_TYPE_CHANGED",
                             fmt::format("column {} is stored with another type", pair.stored->name));
    }
  }
  return pairs;
}

bool SameRow(const std::vector<ColumnPair>& pairs, size_t stored_row, size_t fresh_row) {
  return std::all_of(pairs.begin(), pairs.end(),
                     [&](const ColumnPair& pair) { return SameValue(pair.stored, stored_row, pair.fresh, fresh_row); });
}

bool SameRows(const std::vector<ColumnPair>& pairs, size_t rows, size_t fresh_begin) {
  for (const ColumnPair& pair : pairs) {
    if (pair.stored != nullptr && pair.fresh != nullptr && pair.stored->valid.empty() && pair.fresh->valid.empty()) {
      const auto* stored = std::get_if<std::vector<double>>(&pair.stored->values);
      if (stored != nullptr) {
        const auto& fresh = std::get<std::vector<double>>(pair.fresh->values);
        if (std::memcmp(stored->data(), fresh.data() + fresh_begin, rows * sizeof(double)) != 0) return false;
        continue;
      }
    }
    for (size_t row = 0; row < rows; ++row) {
      if (!SameValue(pair.stored, row, pair.fresh, fresh_begin + row)) return false;
    }
  }
  return true;
}

Column PickColumn(const ColumnPair& pair, const std::vector<PickedRow>& picked) {
  const Column& model = pair.stored != nullptr ? *pair.stored : *pair.fresh;
  Column out{model.name, {}, {}};
  std::vector<bool> valid(picked.size(), true);
  bool all = true;
  std::visit(
      [&](const auto& typed) {
        using Values = std::decay_t<decltype(typed)>;
        Values values(picked.size());
        for (size_t i = 0; i < picked.size(); ++i) {
          const Column* side = picked[i].from_fresh ? pair.fresh : pair.stored;
          if (side != nullptr && side->present(picked[i].row)) {
            values[i] = std::get<Values>(side->values)[picked[i].row];
          } else {
            valid[i] = all = false;
          }
        }
        out.values = std::move(values);
      },
      model.values);
  if (!all) out.valid = std::move(valid);
  return out;
}

base::Sha256Digest RowsDigest(const Series& series, size_t begin, size_t end) {
  std::vector<const Column*> columns;
  for (const Column& column : series.columns) columns.push_back(&column);
  std::sort(columns.begin(), columns.end(), [](const Column* a, const Column* b) { return a->name < b->name; });
  base::Sha256 hash;
  hash.Int(static_cast<int64_t>(end - begin));
  HashValues(series.times, begin, end, hash);
  for (const Column* column : columns) HashColumn(*column, begin, end, hash);
  return hash.Finish();
}

}  // namespace breadthflow::columnar
