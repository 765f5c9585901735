#pragma once

#include <string>
#include <utility>
#include <vector>

#include "breadthflow/common/v1/series.pb.h"

#include "services/cli/printer.h"

namespace breadthflow::cli {

// What the messages of a read say of where its rows come from: whose splits and dividends adjusted them, what is made
// up, what whoever uses them should know.
class Origins {
 public:
  void Take(const common::v1::SeriesMessage& message);
  // A line for each remark, with the symbols that it holds for.
  void Say(Printer& out) const;

 private:
  void Add(std::string text, const std::string& symbol);
  std::vector<std::pair<std::string, std::vector<std::string>>> remarks_;
};

}  // namespace breadthflow::cli
