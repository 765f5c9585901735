#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "common/base/clock.h"

namespace breadthflow::cli {

// How far long work is: a bar with an estimate on a terminal, else one line per ten per cent. Work that does not move
// may say why in its stage: after five seconds without a step, and then at most every five, a stage that is not there
// to be read yet is a line of its own.
class Progress {
 public:
  enum class Style { kSilent, kLines, kBar };
  // kBar when `out` is standard error on a terminal, kLines otherwise.
  static Style Detect(bool quiet);

  Progress(Style style, std::ostream& out, const base::Clock& clock, std::string title);
  // Ends the bar's line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `fraction` 0 to 1; a value below the last one does not move the bar back.
  void Update(double fraction, std::string_view stage);
  // A line of its own above the bar.
  void Note(std::string_view line);
  void Finish();

 private:
  void DrawBar(std::string_view stage);
  // Whether the stage has to be told by itself now.
  bool TellsStandstill(std::string_view stage);

  const Style style_;
  std::ostream& out_;
  const base::Clock& clock_;
  const std::string title_;
  const absl::Time start_;
  double fraction_ = 0;
  int tenths_ = -1;
  absl::Time told_;     // when the work moved last, or why it does not was told
  std::string reason_;  // the stage that was told
  size_t drawn_ = 0;    // columns of the bar on the terminal now
};

}  // namespace breadthflow::cli
