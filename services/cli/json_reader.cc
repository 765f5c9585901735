#include "services/cli/json_reader.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "services/cli/series_batch.h"

namespace breadthflow::cli {

bool JsonReader::ReadRow() {
  std::string text;
  while (std::getline(in_, text)) {
    begin_ = ++line_;
    if (text.empty()) continue;
    row_ = nlohmann::ordered_json::parse(text, nullptr, false);
    if (TakeNames()) return true;
  }
  return false;
}

bool JsonReader::TakeNames() {
  if (!row_.is_object()) {
    Complain(line_, "must be a JSON object");
    return false;
  }
  bool good = true;
  const auto text_of = [&](const std::string& name, bool required) -> std::string {
    const auto found = row_.find(name);
    if (found != row_.end() && found->is_string()) return found->get<std::string>();
    if (required || (found != row_.end() && !found->is_null())) {
      Complain(line_, fmt::format("must have a text \"{}\"", name));
      good = false;
    }
    return "";
  };
  symbol_ = text_of("symbol", true);
  text_of("time", true);
  for (size_t i = 0; i < kDescription.size(); ++i) description_[i] = text_of(std::string(kDescription[i]), false);
  calendar_ = IsSaid(kCalendar) ? text_of(std::string(kCalendar), false) : std::string();
  day_ = IsSaid(kAdjustedAsOf) ? text_of(std::string(kAdjustedAsOf), false) : std::string();
  return good;
}

void JsonReader::PutRow() {
  if (!Check(batch_.Begin(symbol_, row_["time"].get<std::string>(), line_))) return;
  for (auto& [name, cell] : row_.items()) {
    if (name == "symbol" || name == "time" || cell.is_null()) continue;
    if ((name == kCalendar || name == kAdjustedAsOf) && IsSaid(name)) continue;
    if (std::find(kDescription.begin(), kDescription.end(), name) != kDescription.end()) continue;
    CellValue value;
    if (cell.is_string()) {
      value.kind = CellValue::Kind::kText;
      value.text = cell.get<std::string>();
    } else if (cell.is_number_unsigned() && cell.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
      Complain(line_, fmt::format("{} does not fit 64 bits", name));
      continue;
    } else if (cell.is_number_integer()) {
      value.kind = CellValue::Kind::kWhole;
      value.whole = cell.get<int64_t>();
    } else if (cell.is_number()) {
      value.kind = CellValue::Kind::kNumber;
      value.number = cell.get<double>();
    } else {
      Complain(line_, fmt::format("{} must be a number, a text or null", name));
      continue;
    }
    Check(batch_.Put(name, std::move(value)));
  }
}

}  // namespace breadthflow::cli
