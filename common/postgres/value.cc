#include "common/postgres/value.h"

#include <charconv>

#include <fmt/format.h>

#include "common/postgres/param_text.h"
#include "common/postgres/text_connection.h"

namespace breadthflow::postgres {
namespace {

template <typename T>
bool ParseNumber(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string TextArray(const std::vector<std::string>& values) {
  std::string out = "{";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

std::string IntArray(const std::vector<int64_t>& values) { return fmt::format("{{{}}}", fmt::join(values, ",")); }

int Row::size() const { return static_cast<int>(result_->rows.columns()); }

std::string_view Row::Field(int column) const {
  if (index_ >= result_->rows.size() || column < 0 || column >= size()) {
    *result_->misread = true;
    return {};
  }
  const pqxx::field field = result_->rows[static_cast<pqxx::result::size_type>(index_)][column];
  return std::string_view(field.c_str(), field.size());
}

bool Row::IsNull(int column) const {
  if (index_ >= result_->rows.size() || column < 0 || column >= size()) {
    *result_->misread = true;
    return true;
  }
  return result_->rows[static_cast<pqxx::result::size_type>(index_)][column].is_null();
}

std::string Row::Text(int column) const { return std::string(Field(column)); }

int64_t Row::Int(int column) const {
  int64_t value = 0;
  if (!ParseNumber(Field(column), &value)) *result_->misread = true;
  return value;
}

double Row::Double(int column) const {
  double value = 0;
  if (!ParseNumber(Field(column), &value)) *result_->misread = true;
  return value;
}

bool Row::Bool(int column) const {
  const std::string_view text = Field(column);
  if (text != "t" && text != "f") *result_->misread = true;
  return text == "t";
}

absl::Time Row::Time(int column) const {
  absl::Time value = absl::UnixEpoch();
  if (!ParseTimeText(Field(column), &value)) *result_->misread = true;
  return value;
}

std::string Row::Bytes(int column) const {
  std::string value;
  if (!ParseHexBytes(Field(column), &value)) *result_->misread = true;
  return value;
}

size_t Rows::size() const { return result_ == nullptr ? 0 : result_->rows.size(); }

}  // namespace breadthflow::postgres
