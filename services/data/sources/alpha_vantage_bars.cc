#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/quant/calendar.h"
#include "common/quant/calendar_zones.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/series_market.h"
#include "services/data/sources/alpha_vantage.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "alpha_vantage";

std::vector<std::string_view> Cells(std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return base::Split(line, ",");
}

// "5. adjusted close" -> "adjusted_close".
std::string PlainName(std::string_view name) {
  const size_t dot = name.find(". ");
  if (dot != std::string_view::npos) name.remove_prefix(dot + 2);
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), ' ', '_');
  return plain;
}

constexpr std::string_view kOfCoin = "Digital_Currency_Code";

// A table of weeks or months, which no fetch asks for.
absl::Status OfLongBars(std::string_view series, const SourceQuery& query) {
  const bool weeks = series.find("Weekly") != std::string_view::npos;
  return UnexpectedBody(
      kName, fmt::format("bars of {} and not of {}; of those only a table (CSV) can be imported, "
                         "without --answers-of, with --timeframe {}",
                         weeks ? "1week" : "1month", quant::ToText(query.timeframe), weeks ? "1week" : "1month"));
}

// The size of the bars of a table, which does not say it: intraday ones have times, and the least distance between two
// stamps is their size. Nothing where these are as wanted, or do not tell.
absl::Status CheckStamps(const std::vector<Json>& records, const SourceQuery& query) {
  std::optional<absl::CivilSecond> before;
  int64_t seconds = 0;
  for (const Json& record : records) {
    const std::string stamp = TextMember(&record, "timestamp");
    absl::CivilSecond at;
    if (stamp.size() != 19) break;
    if (!absl::ParseCivilTime(fmt::format("{}T{}", stamp.substr(0, 10), stamp.substr(11)), &at)) break;
    const int64_t distance = before ? std::abs(at - *before) : 0;
    if (distance > 0 && (seconds == 0 || distance < seconds)) seconds = distance;
    before = at;
  }
  const bool days = quant::IntradayLength(query.timeframe) == absl::ZeroDuration();
  if (before && days) {
    const std::string size = seconds == 3600                    ? "1hour"
                             : seconds > 0 && seconds % 60 == 0 ? fmt::format("{}min", seconds / 60)
                                                                : "";
    return UnexpectedBody(kName, fmt::format("bars of {} and not of {}: say which they are (--timeframe {})",
                                             size.empty() ? "times of the day" : size, quant::ToText(query.timeframe),
                                             size.empty() ? "5min" : size));
  }
  if (!before && !days && !records.empty() && ParseDay(TextMember(&records[0], "timestamp"))) {
    return UnexpectedBody(kName, fmt::format("bars of 1day and not of {}", quant::ToText(query.timeframe)));
  }
  return absl::OkStatus();
}

// The rows of {"Meta Data": {...}, "Time Series (...)": {stamp: {"1. open": ...}}} as flat records. `of_coin` when the
// answer says so.
absl::StatusOr<std::vector<Json>> TimeSeries(const SourceQuery& query, std::string_view page, bool& of_coin) {
  if (!page.starts_with('{')) {
    BF_ASSIGN_OR_RETURN(std::vector<Json> records,
                        AlphaVantageRecords(page, "", {"timestamp", "open", "high", "low", "close", "volume"}));
    BF_RETURN_IF_ERROR(CheckStamps(records, query));
    return records;
  }
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
  const Json* meta = nullptr;
  const Json* series = nullptr;
  for (const auto& [name, member] : document.items()) {
    if (name == "Meta Data") meta = &member;
    if (name.starts_with("Time Series") && member.is_object()) series = &member;
    const bool is_long = name.find("Weekly") != std::string::npos || name.find("Monthly") != std::string::npos;
    if (is_long && name.find("Time Series") != std::string::npos) return OfLongBars(name, query);
  }
  if (meta == nullptr || !meta->is_object() || series == nullptr) return UnexpectedBody(kName, "no time series");
  const int64_t minutes = absl::ToInt64Minutes(quant::IntradayLength(query.timeframe));
  const auto says = [&](std::string_view what) {
    const auto items = meta->items();
    return std::find_if(items.begin(), items.end(), [&](const auto& item) { return PlainName(item.key()) == what; }) !=
           items.end();
  };
  const bool coin = says(kOfCoin);
  of_coin = of_coin || coin;
  for (const auto& [name, value] : meta->items()) {
    const std::string plain = PlainName(name);
    if (!value.is_string()) continue;
    const auto& text = value.get_ref<const std::string&>();
    const bool other = plain == kOfCoin && query.symbol.find(text) == std::string::npos;
    if (other || (plain == "Symbol" && text != query.symbol)) {
      return UnexpectedBody(kName, fmt::format("a time series of another symbol than {}", query.symbol));
    }
    if (plain == "Interval" && text != fmt::format("{}min", minutes)) {
      return UnexpectedBody(kName, fmt::format("bars of {} and not of {}", text, quant::ToText(query.timeframe)));
    }
    if (plain == "Time_Zone" && text != (coin ? "UTC" : "US/Eastern")) {
      return UnexpectedBody(kName,
                            "a time series of an exchange outside the United States, whose sessions are not known");
    }
  }
  std::vector<Json> records;
  for (const auto& [stamp, values] : series->items()) {
    if (!values.is_object()) return UnexpectedBody(kName, "a bar that is no object");
    Json record = {{"timestamp", stamp}};
    for (const auto& [name, value] : values.items()) record[PlainName(name)] = value;
    records.push_back(std::move(record));
  }
  return records;
}

// Ends a bar, or nothing when it was left out or complained about.
std::optional<int64_t> EndOf(const SourceQuery& query, const std::string& stamp, bool coin, RowBuilder& rows) {
  const quant::Calendar& calendar = coin ? quant::AlwaysOpen() : quant::Xnys();
  const absl::Duration length = quant::IntradayLength(query.timeframe);
  if (length == absl::ZeroDuration()) {
    const auto day = ParseDay(stamp);
    const quant::Session* session = day ? calendar.Find(*day) : nullptr;
    if (!day) {
      rows.Complain(stamp, "is no date YYYY-MM-DD");
    } else if (rows.InFuture(calendar.DayStart(*day), stamp)) {
      return std::nullopt;
    } else if (session == nullptr) {
      const bool weekend =
          absl::GetWeekday(*day) == absl::Weekday::saturday || absl::GetWeekday(*day) == absl::Weekday::sunday;
      rows.Complain(stamp,
                    fmt::format("is no session of {}{}", calendar.name(),
                                weekend ? "; coins, which trade on it, have symbols like BTC-USD (--symbol)" : ""));
    }
    return session == nullptr ? std::nullopt : std::optional(session->close_ns);
  }
  absl::CivilSecond local;
  std::string iso = stamp;
  if (iso.size() == 19 && iso[10] == ' ') iso[10] = 'T';
  if (iso == stamp || !absl::ParseCivilTime(iso, &local)) {
    rows.Complain(stamp, "is no time YYYY-MM-DD HH:MM:SS");
    return std::nullopt;
  }
  const int64_t start = coin ? quant::UtcInstant(local) : quant::NewYorkInstant(local);
  if (rows.InFuture(start, stamp)) return std::nullopt;
  if (coin) return start + absl::ToInt64Nanoseconds(length);
  const quant::Session* session = quant::Xnys().At(start);
  if (session == nullptr) {
    rows.LeaveOut("bar outside the sessions", stamp);
    return std::nullopt;
  }
  return std::min(start + absl::ToInt64Nanoseconds(length), session->close_ns);
}

}  // namespace

absl::StatusOr<std::vector<Json>> AlphaVantageRecords(std::string_view page, std::string_view list,
                                                      const std::vector<std::string_view>& columns) {
  std::vector<Json> records;
  if (page.starts_with('{')) {
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
    const Json* rows = Member(document, list);
    if (rows == nullptr || !rows->is_array()) return UnexpectedBody(kName, fmt::format("no list '{}'", list));
    for (const Json& row : *rows) {
      if (!row.is_object()) return UnexpectedBody(kName, fmt::format("'{}' holds something that is no object", list));
      records.push_back(row);
    }
    return records;
  }
  const std::vector<std::string_view> lines = base::Split(page, "\n");
  const std::vector<std::string_view> header = Cells(lines[0]);
  for (const std::string_view column : columns) {
    if (std::find(header.begin(), header.end(), column) == header.end()) {
      return MalformedBody(kName, "neither JSON nor the table that was asked for");
    }
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string_view> cells = Cells(lines[i]);
    if (cells.size() == 1 && cells[0].empty()) continue;
    // A line that ends too early is a body that was cut off.
    if (cells.size() != header.size())
      return MalformedBody(kName, fmt::format("line {} has {} cells of {}", i + 1, cells.size(), header.size()));
    Json record = Json::object();
    for (size_t cell = 0; cell < cells.size(); ++cell) record[std::string(header[cell])] = std::string(cells[cell]);
    records.push_back(std::move(record));
  }
  return records;
}

absl::StatusOr<SourceData> ParseAlphaVantageBars(const SourceQuery& query, const RawBody& body, bool compact) {
  RowBuilder rows(query, quant::PriceBasis::kRaw, body.received);
  int64_t first = INT64_MAX;
  bool of_coin = false;
  bool says_interval = true;
  for (const std::string_view page : Pages(body.bytes)) {
    says_interval = says_interval && page.starts_with('{') && page.find("Interval\"") != std::string_view::npos;
    BF_ASSIGN_OR_RETURN(const std::vector<Json> records, TimeSeries(query, page, of_coin));
    const bool coin = of_coin || IsCoin(query.symbol);
    for (const Json& record : records) {
      const std::string stamp = TextMember(&record, "timestamp");
      const std::optional<int64_t> end = EndOf(query, stamp, coin, rows);
      if (!end) continue;
      first = std::min(first, *end);
      rows.Begin(*end, stamp);
      for (const char* name : {"open", "high", "low", "close", "volume"}) rows.SetNumber(name, Member(record, name));
      rows.SetNumber("adj_close", Member(record, "adjusted_close"));
      rows.SetNumber("dividend", Member(record, "dividend_amount"));
      rows.SetNumber("split_ratio", Member(record, "split_coefficient"));
    }
  }
  const quant::Session* wanted = compact ? quant::Xnys().FirstClosingAfter(query.range.start_ns - 1) : nullptr;
  if (wanted != nullptr && rows.size() >= 100 && wanted->close_ns < first && wanted->close_ns < query.range.end_ns) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "INCOMPLETE_BODY",
                           "alpha_vantage sent its newest 100 bars and the range begins before them: set output=full, "
                           "for which it wants a paid key");
  }
  BF_ASSIGN_OR_RETURN(SourceData data, std::move(rows).Finish(kName));
  if (of_coin) data.market = SeriesMarket{std::string(quant::AlwaysOpen().name()), ""};
  data.says_timeframe = says_interval;
  return data;
}

}  // namespace breadthflow::data
