#pragma once

#include <optional>
#include <span>
#include <string>

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/domain/bar_spacing.h"

namespace breadthflow::data {

// Whether bars within a day whose times are taken for their ends are stamped by their starts: each would then be known
// before it was. `times` ascending, with the volume of each where it is known (else empty); `calendar` is that of the
// rows. The row at which it shows, or nullopt. Told by what the calendar's markets do where they open and close (the
// currency week as a whole); rows of a market that never closes tell nothing.
//
//   Regular hours alone  a bar that ends at the open or before it, and the last one before the close: it is so of three
//                        and more sessions (of fewer, in each), of half of all, and of four in five of those that tell
//                        it. A session
//                        with a row at the close too, which may be its auction, counts where the first bar has as much
//                        volume as the second, which no minute before the open has.
//   Extended hours       practically all volume begins with the bar at the open: three times that of the bar before,
//                        and a larger step than to the next one, in four of five of three and more sessions; of
//                        fewer, in each ten times, and the next one has at most twice as much.
//
// What it says begins with the row and ends without how to say it otherwise.
std::optional<SpacingFault> FindBarStarts(std::span<const int64_t> times, std::span<const double> volumes,
                                          quant::Timeframe timeframe, const quant::Calendar& calendar);

// What is said of bars within a day whose stamps nobody said the meaning of.
inline constexpr char kTakenForEnds[] = "stamps are taken for the ends of the bars";

}  // namespace breadthflow::data
