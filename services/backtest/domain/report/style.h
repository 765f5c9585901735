#pragma once

#include <string_view>

namespace breadthflow::backtest::report {

// The style sheet of the page.
std::string_view PageStyle();

}  // namespace breadthflow::backtest::report
