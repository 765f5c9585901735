#include "services/cli/rows.h"

#include <algorithm>
#include <limits>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

constexpr int64_t kTableRows = 20;

nlohmann::ordered_json Cell(const common::v1::Column& column, int row) {
  if (std::binary_search(column.missing_rows().begin(), column.missing_rows().end(), row)) return nullptr;
  if (column.double_values_size() > 0) return column.double_values(row);
  if (column.int_values_size() > 0) return column.int_values(row);
  return column.text_values(row);
}

}  // namespace

std::string CellText(const nlohmann::ordered_json& cell) {
  if (cell.is_null()) return "";
  return cell.is_string() ? cell.get<std::string>() : cell.dump();
}

nlohmann::ordered_json RowOf(const common::v1::ColumnarBatch& batch, int row) {
  nlohmann::ordered_json entry{
      {"symbol", batch.key().symbol()},
      {"time",
       absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixNanos(batch.times_unix_ns(row)), absl::UTCTimeZone())}};
  for (const common::v1::Column& column : batch.columns()) entry[column.name()] = Cell(column, row);
  return entry;
}

absl::Status RowCollector::Take(const common::v1::SeriesMessage& message) {
  origins_.Take(message);
  if (message.has_first_of()) {
    ++begun_;
    kept_here_ = 0;
  }
  const common::v1::ColumnarBatch& batch = message.packed();
  const int64_t limit = limit_ ? *limit_ : out_.json() ? std::numeric_limits<int64_t>::max() : kTableRows;
  for (int row = 0; row < batch.times_unix_ns_size(); ++row) {
    if ((limit_ ? kept_here_ : kept_) == limit) {
      if (out_.json() && std::max(begun_, 1) == series_) {
        full_ = true;
        return absl::CancelledError();
      }
      more_ += batch.times_unix_ns_size() - row;
      return absl::OkStatus();
    }
    nlohmann::ordered_json entry = RowOf(batch, row);
    if (out_.json()) {
      out_.Raw((kept_ == 0 ? "[\n" : ",\n") + entry.dump());
    } else {
      rows_.push_back(std::move(entry));
    }
    ++kept_;
    ++kept_here_;
  }
  return absl::OkStatus();
}

absl::Status RowCollector::Finish(const absl::Status& read) {
  const bool enough = full_ && absl::IsCancelled(read);
  if (!enough && !read.ok()) return read;
  if (out_.json()) {
    out_.Raw(kept_ == 0 ? "[]\n" : "\n]\n");
    origins_.Say(out_);
    return absl::OkStatus();
  }
  Table table;
  for (const auto& row : rows_) {
    for (const auto& [name, value] : row.items()) {
      if (std::count(table.columns.begin(), table.columns.end(), name) == 0) table.columns.push_back(name);
    }
  }
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    for (const std::string& name : table.columns) cells.push_back(row.contains(name) ? CellText(row[name]) : "");
    table.rows.push_back(std::move(cells));
  }
  out_.Show(table);
  if (more_ > 0) out_.Say(fmt::format("  the first {} rows; {} more with --limit N", Grouped(kept_), Grouped(more_)));
  origins_.Say(out_);
  return absl::OkStatus();
}

std::optional<int> ParseRowLimit(const Arguments& arguments, base::Violations& violations) {
  if (!arguments.Has("limit")) return std::nullopt;
  return ParseCount(arguments, "limit", 1, 100'000'000, violations);
}

}  // namespace breadthflow::cli
