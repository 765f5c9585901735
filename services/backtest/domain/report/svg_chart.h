#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

// Time charts as inline SVG: no script, no fonts, no colours of their own (they are classes of the page's style).
namespace breadthflow::backtest::report {

struct ChartLine {
  std::string style;               // class of the path: "line-a"
  std::string label;               // beside the last point; may be empty
  std::span<const int64_t> times;  // Unix nanoseconds, ascending
  std::span<const double> values;
  bool area = false;  // filled down to `baseline`
};

struct ChartMarker {
  int64_t time = 0;
  double value = 0;
  std::string style;
  bool up = true;     // a triangle below the point that points up, or above it that points down
  std::string title;  // shown when the pointer rests on it
};

struct Chart {
  std::string description;  // for people who do not see it
  int height = 300;         // of 1000 wide
  std::vector<ChartLine> lines;
  std::vector<ChartMarker> markers;
  std::function<std::string(double)> format;  // of the values at the axis
  bool zero = false;                          // the axis shows 0 even if no value is near
  double baseline = 0;                        // of areas
};

// An <svg> element. Lines of more points than pixels keep the first, lowest, highest and last of each pixel column, so
// that no extreme is lost. "" when no line has a point.
std::string RenderChart(const Chart& chart);

}  // namespace breadthflow::backtest::report
