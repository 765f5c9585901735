#include "services/backtest/domain/report/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/backtest/domain/report/format.h"

namespace breadthflow::backtest::report {
namespace {

constexpr double kWidth = 1000, kLeft = 64, kRight = 118, kTop = 14, kBottom = 26;
constexpr double kLabelHeight = 15;

struct Frame {
  double height = 300;
  int64_t first = 0, last = 1;
  double low = 0, high = 1;

  double X(int64_t time) const {
    return kLeft + (kWidth - kLeft - kRight) * static_cast<double>(time - first) / static_cast<double>(last - first);
  }
  double Y(double value) const { return height - kBottom - (height - kTop - kBottom) * (value - low) / (high - low); }
};

// 1, 2, 2.5 or 5 times a power of ten, about `span` / `count`.
double NiceStep(double span, double count) {
  const double rough = span / count;
  double power = 1;
  while (power * 10 <= rough) power *= 10;
  while (power > rough) power /= 10;
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (power * factor >= rough) return power * factor;
  return power * 10;
}

struct Tick {
  double position;
  std::string label;
};

std::vector<Tick> TimeTicks(const Frame& frame) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time from = absl::FromUnixNanos(frame.first), to = absl::FromUnixNanos(frame.last);
  std::vector<Tick> ticks;
  const double days = absl::ToDoubleHours(to - from) / 24;
  if (days < 60) {
    const int step = std::max(1, static_cast<int>(std::ceil(days / 8)));
    for (absl::CivilDay day = absl::ToCivilDay(from, utc) + 1; absl::FromCivil(day, utc) <= to; day += step) {
      const absl::Time at = absl::FromCivil(day, utc);
      ticks.push_back({frame.X(absl::ToUnixNanos(at)), absl::FormatTime("%b %d", at, utc)});
    }
    return ticks;
  }
  int months = 120;
  for (const int candidate : {1, 2, 3, 6, 12, 24, 60}) {
    if (days / 30.44 / candidate <= 9) {
      months = candidate;
      break;
    }
  }
  absl::CivilMonth month(absl::ToCivilYear(from, utc));
  for (; absl::FromCivil(month, utc) <= to; month += months) {
    const absl::Time at = absl::FromCivil(month, utc);
    if (at < from) continue;
    ticks.push_back(
        {frame.X(absl::ToUnixNanos(at)), absl::FormatTime(month.month() == 1 || months >= 12 ? "%Y" : "%b", at, utc)});
  }
  return ticks;
}

// The points of a path, thinned to the pixels.
std::string PathOf(const ChartLine& line, const Frame& frame) {
  std::string path;
  const auto add = [&](size_t i) {
    fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.X(line.times[i]),
                   frame.Y(line.values[i]));
  };
  const size_t n = line.values.size();
  for (size_t begin = 0; begin < n;) {
    const double column = std::floor(frame.X(line.times[begin]));
    size_t end = begin, low = begin, high = begin;
    for (; end < n && std::floor(frame.X(line.times[end])) == column; ++end) {
      if (line.values[end] < line.values[low]) low = end;
      if (line.values[end] > line.values[high]) high = end;
    }
    size_t kept[] = {begin, std::min(low, high), std::max(low, high), end - 1};
    size_t previous = n;
    for (const size_t i : kept) {
      if (i != previous) add(i);
      previous = i;
    }
    begin = end;
  }
  return path;
}

Frame FrameOf(const Chart& chart) {
  Frame frame;
  frame.height = chart.height;
  frame.first = std::numeric_limits<int64_t>::max();
  frame.last = std::numeric_limits<int64_t>::min();
  frame.low = std::numeric_limits<double>::infinity();
  frame.high = -frame.low;
  for (const ChartLine& line : chart.lines) {
    if (line.values.empty()) continue;
    frame.first = std::min(frame.first, line.times.front());
    frame.last = std::max(frame.last, line.times.back());
    const auto [low, high] = std::minmax_element(line.values.begin(), line.values.end());
    frame.low = std::min(frame.low, *low);
    frame.high = std::max(frame.high, *high);
  }
  if (chart.zero) {
    frame.low = std::min(frame.low, 0.0);
    frame.high = std::max(frame.high, 0.0);
  }
  if (frame.last <= frame.first) frame.last = frame.first + 1;
  if (!(frame.high > frame.low)) {
    const double room = std::max(std::abs(frame.high) * 0.05, 1e-6);
    frame.low -= room;
    frame.high += room;
  }
  return frame;
}

void AddLabels(const Chart& chart, const Frame& frame, std::string& svg) {
  std::vector<std::pair<double, const ChartLine*>> labels;
  for (const ChartLine& line : chart.lines)
    if (!line.label.empty() && !line.values.empty()) labels.push_back({frame.Y(line.values.back()), &line});
  std::sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  double lowest = kTop;
  for (auto& [y, line] : labels) {
    y = std::max(y, lowest);
    lowest = y + kLabelHeight;
    fmt::format_to(std::back_inserter(svg), R"(<text class="tag {}" x="{:.0f}" y="{:.1f}">{}</text>)", line->style,
                   kWidth - kRight + 8, y + 4, Escape(line->label));
  }
}

}  // namespace

std::string RenderChart(const Chart& chart) {
  const bool empty =
      std::all_of(chart.lines.begin(), chart.lines.end(), [](const ChartLine& line) { return line.values.empty(); });
  if (empty) return "";
  Frame frame = FrameOf(chart);
  const double step = NiceStep(frame.high - frame.low, std::max(2.0, chart.height / 48.0));
  frame.low = std::floor(frame.low / step + 1e-9) * step;
  frame.high = std::ceil(frame.high / step - 1e-9) * step;

  std::string svg = fmt::format(R"(<svg viewBox="0 0 {:.0f} {}" role="img" aria-label="{}">)", kWidth, chart.height,
                                Escape(chart.description));
  const auto out = std::back_inserter(svg);
  const double right = kWidth - kRight, bottom = frame.height - kBottom;
  const int steps = static_cast<int>(std::lround((frame.high - frame.low) / step));
  for (int i = 0; i <= steps; ++i) {
    double value = frame.low + i * step;
    if (std::abs(value) < step * 1e-6) value = 0;
    const double y = frame.Y(value);
    fmt::format_to(out, R"(<path class="grid" d="M{:.0f} {:.1f}H{:.0f}"/>)", kLeft, y, right);
    fmt::format_to(out, R"(<text class="axis end" x="{:.0f}" y="{:.1f}">{}</text>)", kLeft - 8, y + 4,
                   Escape(chart.format(value)));
  }
  for (const Tick& tick : TimeTicks(frame)) {
    fmt::format_to(out, R"(<path class="tick" d="M{:.1f} {:.1f}v5"/>)", tick.position, bottom);
    fmt::format_to(out, R"(<text class="axis mid" x="{:.1f}" y="{:.1f}">{}</text>)", tick.position, bottom + 18,
                   tick.label);
  }
  for (const ChartLine& line : chart.lines) {
    if (line.values.empty()) continue;
    const std::string path = PathOf(line, frame);
    if (line.area) {
      fmt::format_to(out, R"(<path class="{}-area" d="{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z"/>)", line.style, path,
                     frame.X(line.times.back()), frame.Y(chart.baseline), frame.X(line.times.front()),
                     frame.Y(chart.baseline));
    }
    fmt::format_to(out, R"(<path class="line {}" d="{}"/>)", line.style, path);
  }
  for (const ChartMarker& marker : chart.markers) {
    const double sign = marker.up ? 1 : -1;
    fmt::format_to(out, R"(<path class="{}" d="M{:.1f} {:.1f}l-4.5 {:.1f}h9Z"><title>{}</title></path>)", marker.style,
                   frame.X(marker.time), frame.Y(marker.value) + sign * 3, sign * 8, Escape(marker.title));
  }
  AddLabels(chart, frame, svg);
  return svg + "</svg>";
}

}  // namespace breadthflow::backtest::report
