#include "services/data/app/market_of_zone.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/read_query.h"

namespace breadthflow::data {
namespace {

// Times of the rows of `series` that tell its calendar.
void AddTelling(const quant::Series& series, std::vector<int64_t>& times) {
  for (const quant::TimeRange& range : RowsThatTell(series.key.timeframe, series.times.front(), series.times.back())) {
    const auto first = std::lower_bound(series.times.begin(), series.times.end(), range.start_ns);
    times.insert(times.end(), first, std::lower_bound(first, series.times.end(), range.end_ns));
  }
}

// The same of what is stored under `key`.
absl::Status AddStored(SeriesStore& store, const Resource& resource, const quant::SeriesKey& key, absl::Time deadline,
                       std::vector<int64_t>& times) {
  columnar::ReadOptions options{.deadline = deadline};
  const absl::StatusOr<columnar::SeriesHead> head = store.chunks().Head(key, options);
  if (absl::IsNotFound(head.status())) return absl::OkStatus();
  BF_RETURN_IF_ERROR(head.status());
  if (head->rows == 0) return absl::OkStatus();
  // Only times are looked at.
  const auto column =
      std::find_if(resource.fields.begin(), resource.fields.end(), [](const Field& field) { return field.required; });
  if (column != resource.fields.end()) options.columns = {column->name};
  for (const quant::TimeRange& range : RowsThatTell(key.timeframe, head->first_time_ns, head->last_time_ns)) {
    options.range = range;
    BF_ASSIGN_OR_RETURN(const quant::Series rows, store.chunks().Read(key, options));
    times.insert(times.end(), rows.times.begin(), rows.times.end());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<SeriesMarket>> MarketOfZone(SeriesStore& store, const Resource& resource,
                                                         const quant::Series& series,
                                                         const component::RawParams& params, absl::Time deadline) {
  std::optional<SeriesMarket> dates = ZoneIn(params);
  const bool has_days = resource.bars || HasTrades(resource) || HasLevels(resource);
  if (!dates || !has_days || series.empty()) return std::optional<SeriesMarket>();
  std::vector<int64_t> times;
  BF_RETURN_IF_ERROR(AddStored(store, resource, series.key, deadline, times));
  AddTelling(series, times);
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  if (CalendarOf(series.key, times).says_hours()) dates.reset();
  return dates;
}

}  // namespace breadthflow::data
