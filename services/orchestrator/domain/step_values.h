#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/base/status.h"
#include "common/component/params.h"
#include "common/quant/series.h"
#include "common/quant/timeframe.h"

// Texts that steps take as parameters: lists of symbols, days, ranges.
namespace breadthflow::orchestrator {

// "AAPL, MSFT" -> two symbols: separated by commas, blanks around them dropped. An empty text is no symbol.
// INVALID_ARGUMENT for an empty item or one that occurs twice; what a symbol may look like is the data service's rule.
absl::StatusOr<std::vector<std::string>> ParseSymbols(std::string_view text);

// "2018-01-31". INVALID_ARGUMENT if it is not a day of the calendar, written like that.
absl::StatusOr<absl::CivilDay> ParseDay(std::string_view text);

// The parameters `symbols`, `start`, `end` and `timeframe`, where a kind has them.
component::ParamSpec SymbolsParam(std::string description);
component::ParamSpec StartParam();  // first day inside
component::ParamSpec EndParam();    // first day outside
component::ParamSpec TimeframeParam();

// Violations of those of them that `params` has, under their names; an empty text is "not given".
void CheckValues(const component::Params& params, base::Violations& violations);

// The values; CheckValues has accepted them. A range without `start` or `end` is open at that end, without both absent;
// its days are those of rows of `timeframe` (quant::DayBegin), as everywhere. Steps that work on bars, of whatever
// size, leave the timeframe out.
std::vector<std::string> SymbolsOf(const component::Params& params);
std::optional<quant::TimeRange> RangeOf(const component::Params& params,
                                        quant::Timeframe timeframe = quant::Timeframe::kDay);
quant::Timeframe TimeframeOf(const component::Params& params);

}  // namespace breadthflow::orchestrator
