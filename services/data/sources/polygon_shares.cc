#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/http_source.h"
#include "services/data/sources/polygon.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "polygon";

bool EndsAPart(absl::CivilDay day, std::string_view every) {
  const absl::CivilDay next = day + 1;
  if (every == "day") return true;
  return next.day() == 1 && (every == "month" || next.month() % 3 == 1);
}

}  // namespace

std::vector<absl::CivilDay> PolygonSharesDays(const quant::TimeRange& range, std::string_view every) {
  std::vector<absl::CivilDay> days;
  const absl::CivilDay first(absl::CivilSecond(1970, 1, 1) + Seconds(range.start_ns));
  for (absl::CivilDay day = first - 2; DayEndInNewYork(day) < range.end_ns; ++day) {
    if (range.Contains(DayEndInNewYork(day)) && EndsAPart(day, every)) days.push_back(day);
  }
  return days;
}

absl::StatusOr<SourceData> ParsePolygonShares(const SourceQuery& query, const RawBody& body,
                                              const std::vector<absl::CivilDay>& days) {
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  if (days.empty()) return std::move(rows).Finish(kName);
  const std::vector<std::string_view> pages = Pages(body.bytes);
  if (pages.size() > days.size()) return UnexpectedBody(kName, "more answers than days");
  size_t unknown = 0;
  for (size_t i = 0; i < pages.size(); ++i) {
    const std::string day = absl::FormatCivilTime(days[i]);
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, pages[i]));
    if (TextMember(&document, "status") == "NOT_FOUND") {
      ++unknown;
      rows.LeaveOut("day on which there was no such company", day);
      continue;
    }
    const Json* company = Member(document, "results");
    if (company == nullptr || !company->is_object() || TextMember(company, "ticker") != query.symbol) {
      return UnexpectedBody(kName, fmt::format("no reference data of {}", query.symbol));
    }
    const Json* shares = Member(company, "share_class_shares_outstanding");
    if (shares == nullptr) {
      rows.LeaveOut("day without a number of shares", day);
      continue;
    }
    rows.Begin(DayEndInNewYork(days[i]), day);
    rows.SetNumber("shares", shares);
    rows.Set("period_end", day);
  }
  if (unknown == pages.size()) return UnknownSymbol(kName, query.symbol);
  return std::move(rows).Finish(kName);
}

}  // namespace breadthflow::data
