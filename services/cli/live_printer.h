#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "breadthflow/data/v1/live.pb.h"
#include <nlohmann/json.hpp>

#include "services/cli/printer.h"

namespace breadthflow::cli {

// Prints the messages of a stream as they come: rows as lines of a table (as JSON, one object each), everything else as
// remarks. The columns are named again when they change. Not thread-safe; `out` must outlive it.
class LivePrinter {
 public:
  // `coming`: what may bring rows of a series that is not stored yet, as a sentence goes on behind "waiting for".
  LivePrinter(Printer& out, std::string coming) : out_(out), coming_(std::move(coming)) {}

  void Print(const data::v1::StreamSeriesResponse& message);

 private:
  void PrintAwaited(const data::v1::LiveAwaited& awaited);
  // Few instants one by one, many as a span.
  void PrintWithdrawal(const data::v1::LiveWithdrawal& withdrawal);
  void PrintRows(const data::v1::LiveRows& rows);
  void PrintLine(const nlohmann::ordered_json& entry);
  // Symbol and time to the left, values to the right.
  std::string Line(const std::vector<std::string>& cells) const;

  Printer& out_;
  const std::string coming_;
  std::vector<std::string> columns_;
  std::vector<size_t> widths_;
};

}  // namespace breadthflow::cli
