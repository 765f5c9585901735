#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/series.h"
#include "services/data/domain/resource.h"

// What files look like, as data: one entry per layout, in one list per family (layouts_*.cc).
namespace breadthflow::data::csv {

// How the instant of a row is told. Days without a time of day mean, by layout:
enum class When {
  kBar,           // a day: the close of its session (day's end without a calendar), of bars of a week or a month that
                  // of the last one in it; an instant: that, at the bar's end
  kInstant,       // an instant as text
  kEpoch,         // a whole number of `unit_ns` since 1970, UTC
  kSessionClose,  // a day: the close of its session
  kFileDay,       // no column: the session of the day in the file's name
  kDayEnd,        // a day: its end in the zone
  kDayStart,      // a day: its beginning on the calendar
  kDeclared,      // day of announcement (`second`): its end; without one the beginning of the day itself
  kFiling,        // the end of a fiscal period: FilingDeadline, and publication_estimated is 1
  kFiled,         // a day: FiledBy
  kAnnounced,     // a day and, in `second`, the part of it: AnnouncedBy
};

struct TimeRule {
  When when = When::kInstant;
  std::string column;     // empty for kFileDay
  std::string second;     // a second column: a time of day beside a date, or as above
  int64_t unit_ns = 1;    // kEpoch
  std::string zone;       // of times that name none, unless a parameter says otherwise
  int64_t length_ns = 0;  // of the interval that a row sums up, else 0
  bool at_start = false;  // and the time is its beginning
  // kInstant: what a date without a time of day means, kDayStart, kDayEnd or, of bars of a day, a week or a month,
  // kSessionClose (see kBar); unset: it is refused
  std::optional<When> dates = std::nullopt;
};

// One column of a file and where it goes.
struct Column {
  std::string header;                                        // normalised; see Normal()
  std::string field;                                         // of the resource, or "csv.name"; empty: not stored
  quant::ColumnType type = quant::ColumnType::kDouble;       // of "csv." columns; fields have the resource's
  double divisor = 1;                                        // numbers are divided by it
  double offset = 0;                                         // and then this is added
  std::optional<double> zero = std::nullopt;                 // what 0 stands for
  bool zero_is_none = false;                                 // 0 stands for "there is none"
  std::vector<std::pair<std::string, std::string>> words{};  // cell -> value; then other cells are refused
  std::string share_of{};                                    // the value is the share of the number in that column
  std::string only_with{};                                   // absent where that column has none (empty or 0)
  std::string same_as{};                                     // must be equal to that column; not stored
  bool optional = false;                                     // files may lack it
  bool times_unit = false;  // a whole number of TimeRule::unit_ns, stored as nanoseconds
};

enum class Shape {
  kRows,           // one row per line
  kStatementLong,  // period_end, frequency, field, currency, value: one amount per line
  kFactsLong,      // one fact of a filing per line
  kBookLevels,     // one state of the book per line: asks[i].price, asks[i].amount, bids[i]...
  kTickerHistory,  // last days of tickers: their changes
};

struct Layout {
  std::string name;
  std::string description;
  std::vector<std::string> resources;
  Shape shape = Shape::kRows;
  TimeRule time;
  std::vector<Column> columns;
  std::vector<std::pair<std::string, std::string>> constants{};  // field -> text, the same in every row
  std::string symbol_column{};                                   // rows of other symbols are not of this series
  std::string header_text{};     // identifies a header that is no CSV; cells are then taken by position
  bool headerless = false;       // no header: cells are taken by position
  bool any_order = false;        // files of this kind may be newest first
  bool rest_as_numbers = false;  // columns that are not named here are kept as numbers "csv.<header>"
  bool only_by_name = false;     // never found by its header: that does not say enough
  bool underlying_row = false;   // a line without strike is the underlying
  bool blank_rows = false;       // lines with nothing but a time are left out
  // Cells stand for themselves: only an empty one without quotes is missing, names of columns are not normalised, and
  // those with a dot that are not named here are kept, typed as they stand (see RowCells).
  bool as_written = false;

  // Whether a column of that name is the time, the symbol, or one of `columns`.
  bool Names(std::string_view header) const;
};

const std::vector<Layout>& Layouts();
// The families.
std::vector<Layout> BarLayouts();
std::vector<Layout> TickLayouts();
std::vector<Layout> BookLayouts();
std::vector<Layout> CompanyLayouts();
std::vector<Layout> FundamentalLayouts();
std::vector<Layout> SentimentLayouts();
std::vector<Layout> OptionLayouts();
// Of resources that are made at run time from the definitions under config/resources.
std::vector<Layout> MadeLayouts();

// Files that data export wrote, or of the same form: symbol and time first, then the fields of a resource by their
// names. Times are instants; a bar of a day, a week or a month may have a date, as in other files of bars.
inline constexpr std::string_view kExportLayout = "export";
bool IsExport(const std::vector<std::string_view>& first);
Layout ExportLayout(const Resource& resource);

// Lower case, without spaces around, spaces within as underscores: "Adj Close" -> "adj_close".
std::string Normal(std::string_view header);

// The layout of that name that has the resource. NOT_FOUND UNKNOWN_LAYOUT with those there are.
absl::StatusOr<const Layout*> FindLayout(std::string_view name, std::string_view resource);

// The one layout of the resource that such a file may have, by the cells of its first line (and that line's text). Of a
// resource made at run time only those layouts count whose fields it has.
// INVALID_ARGUMENT UNKNOWN_LAYOUT with what stands between the header and the layout closest to it, AMBIGUOUS_LAYOUT
// with the candidates. Of a header without any known column nothing is quoted.
absl::StatusOr<const Layout*> GuessLayout(const std::vector<std::string_view>& first, std::string_view line,
                                          const Resource& resource);

// The layout of files of a resource made at run time that no layout is of: columns have the names of its fields, a
// column called symbol tells series apart, and the time is in the one called time, timestamp, datetime or date. A date
// is known when its day ends, a bar of a day at its session's close. INVALID_ARGUMENT UNKNOWN_LAYOUT when the first
// line has none or several of those.
absl::StatusOr<Layout> LayoutByNames(const Resource& resource, const std::vector<std::string_view>& first);

// Names of the layouts of a resource, or of all when it is empty, for people; without that of exports, which every
// resource has.
std::string LayoutNames(std::string_view resource);

}  // namespace breadthflow::data::csv
