#pragma once

#include <string>

#include "services/backtest/domain/report/report.h"

namespace breadthflow::backtest::report {

// One HTML page that needs nothing else: style and charts are inline, there is no script and no reference to any other
// resource, and it follows the reader's light or dark setting. Text from outside is escaped. Long tables are cut and
// say so, so that the page stays below 3 MiB. The same report gives the same bytes.
std::string RenderHtml(const Report& report);

}  // namespace breadthflow::backtest::report
