#include "services/data/sources/csv/options.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/bar_spacing.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data::csv {
namespace {

using component::ChoiceParam;
using component::StringParam;

std::vector<std::string_view> Parts(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

int64_t UnitOf(std::string_view unit) {
  if (unit == "s") return 1'000'000'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "us") return 1'000;
  return unit == "ns" ? 1 : 0;
}

}  // namespace

std::vector<component::ParamSpec> ReadParams() {
  return {
      StringParam("layout", "auto",
                  "What the file looks like: auto (by its header; a resource made at run time also by the names of its "
                  "fields), export (what data export writes) or a name: " +
                      LayoutNames("") + "."),
      StringParam(
          "columns", "",
          "In place of a layout: which column of the file is which field, such as "
          "time=Date,close=Last,volume=Vol. Columns that are not named are left out; symbol=Header tells rows of "
          "several symbols apart; csv.NAME=Header keeps a number that the resource does not have."),
      StringParam(
          "calendar", "",
          fmt::format("Whose sessions the dates of bars and chains are: {}, or none: a day then ends at midnight "
                      "in the time zone. A week (Monday to Sunday) or a month, named by any date in it, ends with its "
                      "last session. It is kept with the series. Empty: dates are those of the calendar that the "
                      "symbol names (BTC-USD: 24/7, SAP.DE: XETR, VOD.L: none that is known), else of XNYS, and on "
                      "what calendar the rows are read they tell themselves, or their column calendar does.",
                      fmt::join(quant::CalendarNames(), ", "))),
      StringParam("time_zone", "",
                  "Zone of times that do not name one: utc, new_york, an offset such as -05:00 or an IANA name; empty: "
                  "that of the layout, else utc. Where neither calendar, symbol nor rows tell a calendar, its dates "
                  "make the days of the series."),
      ChoiceParam(
          "stamp", "layout", {"layout", "bar_end", "bar_start"},
          "What the time of an intraday bar marks; layout: its end, where the layout does not say otherwise, with a "
          "note; rows that do not look like it by the sessions of their calendar are refused. Of weeks that are named "
          "by a Sunday: whether it ends them (bar_end) or comes before them (bar_start), "
          "which must be said."),
      ChoiceParam("order", "strict", {"strict", "any"},
                  "strict: rows must be oldest first, unless the layout says otherwise; any: they are sorted."),
      ChoiceParam(kSpacing, "strict", {"strict", kAnySpacing},
                  "Of bars within a day whose rows are all as far apart as those of a larger size are, such as 5 "
                  "minutes for 1min. strict: they are taken only where the rows say their size (column timeframe); "
                  "any: they are of the size that is asked for, as those of a stock that is traded by an auction each "
                  "5 minutes, or of an index that is published so."),
      ChoiceParam("date_order", "none", {"none", "month_first", "day_first"}, "What 02/03/2010 means."),
      ChoiceParam("time_unit", "text", {"text", "s", "ms", "us", "ns"},
                  "With columns: whether times are text or whole numbers since 1970."),
      ChoiceParam("delimiter", "auto", {"auto", "comma", "semicolon", "tab"}, "What separates cells."),
      StringParam("skip_lines", "", "Numbers of lines that are no rows, such as 2,17."),
      ChoiceParam(
          "basis", "auto", {"auto", "raw", "split", "split_dividend"},
          "How the prices in the files were adjusted; stored with the series. auto: as their column price_basis "
          "says, else by other columns: raw beside the splits to apply (split_ratio, split_coefficient), "
          "split_dividend beside Yahoo's stock_splits without an adjusted close, split in all other files."),
      StringParam(
          std::string(kAdjustedAsOf), "",
          "Of prices that are adjusted for splits: the day of the download, YYYY-MM-DD. They are divided by the "
          "splits up to that day (ex-date) and by no later ones; with it, adjusted reads know which. Empty: as the "
          "column adjusted_as_of of a file says it, else by all splits that took effect by the time the rows were "
          "stored.")};
}

absl::StatusOr<ReadOptions> OptionsOf(const component::Params& params) {
  base::Violations violations;
  ReadOptions options;
  options.layout = params.String("layout");
  if (options.layout != "auto" && options.layout != kExportLayout) {
    const auto layout = FindLayout(options.layout, "");
    if (!layout.ok()) violations.Add("layout", base::Message(layout.status()));
  }
  for (const std::string_view part : Parts(params.String("columns"))) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == part.size()) {
      violations.Add("columns", fmt::format("must be FIELD=HEADER, separated by commas, was '{}'", part));
    } else if (!options.columns.emplace(part.substr(0, equals), part.substr(equals + 1)).second) {
      violations.Add("columns", fmt::format("{} is mapped twice", part.substr(0, equals)));
    }
  }
  if (!options.columns.empty() && !options.columns.contains("time"))
    violations.Add("columns", "must map time too: time=HEADER");
  if (!options.columns.empty() && options.layout != "auto")
    violations.Add("columns", "is in place of a layout: give one of them");
  options.market = MarketIn(params.values());
  if (params.String("calendar").empty()) {
    options.calendar = &quant::Xnys();
  } else if (params.String("calendar") != quant::kNoCalendar) {
    const auto calendar = quant::FindCalendar(params.String("calendar"));
    if (calendar.ok()) options.calendar = *calendar;
    if (!calendar.ok()) violations.Add("calendar", base::Message(calendar.status()));
  }
  if (!params.String("time_zone").empty()) {
    const auto zone = Zone::Find(params.String("time_zone"));
    if (zone.ok()) options.zone = *zone;
    if (!zone.ok()) violations.Add("time_zone", base::Message(zone.status()));
  }
  for (const std::string_view part : Parts(params.String("skip_lines"))) {
    const auto line = ParseInteger(part);
    if (line && *line > 1) {
      options.skip_lines.insert(*line);
    } else {
      violations.Add("skip_lines", fmt::format("must be numbers of lines after the first, was '{}'", part));
    }
  }
  const std::string& stamp = params.String("stamp");
  options.stamp = stamp == "bar_start" ? Stamp::kStart : stamp == "bar_end" ? Stamp::kEnd : Stamp::kLayout;
  options.any_order = params.String("order") == "any";
  options.any_spacing = params.String(kSpacing) == kAnySpacing;
  const std::string& order = params.String("date_order");
  if (order != "none") options.date_order = order == "month_first" ? DateOrder::kMonthFirst : DateOrder::kDayFirst;
  options.unit_ns = UnitOf(params.String("time_unit"));
  if (options.unit_ns != 0 && options.columns.empty())
    violations.Add("time_unit", "is for columns that are mapped by hand");
  const std::string& delimiter = params.String("delimiter");
  options.delimiter = delimiter == "comma" ? ',' : delimiter == "semicolon" ? ';' : delimiter == "tab" ? '\t' : '\0';
  if (params.String("basis") != "auto") {
    const auto basis = quant::ParsePriceBasis(params.String("basis"));
    if (basis.ok()) options.basis = *basis;
    if (!basis.ok()) violations.Add("basis", base::Message(basis.status()));
  }
  if (const std::string& day = params.String(kAdjustedAsOf); !day.empty()) {
    const auto as_of = ParseAnchor(day);
    if (as_of.ok()) options.adjusted_as_of = *as_of;
    if (!as_of.ok()) violations.Add(kAdjustedAsOf, base::Message(as_of.status()));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("csv can not be read like that"));
  return options;
}

absl::Status CheckQuery(const SourceQuery& query, const ReadOptions& options) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  const bool good = resource->bars == (query.timeframe != quant::Timeframe::kTick);
  if (!good) {
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, "NOT_OFFERED",
        fmt::format("csv has {} in {}, not {}", query.resource, resource->bars ? "bars of 1min to 1month" : "ticks",
                    quant::ToText(query.timeframe)));
  }
  base::Violations violations;
  if (options.layout != "auto" && options.layout != kExportLayout) {
    const auto layout = FindLayout(options.layout, query.resource);
    if (!layout.ok()) violations.Add("layout", base::Message(layout.status()));
  }
  for (const auto& [field, header] : options.columns) {
    if (field != "time" && field != "symbol" && !field.starts_with("csv.") && resource->Find(field) == nullptr) {
      violations.Add("columns", fmt::format("{} has no field {}", query.resource, field));
    }
  }
  for (const Field& field : resource->fields) {
    if (!options.columns.empty() && field.required && !options.columns.contains(field.name)) {
      violations.Add("columns", fmt::format("must map {}, which every row of {} has", field.name, query.resource));
    }
  }
  return violations.ToStatus(fmt::format("csv can not be read as {}", query.resource), "NOT_OFFERED");
}

}  // namespace breadthflow::data::csv
