#include "services/cli/rows.h"

#include <algorithm>

#include "absl/time/time.h"
#include <fmt/format.h>

namespace breadthflow::cli {
namespace {

nlohmann::ordered_json Cell(const common::v1::Column& column, int row) {
  if (std::binary_search(column.missing_rows().begin(), column.missing_rows().end(), row)) return nullptr;
  if (column.double_values_size() > 0) return column.double_values(row);
  if (column.int_values_size() > 0) return column.int_values(row);
  return column.text_values(row);
}

std::string CellText(const nlohmann::ordered_json& cell) {
  if (cell.is_null()) return "";
  return cell.is_string() ? cell.get<std::string>() : cell.dump();
}

}  // namespace

absl::Status RowCollector::Take(const common::v1::SeriesMessage& message) {
  const common::v1::ColumnarBatch& batch = message.packed();
  for (int row = 0; row < batch.times_unix_ns_size(); ++row) {
    if (rows_.size() == limit_) {
      full_ = true;
      return absl::CancelledError();
    }
    nlohmann::ordered_json entry{
        {"symbol", batch.key().symbol()},
        {"time",
         absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixNanos(batch.times_unix_ns(row)), absl::UTCTimeZone())}};
    for (const common::v1::Column& column : batch.columns()) entry[column.name()] = Cell(column, row);
    rows_.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status RowCollector::Print(Printer& out, const absl::Status& read) const {
  if (!full_ && !read.ok()) return read;
  out.Result([&] { return rows_.dump(1) + "\n"; },
             [&] {
               Table table;
               for (const auto& row : rows_) {
                 for (const auto& [name, value] : row.items()) {
                   if (std::count(table.columns.begin(), table.columns.end(), name) == 0) table.columns.push_back(name);
                 }
               }
               for (const auto& row : rows_) {
                 std::vector<std::string> cells;
                 for (const std::string& name : table.columns)
                   cells.push_back(row.contains(name) ? CellText(row[name]) : "");
                 table.rows.push_back(std::move(cells));
               }
               out.Show(table);
               if (full_) out.Say(fmt::format("the first {} rows; more with --limit", limit_));
             });
  return absl::OkStatus();
}

}  // namespace breadthflow::cli
