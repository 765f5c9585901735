#include "services/data/sources/csv/description.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/price_anchor.h"

namespace breadthflow::data::csv {

using quant::PriceBasis;

namespace {

// data import sends what data export wrote row by row; a text that is read as parameters say has one day.
constexpr std::string_view kSeveralDays =
    "a file that is fetched, or read by parameters, has rows of one day; exports with rows of several are for data "
    "import FILE without --set";

}  // namespace

bool IsDescription(std::string_view name) {
  return std::find(kDescription.begin(), kDescription.end(), name) != kDescription.end();
}

Description::Description(const FileContext& context, BasisColumns prices) : context_(context), prices_(prices) {
  for (size_t i = 0; i < kDescription.size(); ++i) {
    const std::string name(kDescription[i]);
    if (context.layout.Names(name) || context.resource.Find(name) != nullptr) continue;
    // Of columns that are mapped by hand the others are left out; these may be of anything.
    if (i >= 3 && !context.options.columns.empty()) continue;
    if (const auto found = context.headers.find(name); found != context.headers.end()) cells_[i] = found->second;
  }
}

// Once: the rows after it are of the same kind.
void Description::Complain(const Row& row, std::string_view text) {
  if (!wrong_) context_.Complain(row.line, text);
  wrong_ = true;
}

void Description::Take(const Row& row) {
  const bool first = !any_;
  any_ = true;
  for (size_t i = 0; i < kDescription.size(); ++i) {
    if (!cells_[i]) continue;
    const std::string_view cell = row.cells[*cells_[i]];
    if (first) {
      all_[i] = cell;
    } else if (cell != all_[i]) {
      const bool day = kDescription[i] == kAdjustedAsOf;
      return Complain(row,
                      fmt::format("{} is '{}', but '{}' in the rows before: {}", kDescription[i], cell.substr(0, 40),
                                  all_[i].substr(0, 40), day ? kSeveralDays : "a series has rows of one kind"));
    }
  }
  if (first) Judge(row);
}

void Description::Judge(const Row& row) {
  const auto& [resource, timeframe, basis, calendar, adjusted_as_of] = all_;
  const SourceQuery& query = context_.query;
  if (!resource.empty() && resource != query.resource) {
    Complain(row, fmt::format("says that it is of {}, not of {}: name what the file has (--resource)",
                              resource.substr(0, 64), query.resource));
  }
  if (!timeframe.empty()) {
    const auto said = quant::ParseTimeframe(timeframe);
    if (!said.ok()) {
      Complain(row, base::Message(said.status()));
    } else if (*said != query.timeframe) {
      Complain(row, fmt::format("says that it is of bars of {}, not of {}: name what the file has (--timeframe)",
                                timeframe, quant::ToText(query.timeframe)));
    }
  }
  if (!calendar.empty()) JudgeCalendar(row);
  if (!adjusted_as_of.empty()) JudgeDay(row);
  if (basis.empty()) return;
  const auto said = quant::ParsePriceBasis(basis);
  if (!said.ok()) return Complain(row, base::Message(said.status()));
  if (!context_.resource.prices || *said == PriceBasis::kNotPrices) {
    if (context_.resource.prices || *said != PriceBasis::kNotPrices)
      Complain(row, fmt::format("says that its prices are {}, but {} has {}", basis, query.resource,
                                context_.resource.prices ? "prices" : "none"));
    return;
  }
  if (context_.options.basis && *context_.options.basis != *said) {
    Complain(row, fmt::format("says that its prices are {}, but the parameter basis that they are {}", basis,
                              quant::ToText(*context_.options.basis)));
  }
  basis_ = *said;
}

void Description::JudgeCalendar(const Row& row) {
  const std::string& calendar = all_[3];
  const absl::StatusOr<SeriesMarket> said = ParseMarket(calendar);
  if (!said.ok()) return Complain(row, base::Message(said.status()));
  const std::optional<SeriesMarket>& named = context_.options.market;
  if (named && *named != *said) {
    return Complain(row, fmt::format("says that it keeps the calendar {}, but the parameter calendar that it is {}",
                                     calendar, ToText(*named)));
  }
  // Dates were read meanwhile by the sessions that the symbol names.
  const bool as_said = context_.sessions == nullptr ? *said == SeriesMarket{std::string(quant::kNoCalendar), ""}
                                                    : said->calendar == context_.sessions->name();
  if (!named && context_.layout.name != kExportLayout && !as_said) {
    return Complain(
        row, fmt::format("says that it keeps the calendar {}, by which its dates must be read: say it by {}", calendar,
                         HowToSay(fmt::format("calendar={}", said->calendar))));
  }
  market_ = *said;
}

void Description::JudgeDay(const Row& row) {
  const absl::StatusOr<absl::CivilDay> said = ParseAnchor(all_[4]);
  if (!said.ok()) return Complain(row, fmt::format("{} {}", kAdjustedAsOf, base::Message(said.status())));
  if (!context_.resource.prices) {
    return Complain(row, fmt::format("says that its prices are adjusted as of {}, but {} has none", all_[4],
                                     context_.query.resource));
  }
  const std::optional<absl::CivilDay>& named = context_.options.adjusted_as_of;
  if (named && *named != *said) {
    return Complain(row, fmt::format("says that it is adjusted as of {}, but the parameter {} that it is as of {}",
                                     all_[4], kAdjustedAsOf, std::string(absl::FormatCivilTime(*named))));
  }
  adjusted_as_of_ = *said;
}

void Description::Finish() {
  if (!any_) return;
  AssumedBasis basis{PriceBasis::kNotPrices, true};
  if (context_.resource.prices) {
    if (!basis_) basis_ = context_.options.basis;
    basis = basis_ ? AssumedBasis{*basis_, true} : AssumeBasis(prices_);
  }
  context_.sink.Declare(basis, !all_[1].empty(), context_.file.name, context_.faults);
  if (market_) context_.sink.DeclareMarket(*market_, context_.file.name, context_.faults);
  context_.sink.DeclareDay(adjusted_as_of_ ? adjusted_as_of_ : context_.options.adjusted_as_of, context_.file.name,
                           context_.faults);
}

}  // namespace breadthflow::data::csv
