#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/status.h"

// The text of a CSV file: unpacked, judged, and cut into rows of cells.
namespace breadthflow::data::csv {

inline constexpr int64_t kMaxFileBytes = int64_t{256} << 20;  // of a file, and of what it holds when it is packed
inline constexpr size_t kMaxViolations = 100;                 // listed; the rest is counted

// "time_zone=utc" -> "the parameter time_zone (data import: --set time_zone=utc; data fetch: --param time_zone=utc)".
std::string HowToSay(std::string_view parameter);

// Collects violations under file:line; lists the first kMaxViolations and counts the rest. A limit holds for all files
// that share it.
class Faults {
 public:
  void Add(std::string_view file, int64_t line, std::string_view text);
  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }
  // Whether `what` was not yet said here: what helps with many rows need be said once.
  bool First(std::string_view what) { return said_.emplace(what).second; }
  // INVALID_ARGUMENT INVALID_CSV; `what` is the file, or the files. Where not all are listed, the metadata have
  // `violations_more_than`.
  absl::Status ToStatus(std::string_view what);

 private:
  base::Violations violations_;
  size_t count_ = 0;
  std::set<std::string> said_;
};

// The bytes of a file as they can be read: gzip (by its magic number, several members too) is unpacked.
// INVALID_ARGUMENT INVALID_CSV for a damaged or cut archive and for more than kMaxFileBytes.
absl::StatusOr<std::string> Unpack(std::string bytes, std::string_view file);

// The delimiter of which the first line holds most outside quotes: comma, semicolon or tab; a comma when it has none.
char GuessDelimiter(std::string_view text);

struct Row {
  int64_t line = 0;                     // of its first character, the first line is 1
  std::vector<std::string_view> cells;  // without their quotes; valid until the next row is read
  std::vector<size_t> quoted;           // which of them had quotes, ascending

  bool Quoted(size_t cell) const { return std::binary_search(quoted.begin(), quoted.end(), cell); }
};

// Rows of a text by RFC 4180: cells may be quoted, a quote inside is doubled, quoted cells may hold delimiters and line
// ends; lines end in LF or CR LF. Beyond it: a byte-order mark at the start is skipped, blank lines at the end are
// ignored, and a quote inside an unquoted cell stands for itself. The text must outlive the reader.
class RowReader {
 public:
  RowReader(std::string_view text, char delimiter);

  // False at the end, and after a fault.
  bool Next(Row& row);
  // The line that could not be read, without its end, when Next has failed for a reason.
  struct Fault {
    int64_t line;
    std::string text;
  };
  const std::optional<Fault>& fault() const { return fault_; }
  // Text of the line that the next row begins with.
  std::string_view Peek() const;

 private:
  bool Quoted(Row& row);
  bool Fail(std::string text);

  std::string_view rest_;
  char delimiter_;
  int64_t line_ = 1;
  std::deque<std::string> unquoted_;
  std::optional<Fault> fault_;
};

// Line and nature of the first byte that no text has: NUL, or what is not UTF-8.
std::optional<RowReader::Fault> NotText(std::string_view text);

}  // namespace breadthflow::data::csv
