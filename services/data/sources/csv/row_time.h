#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/quant/calendar.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/csv/cell.h"
#include "services/data/sources/csv/read.h"
#include "services/data/sources/csv/row_sink.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {

// What all parts of reading one file share. Everything referred to outlives it.
struct FileContext {
  const File& file;
  const SourceQuery& query;
  const ReadOptions& options;
  const Resource& resource;
  const Layout& layout;
  std::map<std::string, size_t> headers;  // normalised header -> cell
  RowSink& sink;
  Faults& faults;
  const quant::Calendar*
      sessions;  // whose sessions dates of bars and chains mean; null: days end when they do in the zone

  // Cell of a header, empty when the file lacks it.
  std::string_view Cell(const Row& row, const std::string& header) const {
    const auto found = headers.find(header);
    return found == headers.end() ? std::string_view() : row.cells[found->second];
  }
  void Complain(int64_t line, std::string_view text) const { faults.Add(file.name, line, text); }
};

// Whose sessions dates of bars and chains of `symbol` mean: those of the calendar that the options name, else of the
// one that the symbol does (data::CalendarOf), else of New York. Null where that is none.
const quant::Calendar* SessionsOf(const std::string& symbol, const SourceQuery& query, const ReadOptions& options);

// What writers put where there is no value: nothing, "None", "null".
bool IsNone(std::string_view cell);

// Tells the instant of each row of a file.
//
// A wall-clock time needs a zone: that of the row, of the parameter time_zone or of the layout; there is no default. A
// time that clocks skip is refused. One that they show twice is the first of the two, and the second once the rows
// would otherwise go back in time; where nothing goes back in such an hour, or rows are in no order, nothing tells
// which one is meant, and it is refused.
//
// A date names the bar of its day, its week or its month, which has the instant of the last session's close in it, as
// bars have that reads make: of a week from Monday to Sunday, whatever day of it the file names, and of a calendar
// month. Without a calendar it ends at midnight after its last day. Of a Sunday some say the week that ends with it and
// others the one that begins: the parameter stamp says which (bar_end, bar_start), and without it the row is refused.
// Midnight after a date says no more than the date, but one with an offset is a date only where a day of the calendar
// begins then and no session closes.
class RowTime {
 public:
  // Complains about a zone that does not exist and about a file whose name lacks the day that its rows need.
  explicit RowTime(const FileContext& context);

  // Begins the row in the sink. False, with a complaint, when its time can not be told.
  bool Begin(const Row& row);
  // The instant of a row whose rule does not depend on other rows.
  std::optional<int64_t> Of(const Row& row);
  // As a date of the file, with a complaint.
  std::optional<absl::CivilDay> Day(int64_t line, std::string_view cell, std::string_view name) const;
  // After the last row: complains about times that may mean two instants, and about rows of one week or month, in one
  // line where most are.
  void Finish();

 private:
  void FinishRepeated();
  std::optional<int64_t> Bar(int64_t line, std::string_view cell);
  std::optional<int64_t> Close(int64_t line, absl::CivilDay day);
  // The end of the bar that a date names: the close of its session, or of the last one in its week or month.
  std::optional<int64_t> BarEnd(int64_t line, absl::CivilDay day);
  std::optional<int64_t> LastClose(int64_t line, absl::CivilDay day);
  void ComplainOfDate(int64_t line, std::string_view cell, std::string_view name, std::string_view form) const;
  std::optional<int64_t> Epoch(int64_t line, std::string_view cell) const;
  std::optional<int64_t> Instant(int64_t line, std::string_view cell);
  std::optional<int64_t> InZone(int64_t line, std::string_view cell, const LocalText& local);
  int64_t DayStart(absl::CivilDay day) const;

  const FileContext& context_;
  const TimeRule& rule_;
  Zone zone_;
  bool has_zone_ = false;  // somebody said so
  std::optional<absl::CivilDay> file_day_;
  int64_t shift_ns_ = 0;  // from what the time marks to the end of the interval
  std::optional<int64_t> previous_;
  bool any_order_ = false;
  bool weeks_ = false;   // the rows are bars of weeks
  bool months_ = false;  // of months
  size_t rows_ = 0;
  std::vector<int64_t> in_one_;            // lines of rows in the week or month of the row before
  std::vector<std::string> in_one_cells_;  // of the first ones of them
  // The hour that clocks show twice, of which the first showing was read and the second not yet.
  struct Repeated {
    absl::CivilDay day;
    int64_t line = 0;
    std::string cell;
  };
  std::optional<Repeated> repeated_;
  std::optional<absl::CivilDay> twice_;  // the day in which rows told both showings apart
};

}  // namespace breadthflow::data::csv
