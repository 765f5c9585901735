#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace breadthflow::cli {

// A table for people: columns are as wide as their widest cell; columns whose cells are all numbers are aligned to the
// right.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

// With `columns` above 0, lines wider than that wrap inside of the last column, as long as there is room for it beside
// the others; a table that is wider still comes in parts below each other, each with the first two columns. Control
// characters in cells are escaped.
std::string Render(const Table& table, size_t columns = 0);

// Width of the terminal that standard error is; 0 when it is none.
size_t TerminalColumns();

// What a command says. JSON goes to `json` and nothing else does; tables, remarks and errors go to `people`.
class Printer {
 public:
  enum class Mode { kTable, kJson };
  // `columns`: see Render.
  Printer(Mode mode, bool quiet, std::ostream& json, std::ostream& people, size_t columns = 0)
      : mode_(mode), quiet_(quiet), columns_(columns), json_(json), people_(people) {}

  // The result: as JSON, or what `describe` makes of it.
  void Result(const google::protobuf::Message& message, const std::function<void()>& describe);
  // A result that is no single message: JSON text made by the caller.
  void Result(const std::function<std::string()>& json, const std::function<void()>& describe);

  void Show(const Table& table);
  void Say(std::string_view line);
  // For programs, in every mode: a completion script.
  void Raw(std::string_view text);
  std::ostream& raw() { return json_; }
  // The message and every violation on a line of its own.
  void Error(const absl::Status& status);

  bool quiet() const { return quiet_; }
  bool json() const { return mode_ == Mode::kJson; }

 private:
  Mode mode_;
  bool quiet_;
  size_t columns_;
  std::ostream& json_;
  std::ostream& people_;
};

// proto3 JSON of a message, indented, fields with default values included.
std::string ToJson(const google::protobuf::Message& message);

// "error: ..." as Printer::Error says it.
std::string DescribeError(const absl::Status& status);

}  // namespace breadthflow::cli
