#include "services/cli/csv_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <streambuf>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/quant/series.h"
#include "services/cli/series_batch.h"

namespace breadthflow::cli {
namespace {

using quant::ColumnType;

template <typename T>
std::optional<T> Parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool CsvReader::ReadRecord() {
  cells_.clear();
  good_ = true;
  begin_ = line_ + 1;
  std::streambuf& bytes = *in_.rdbuf();
  int c = bytes.sbumpc();
  if (c == EOF) return false;
  ++line_;
  Cell cell;
  bool open = false;  // inside of quotes
  for (;; c = bytes.sbumpc()) {
    if (c == EOF) {
      if (open) Refuse(begin_, "a quote is opened and never closed");
      cells_.push_back(std::move(cell));
      return true;
    }
    const char character = static_cast<char>(c);
    if (open) {
      if (character != '"') {
        line_ += character == '\n' ? 1 : 0;
        cell.text += character;
      } else if (bytes.sgetc() == '"') {
        bytes.sbumpc();
        cell.text += '"';
      } else {
        open = false;
      }
    } else if (character == '"' && cell.text.empty() && !cell.quoted) {
      open = cell.quoted = true;
    } else if (character == ',') {
      cells_.push_back(std::exchange(cell, {}));
    } else if (character == '\n') {
      if (!cell.quoted && cell.text.ends_with('\r')) cell.text.pop_back();
      cells_.push_back(std::move(cell));
      return true;
    } else if (cell.quoted) {
      if (character != '\r') Refuse(line_, "there is text after a closing quote");
    } else {
      cell.text += character;
    }
  }
}

void CsvReader::Refuse(int64_t line, std::string_view text) {
  if (std::exchange(good_, false)) Complain(line, text);
}

bool CsvReader::ReadHeader() {
  const bool any = ReadRecord();
  if (!any || cells_.size() < 2 || cells_[0].text != "symbol" || cells_[1].text != "time") {
    Complain(1, "the header must begin with symbol,time");
    return false;
  }
  std::map<std::string, int> names;
  for (const Cell& cell : cells_) {
    if (++names[cell.text] == 2) Complain(1, fmt::format("two columns are called '{}'", cell.text));
    header_.push_back(cell.text);
  }
  for (const std::string_view name : kDescription) {
    const auto found = std::find(header_.begin() + 2, header_.end(), name);
    described_.push_back(found == header_.end() ? 0 : static_cast<size_t>(found - header_.begin()));
  }
  const auto place_of = [&](std::string_view name) {
    const auto found = std::find(header_.begin() + 2, header_.end(), name);
    return IsSaid(name) && found != header_.end() ? static_cast<size_t>(found - header_.begin()) : 0;
  };
  calendar_at_ = place_of(kCalendar);
  day_at_ = place_of(kAdjustedAsOf);
  return true;
}

bool CsvReader::ReadRow() {
  if (header_.empty() && !ReadHeader()) return false;
  while (ReadRecord()) {
    if (!good_) continue;
    if (cells_.size() != header_.size()) {
      Complain(begin_, fmt::format("expected {} cells, found {}", header_.size(), cells_.size()));
      continue;
    }
    symbol_ = cells_[0].text;
    for (size_t i = 0; i < described_.size(); ++i) {
      description_[i] = described_[i] == 0 ? std::string() : cells_[described_[i]].text;
    }
    calendar_ = calendar_at_ == 0 ? std::string() : cells_[calendar_at_].text;
    day_ = day_at_ == 0 ? std::string() : cells_[day_at_].text;
    return true;
  }
  return false;
}

void CsvReader::PutRow() {
  if (!Check(batch_.Begin(symbol_, cells_[1].text, begin_))) return;
  for (size_t i = 2; i < cells_.size(); ++i) {
    CellValue value;
    if (cells_[i].text.empty() && !cells_[i].quoted) continue;
    if (std::find(described_.begin(), described_.end(), i) != described_.end() || i == calendar_at_ || i == day_at_) {
      continue;
    }
    const auto whole = Parse<int64_t>(cells_[i].text);
    const auto number = Parse<double>(cells_[i].text);
    if (cells_[i].quoted || batch_.TypeOf(header_[i]) == ColumnType::kText) {
      value.kind = CellValue::Kind::kText;
      value.text = std::move(cells_[i].text);
    } else if (whole) {
      value.kind = CellValue::Kind::kWhole;
      value.whole = *whole;
    } else if (number) {
      value.kind = CellValue::Kind::kNumber;
      value.number = *number;
    } else {
      Complain(begin_, fmt::format("{} must be a number, was '{}'", header_[i], cells_[i].text.substr(0, 64)));
      continue;
    }
    Check(batch_.Put(header_[i], std::move(value)));
  }
}

}  // namespace breadthflow::cli
