#include "services/data/domain/adjustment_events.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

using quant::PriceBasis;
using quant::Series;

struct Event {
  absl::CivilDay ex_date;
  size_t row = 0;  // the first row that it holds for; the number of rows: after the last
  double value = 0;
};

std::string TextAt(const quant::Column* column, size_t row) {
  const auto* texts = column == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&column->values);
  return texts == nullptr || !column->present(row) ? std::string() : (*texts)[row];
}

// Events ascending by ex-date, the revised ones left out.
absl::StatusOr<std::vector<Event>> ReadEvents(const Series& bars, const Series& events, std::string_view value_name,
                                              bool zero_allowed, const quant::Calendar& calendar) {
  if (events.empty()) return std::vector<Event>();
  base::Violations violations;
  const std::string what = fmt::format("{} of {} are no events", events.key.resource, events.key.symbol);
  const std::span<const double> values = events.Doubles(value_name);
  const quant::Column* dates = events.Find("ex_date");
  if (values.size() != events.size()) violations.Add(value_name, "must be a column of doubles, one a row");
  if (dates == nullptr || dates->type() != quant::ColumnType::kText || dates->size() != events.size())
    violations.Add("ex_date", "must be a column of text, one a row");
  BF_RETURN_IF_ERROR(violations.ToStatus(what, "INVALID_EVENTS"));
  struct Sum {
    int64_t published = 0;
    double value = 0;
  };
  std::map<std::pair<absl::CivilDay, std::string>, Sum> sums;
  for (size_t row = 0; row < events.size(); ++row) {
    const std::string label = fmt::format("{}[{}]", events.key.resource, row);
    const std::string text = TextAt(dates, row);
    absl::CivilDay day;
    if (!absl::ParseCivilTime(text, &day)) {
      violations.Add(label, fmt::format("ex_date must be YYYY-MM-DD, was '{}'", text));
      continue;
    }
    const double value = values[row];
    if (!events.Find(value_name)->present(row) || !std::isfinite(value) || value < 0 || (value == 0 && !zero_allowed)) {
      violations.Add(label, fmt::format("{} of {} can not be {}", value_name, text, value));
      continue;
    }
    const auto [sum, added] =
        sums.try_emplace({day, TextAt(events.Find("kind"), row)}, Sum{events.times[row], zero_allowed ? 0.0 : 1.0});
    if (!added && events.times[row] < sum->second.published) continue;
    if (!added && events.times[row] > sum->second.published)
      sum->second = {events.times[row], zero_allowed ? 0.0 : 1.0};
    // Two splits of one day multiply, two dividends add up.
    sum->second.value = zero_allowed ? sum->second.value + value : sum->second.value * value;
  }
  BF_RETURN_IF_ERROR(violations.ToStatus(what, "INVALID_EVENTS"));
  std::vector<Event> read;
  for (const auto& [key, sum] : sums) {
    const auto row = std::upper_bound(bars.times.begin(), bars.times.end(), calendar.DayStart(key.first));
    read.push_back({key.first, static_cast<size_t>(row - bars.times.begin()), sum.value});
  }
  return read;
}

// The splits of `actions`, which are not null, that count beside those of the column.
absl::StatusOr<std::vector<Event>> SplitsOf(const Series& bars, const CorporateActions& actions) {
  BF_ASSIGN_OR_RETURN(std::vector<Event> splits, ReadEvents(bars, *actions.splits, "ratio", false, *actions.calendar));
  if (actions.splits_after_rows) std::erase_if(splits, [&](const Event& one) { return one.row < bars.size(); });
  return splits;
}

std::optional<std::vector<double>> FromColumn(const Series& bars, std::string_view name, double after_last) {
  if (!IsComplete(bars, name)) return std::nullopt;
  const std::span<const double> column = bars.Doubles(name);
  std::vector<double> values(column.begin(), column.end());
  values.push_back(after_last);
  return values;
}

// Whether the last row is the last one before the event.
bool FollowsLastRow(const Series& bars, const Event& event, const quant::Calendar& calendar) {
  const quant::Session* before = calendar.LastClosingBy(calendar.DayStart(event.ex_date));
  return before == nullptr || before->close_ns <= bars.times.back();
}

absl::StatusOr<std::vector<double>> DividendsByRow(const Series& bars, const std::vector<Event>& dividends,
                                                   const std::vector<Event>& splits, const RowEvents& known,
                                                   const quant::Calendar& calendar, bool later_dividends) {
  std::vector<double> by_row(bars.size() + 1, 0.0);
  for (const Event& dividend : dividends) {
    if (dividend.row == bars.size()) {
      if (!later_dividends) continue;
      if (!FollowsLastRow(bars, dividend, calendar)) {
        return RefuseAdjustment("NO_PREVIOUS_CLOSE", bars,
                                fmt::format("the close before the dividend of {} is not among the rows",
                                            std::string(absl::FormatCivilTime(dividend.ex_date))));
      }
    }
    double amount = dividend.value;
    for (const Event& split : splits)
      if (split.row == dividend.row && split.ex_date > dividend.ex_date) amount /= split.value;
    if (bars.basis == PriceBasis::kSplitAdjusted) {
      for (size_t row = dividend.row + 1; row < known.splits->size(); ++row) amount /= (*known.splits)[row];
    }
    by_row[dividend.row] += amount;
  }
  return by_row;
}

}  // namespace

bool IsComplete(const Series& series, std::string_view name) {
  const quant::Column* column = series.Find(name);
  return column != nullptr && column->type() == quant::ColumnType::kDouble &&
         std::find(column->valid.begin(), column->valid.end(), false) == column->valid.end();
}

absl::Status RefuseAdjustment(std::string_view reason, const Series& series, std::string_view why) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, reason,
                         fmt::format("prices of {} can not be adjusted: {}", series.key.symbol, why));
}

absl::StatusOr<std::vector<DatedSplit>> DatedSplits(const Series& splits) {
  BF_ASSIGN_OR_RETURN(const std::vector<Event> events, ReadEvents({}, splits, "ratio", false, quant::Xnys()));
  std::vector<DatedSplit> dated;
  dated.reserve(events.size());
  for (const Event& event : events) dated.push_back({event.ex_date, event.value});
  return dated;
}

absl::StatusOr<std::optional<std::vector<SplitEvent>>> SplitEvents(const Series& bars,
                                                                   const CorporateActions& actions) {
  std::vector<SplitEvent> splits;
  if (actions.splits != nullptr) {
    BF_ASSIGN_OR_RETURN(const std::vector<Event> events, SplitsOf(bars, actions));
    for (const Event& event : events) {
      splits.push_back({actions.calendar->DayStart(event.ex_date), event.row, event.value});
    }
    if (!actions.splits_after_rows) return splits;
  }
  if (!IsComplete(bars, "split_ratio")) return std::nullopt;
  const std::span<const double> ratios = bars.Doubles("split_ratio");
  std::vector<SplitEvent> own;
  for (size_t row = 0; row < ratios.size(); ++row) {
    if (!(ratios[row] > 0)) {
      return RefuseAdjustment("NO_ADJUSTMENT_DATA", bars, "column split_ratio has a value that is not above 0");
    }
    if (ratios[row] != 1) own.push_back({bars.times[row] - 1, row, ratios[row]});
  }
  splits.insert(splits.begin(), own.begin(), own.end());
  return splits;
}

absl::StatusOr<RowEvents> EventsByRow(const Series& bars, const CorporateActions& actions, bool later_dividends) {
  RowEvents events;
  std::vector<Event> splits;
  if (actions.splits == nullptr || actions.splits_after_rows) {
    events.splits = FromColumn(bars, "split_ratio", 1.0);
  } else {
    events.splits.emplace(bars.size() + 1, 1.0);
  }
  if (actions.splits != nullptr && events.splits) {
    BF_ASSIGN_OR_RETURN(splits, SplitsOf(bars, actions));
    for (const Event& split : splits) (*events.splits)[split.row] *= split.value;
  }
  if (actions.dividends == nullptr) {
    events.dividends = FromColumn(bars, "dividend", 0.0);
    return events;
  }
  if (!events.splits && !actions.dividends->empty()) {
    return RefuseAdjustment("NO_ADJUSTMENT_DATA", bars, "dividends are known as they were paid, but no splits");
  }
  BF_ASSIGN_OR_RETURN(const std::vector<Event> dividends,
                      ReadEvents(bars, *actions.dividends, "amount", true, *actions.calendar));
  BF_ASSIGN_OR_RETURN(events.dividends,
                      DividendsByRow(bars, dividends, splits, events, *actions.calendar, later_dividends));
  return events;
}

std::vector<double> DeclaredSplits(const Series& bars, const Series* splits, const quant::Calendar& calendar) {
  if (splits == nullptr || bars.basis != PriceBasis::kRaw) return {};
  const absl::StatusOr<RowEvents> events = EventsByRow(bars, {.splits = splits, .calendar = &calendar}, false);
  return events.ok() && events->splits ? *events->splits : std::vector<double>();
}

}  // namespace breadthflow::data
