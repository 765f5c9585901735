#include "services/cli/progress.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <unistd.h>

#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

constexpr int kBarWidth = 28;
constexpr size_t kStageWidth = 40;  // behind the bar
constexpr absl::Duration kStandstill = absl::Seconds(5);

}  // namespace

Progress::Style Progress::Detect(bool quiet) {
  if (quiet) return Style::kSilent;
  return isatty(STDERR_FILENO) == 1 ? Style::kBar : Style::kLines;
}

Progress::Progress(Style style, std::ostream& out, const base::Clock& clock, std::string title)
    : style_(style), out_(out), clock_(clock), title_(std::move(title)), start_(clock.Now()), told_(start_) {}

Progress::~Progress() { Finish(); }

void Progress::Update(double fraction, std::string_view stage) {
  const double before = fraction_;
  fraction_ = std::clamp(std::max(fraction_, fraction), 0.0, 1.0);
  if (fraction_ > before) told_ = clock_.Now();
  if (style_ == Style::kBar) {
    if (TellsStandstill(stage)) Note(fmt::format("{}: {}", title_, stage));
    DrawBar(stage);
  } else if (style_ == Style::kLines) {
    const int tenths = static_cast<int>(std::floor(fraction_ * 10 + 1e-9));
    if (tenths == tenths_ && !TellsStandstill(stage)) return;
    tenths_ = tenths;
    reason_ = stage;
    out_ << fmt::format("{}: {} %{}{}\n", title_, tenths * 10, stage.empty() ? "" : "  ", stage) << std::flush;
  }
}

bool Progress::TellsStandstill(std::string_view stage) {
  const bool legible = style_ == Style::kBar && stage.size() <= kStageWidth;
  if (stage.empty() || legible || stage == reason_ || clock_.Now() - told_ < kStandstill) return false;
  told_ = clock_.Now();
  reason_ = stage;
  return true;
}

void Progress::DrawBar(std::string_view stage) {
  const int full = static_cast<int>(std::lround(fraction_ * kBarWidth));
  std::string line = fmt::format("{} [{}{}] {:3.0f} %", title_, std::string(static_cast<size_t>(full), '#'),
                                 std::string(static_cast<size_t>(kBarWidth - full), '.'), fraction_ * 100);
  const absl::Duration spent = clock_.Now() - start_;
  // An estimate from the first two per cent would only frighten.
  if (fraction_ >= 0.02 && fraction_ < 1) line += "  " + Seconds(spent * (1 - fraction_) / fraction_) + " left";
  if (!stage.empty()) line += fmt::format("  {}", stage.substr(0, kStageWidth));
  out_ << '\r' << line << std::string(drawn_ > line.size() ? drawn_ - line.size() : 0, ' ') << std::flush;
  drawn_ = line.size();
}

void Progress::Note(std::string_view line) {
  if (style_ == Style::kSilent) return;
  if (drawn_ > 0) out_ << '\r' << std::string(drawn_, ' ') << '\r';
  drawn_ = 0;
  out_ << line << '\n' << std::flush;
}

void Progress::Finish() {
  if (drawn_ > 0) out_ << '\n' << std::flush;
  drawn_ = 0;
}

}  // namespace breadthflow::cli
