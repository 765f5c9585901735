#pragma once

#include <nlohmann/json.hpp>

#include "services/cli/line_reader.h"

namespace breadthflow::cli {

// Series as JSON lines: an object a line, with symbol and time.
class JsonReader final : public LineReader {
 public:
  using LineReader::LineReader;

 private:
  bool ReadRow() override;
  void PutRow() override;
  // Symbol and description of the row.
  bool TakeNames();

  nlohmann::ordered_json row_;
};

}  // namespace breadthflow::cli
