#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/quant/calendar.h"
#include "services/data/domain/series_market.h"
#include "services/data/domain/source.h"
#include "services/data/sources/csv/cell.h"
#include "services/data/sources/csv/layout.h"

namespace breadthflow::data::csv {

enum class Stamp { kLayout, kEnd, kStart };

// What the reader is told beside the files.
struct ReadOptions {
  std::string layout = "auto";                 // or a name; "auto" asks the header
  std::map<std::string, std::string> columns;  // by hand: field (or "time") -> header; then no layout is looked for
  // Whose sessions dates mean, where it is named; null: days end when they end in the zone. Where none is named, that
  // of New York: see SessionsOf in row_time.h.
  const quant::Calendar* calendar = nullptr;
  std::optional<SeriesMarket> market;  // that a parameter names; nullopt: none does
  std::optional<Zone> zone;            // of times that name none; nullopt: the layout's, else UTC
  Stamp stamp = Stamp::kLayout;        // what the time of an interval marks; kLayout: its end if it says nothing
  DateOrder date_order = DateOrder::kUnknown;
  int64_t unit_ns = 0;                     // by hand: times are whole numbers of it since 1970; 0: they are text
  bool any_order = false;                  // rows may be unsorted
  bool any_spacing = false;                // bars that look like larger ones are of the size asked for
  char delimiter = '\0';                   // '\0': guessed
  std::set<int64_t> skip_lines;            // lines that are no rows
  std::optional<quant::PriceBasis> basis;  // of resources with prices; nullopt: as the file tells, see Description
  std::optional<absl::CivilDay> adjusted_as_of{};  // of split-adjusted prices: handed on with them
};

struct File {
  std::string name;  // for messages; what stands after its last slash may hold the day of its rows
  std::string text;  // unpacked
};

// Reads the rows of `query.range` from files of one layout. All of each file is checked, not only the range.
//
// INVALID_ARGUMENT INVALID_CSV with all violations, each under file:line: no text, quoting, a header of no or of
// several layouts, missing or additional cells and columns, values and times that are not what they must be, days that
// are no session, unsorted rows (unless the layout or `any_order` allows them), bars of another size by their distances
// (FindSpacingFault; only told of where it has a note and the rows or `any_spacing` say the size), two rows of one
// instant where the resource has one, rows that say that they are something else than what is asked for, rows that say
// nothing of their bar size and do not look like days (FindOddDays; only told of when the query's sender said the bar
// size), bars within a day that have the starts by their looks where nobody said what their stamps mark (FindBarStarts;
// where they do not, it is told in the notes that they are taken for ends), an empty file. A price basis that nothing
// tells is told of in the notes. NOT_FOUND UNKNOWN_SYMBOL when files that name symbols do not have the one asked for.
absl::StatusOr<SourceData> Read(std::span<const File> files, const SourceQuery& query, const ReadOptions& options);

// All series of one file, ordered by symbol: of every symbol that its column of symbols names, else of `query.symbol`.
// INVALID_ARGUMENT INVALID_CSV as above, also for what is no symbol.
absl::StatusOr<std::vector<SourceData>> ReadEach(const File& file, const SourceQuery& query,
                                                 const ReadOptions& options);

}  // namespace breadthflow::data::csv
