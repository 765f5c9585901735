#include "services/data/domain/join_notices.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "services/data/domain/publication.h"

namespace breadthflow::data {

using quant::Series;

std::string NoticeOfTimes(const Series& joined, const JoinSpec& join) {
  const quant::Column* column = joined.Find(kPublicationEstimated);
  const std::span<const int64_t> marks = joined.Ints(kPublicationEstimated);
  size_t estimated = 0;
  for (size_t row = 0; row < marks.size(); ++row) estimated += column->present(row) && marks[row] == 1 ? 1 : 0;
  if (estimated == 0) return "";
  return fmt::format("when {} of {} rows of {} of {} were published is estimated: {}.{} is 1 for them", estimated,
                     joined.size(), joined.key.resource, joined.key.symbol, NameOf(join), kPublicationEstimated);
}

std::string NoticeOfTies(const Series& joined, const JoinSpec& join, const Resource& resource) {
  if (resource.identity.empty() || !join.replace_by.empty()) return "";
  std::vector<const quant::Column*> columns;
  for (const std::string& name : join.fields) {
    if (const quant::Column* column = joined.Find(name); column != nullptr) columns.push_back(column);
  }
  const quant::Column* period = OfOnePeriod(join) ? joined.Find("period") : nullptr;
  const auto* periods = period == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&period->values);
  const auto counts = [&](size_t row) {
    return periods == nullptr || (*periods)[row] == join.period || (*periods)[row] == "instant";
  };
  const auto differ = [&](size_t a, size_t b) {
    return std::any_of(columns.begin(), columns.end(), [&](const quant::Column* column) {
      if (column->present(a) != column->present(b)) return true;
      return column->present(a) &&
             std::visit([&](const auto& values) { return values[a] != values[b]; }, column->values);
    });
  };
  size_t instants = 0;
  std::optional<size_t> before;  // the last row that counts
  bool tied = false;             // its instant was counted
  for (size_t row = 0; row < joined.size(); ++row) {
    if (!counts(row)) continue;
    const bool same = before && joined.times[*before] == joined.times[row];
    if (!same) tied = false;
    if (same && !tied && differ(*before, row)) {
      ++instants;
      tied = true;
    }
    before = row;
  }
  if (instants == 0) return "";
  return fmt::format(
      "at {} instant{} several rows of {} of {} became known at once and differ in what is joined: the "
      "last of each counts{}",
      instants, instants == 1 ? "" : "s", joined.key.resource, joined.key.symbol,
      period == nullptr ? "" : ", or the one of the latest period by replace_by period_end");
}

}  // namespace breadthflow::data
