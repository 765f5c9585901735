#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/data/domain/resource.h"
#include "services/data/sources/csv/read.h"
#include "services/data/sources/csv/row_sink.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {

// What all parts of reading one file share. Everything referred to outlives it.
struct FileContext {
  const File& file;
  const SourceQuery& query;
  const ReadOptions& options;
  const Resource& resource;
  const Layout& layout;
  std::map<std::string, size_t> headers;  // normalised header -> cell
  RowSink& sink;
  Faults& faults;

  // Cell of a header, empty when the file lacks it.
  std::string_view Cell(const Row& row, const std::string& header) const {
    const auto found = headers.find(header);
    return found == headers.end() ? std::string_view() : row.cells[found->second];
  }
  void Complain(int64_t line, std::string_view text) const { faults.Add(file.name, line, text); }
};

// What writers put where there is no value: nothing, "None", "null".
bool IsNone(std::string_view cell);

// Tells the instant of each row of a file.
class RowTime {
 public:
  // Complains about a zone that does not exist and about a file whose name lacks the day that its rows need.
  explicit RowTime(const FileContext& context);

  // Begins the row in the sink. False, with a complaint, when its time can not be told.
  bool Begin(const Row& row);
  // The instant of a row whose rule does not depend on other rows.
  std::optional<int64_t> Of(const Row& row) const;
  // As a date of the file, with a complaint.
  std::optional<absl::CivilDay> Day(int64_t line, std::string_view cell, std::string_view name) const;

 private:
  std::optional<int64_t> Bar(int64_t line, std::string_view cell) const;
  std::optional<int64_t> Close(int64_t line, absl::CivilDay day) const;
  std::optional<int64_t> Epoch(int64_t line, std::string_view cell) const;
  std::optional<int64_t> Instant(int64_t line, std::string_view cell) const;

  const FileContext& context_;
  const TimeRule& rule_;
  Zone zone_;
  std::optional<absl::CivilDay> file_day_;
  int64_t shift_ns_ = 0;  // from what the time marks to the end of the interval
  std::optional<int64_t> previous_;
  bool any_order_ = false;
};

}  // namespace breadthflow::data::csv
