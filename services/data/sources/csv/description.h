#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"

#include "services/data/domain/price_basis.h"
#include "services/data/domain/series_market.h"
#include "services/data/sources/csv/row_time.h"

namespace breadthflow::data::csv {

// Columns in which rows say what they are: the kind of the data, the bar size, how prices were adjusted, and the
// calendar that was named for the series (SeriesMarket as text), and the day as of which prices were adjusted
// (price_anchor.h). What data export writes has them, and files of every layout may; a calendar by which dates must be
// read has to be a parameter too, unless the symbol names it.
inline constexpr std::array<std::string_view, 5> kDescription = {"resource", "timeframe", "price_basis", "calendar",
                                                                 "adjusted_as_of"};
bool IsDescription(std::string_view name);

// What the rows of one symbol in one file say of themselves. They are believed: a query or a parameter that says
// otherwise is a fault, and so are rows of two kinds.
class Description {
 public:
  // `prices`: what the header tells of them. The context must outlive it.
  Description(const FileContext& context, BasisColumns prices);

  void Take(const Row& row);
  // After the last row: tells the sink how its prices are adjusted, by the rows, else by the parameter basis, else by
  // AssumeBasis(), whether the rows said their bar size, their calendar, and as of when they were adjusted.
  void Finish();

 private:
  void Judge(const Row& row);
  void JudgeCalendar(const Row& row);
  void JudgeDay(const Row& row);
  void Complain(const Row& row, std::string_view text);

  const FileContext& context_;
  const BasisColumns prices_;
  std::array<std::optional<size_t>, kDescription.size()> cells_;
  std::array<std::string, kDescription.size()> all_;  // as the first row has it
  std::optional<quant::PriceBasis> basis_;
  std::optional<SeriesMarket> market_;
  std::optional<absl::CivilDay> adjusted_as_of_;
  bool any_ = false;    // rows
  bool wrong_ = false;  // it was said
};

}  // namespace breadthflow::data::csv
