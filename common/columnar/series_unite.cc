#include "common/columnar/series_unite.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"

#include "common/base/status.h"
#include "common/columnar/row_match.h"
#include "common/columnar/series_rows.h"

namespace breadthflow::columnar {
namespace {

using quant::Column;
using quant::Series;

constexpr size_t kNone = SIZE_MAX;

// A row of the instant: of the stored rows, of the new ones, or of both.
struct UnitedRow {
  size_t stored = kNone;
  size_t fresh = kNone;
};

bool Present(const Column* column, size_t row) { return column != nullptr && row != kNone && column->present(row); }

void AppendValue(const Column* column, size_t row, std::string& out) {
  if (!Present(column, row)) {
    out.push_back('-');
    return;
  }
  out.push_back('+');
  std::visit(
      [&](const auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<Value, std::string>) {
          const size_t size = values[row].size();
          out.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(values[row]);
        } else {
          out.append(reinterpret_cast<const char*>(&values[row]), sizeof(Value));
        }
      },
      column->values);
}

class PartUnion {
 public:
  PartUnion(const Series& stored, const Series& fresh, std::vector<ColumnPair> pairs,
            const std::vector<std::string>& identity)
      : stored_(stored), fresh_(fresh), pairs_(std::move(pairs)) {
    for (const ColumnPair& pair : pairs_) {
      const std::string& name = (pair.stored != nullptr ? pair.stored : pair.fresh)->name;
      if (identity.empty() || std::find(identity.begin(), identity.end(), name) != identity.end()) key_.push_back(pair);
    }
  }

  // New rows [begin, end), which hold no part of an instant; true when they are not what the part will have.
  bool Take(size_t begin, size_t end) {
    size_t stored = 0;
    while (begin < end) {
      const size_t fresh_end = InstantEnd(fresh_.times, begin);
      while (stored < stored_.size() && stored_.times[stored] < fresh_.times[begin]) ++stored;
      if (stored < stored_.size() && stored_.times[stored] == fresh_.times[begin]) {
        const size_t stored_end = InstantEnd(stored_.times, stored);
        TakeInstant(stored, stored_end, begin, fresh_end);
        stored = stored_end;
      } else {
        for (size_t row = begin; row < fresh_end; ++row) rows_.push_back({kNone, row});
      }
      begin = fresh_end;
    }
    return changed_;
  }

  Series Rows() const {
    Series out{.repeats = fresh_.repeats};
    for (const UnitedRow& row : rows_) {
      out.times.push_back(row.fresh != kNone ? fresh_.times[row.fresh] : stored_.times[row.stored]);
    }
    std::vector<PickedRow> picked(rows_.size());
    for (const ColumnPair& pair : pairs_) {
      for (size_t i = 0; i < rows_.size(); ++i) {
        const bool from_fresh = rows_[i].stored == kNone || Present(pair.fresh, rows_[i].fresh);
        picked[i] = {from_fresh, from_fresh ? rows_[i].fresh : rows_[i].stored};
      }
      out.columns.push_back(PickColumn(pair, picked));
    }
    return out;
  }

 private:
  std::string Key(bool of_fresh, size_t row) const {
    std::string key;
    for (const ColumnPair& pair : key_) AppendValue(of_fresh ? pair.fresh : pair.stored, row, key);
    return key;
  }

  void TakeInstant(size_t stored, size_t stored_end, size_t fresh, size_t fresh_end) {
    if (!fresh_.repeats) return Join({stored, fresh});
    std::map<std::string, std::vector<size_t>> by_key;  // new rows, the first at the back
    for (size_t row = fresh_end; row-- > fresh;) by_key[Key(true, row)].push_back(row);
    std::vector<bool> used(fresh_end - fresh, false);
    size_t next = fresh;
    for (; stored < stored_end; ++stored) {
      const auto found = by_key.find(Key(false, stored));
      if (found == by_key.end() || found->second.empty()) {
        rows_.push_back({stored, kNone});
        changed_ = true;
        continue;
      }
      const size_t row = found->second.back();
      found->second.pop_back();
      used[row - fresh] = true;
      changed_ = changed_ || row != next++;
      Join({stored, row});
    }
    for (size_t row = fresh; row < fresh_end; ++row) {
      if (!used[row - fresh]) rows_.push_back({kNone, row});
    }
  }

  void Join(UnitedRow row) {
    changed_ = changed_ || std::any_of(pairs_.begin(), pairs_.end(), [&](const ColumnPair& pair) {
                 return Present(pair.stored, row.stored) && !Present(pair.fresh, row.fresh);
               });
    rows_.push_back(row);
  }

  const Series& stored_;
  const Series& fresh_;
  const std::vector<ColumnPair> pairs_;
  std::vector<ColumnPair> key_;
  std::vector<UnitedRow> rows_;
  bool changed_ = false;
};

}  // namespace

absl::StatusOr<std::optional<Series>> UniteSeries(
    const std::vector<StoredPart>& parts, const Series& fresh, const std::vector<std::string>& identity,
    const std::function<absl::StatusOr<Series>(const StoredPart&)>& load) {
  std::optional<Series> united;
  size_t taken = 0;  // new rows that `united` has
  for (const StoredPart& part : parts) {
    const auto first = std::lower_bound(fresh.times.begin(), fresh.times.end(), part.first_time_ns);
    const auto last = std::upper_bound(first, fresh.times.end(), part.last_time_ns);
    const auto begin = static_cast<size_t>(first - fresh.times.begin());
    const auto end = static_cast<size_t>(last - fresh.times.begin());
    if (begin == end) continue;
    if (part.digest && static_cast<int64_t>(end - begin) == part.rows && RowsDigest(fresh, begin, end) == *part.digest)
      continue;
    BF_ASSIGN_OR_RETURN(const Series stored, load(part));
    BF_ASSIGN_OR_RETURN(std::vector<ColumnPair> pairs, PairColumns(stored, fresh));
    PartUnion rows(stored, fresh, std::move(pairs), identity);
    if (!rows.Take(begin, end)) continue;
    if (!united) united = Series{.key = fresh.key, .basis = fresh.basis, .repeats = fresh.repeats};
    BF_RETURN_IF_ERROR(AppendRows(fresh.Rows(taken, begin), *united));
    BF_RETURN_IF_ERROR(AppendRows(rows.Rows(), *united));
    taken = end;
  }
  if (united) BF_RETURN_IF_ERROR(AppendRows(fresh.Rows(taken, fresh.size()), *united));
  return united;
}

}  // namespace breadthflow::columnar
