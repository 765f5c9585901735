#include "services/data/domain/resource.h"

#include <algorithm>
#include <cmath>

#include "absl/time/civil_time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace breadthflow::data {

const Field* Resource::Find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

absl::StatusOr<const Resource*> FindResource(std::string_view id) {
  std::vector<std::string> known;
  for (const Resource& resource : Resources()) {
    if (resource.id == id) return &resource;
    known.push_back(resource.id);
  }
  return UnknownResource(id, known);
}

absl::Status UnknownResource(std::string_view id, const std::vector<std::string>& known) {
  return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE",
                         fmt::format("unknown resource '{}'; known are {}", id.substr(0, 64), fmt::join(known, ", ")));
}

std::optional<std::string> Fault(const Field& field, double value) {
  if (!std::isfinite(value)) return fmt::format("{} must be a finite number, was {}", field.name, value);
  if (field.max && value > *field.max) {
    return fmt::format("{} must not be above {}, was {}", field.name, *field.max, value);
  }
  if (!field.min) return std::nullopt;
  if (field.min_exclusive && !(value > *field.min)) {
    return fmt::format("{} must be above {}, was {}", field.name, *field.min, value);
  }
  if (*field.min > 0 && value <= 0) return fmt::format("{} must be above 0, was {}", field.name, value);
  if (value < *field.min) return fmt::format("{} must not be below {}, was {}", field.name, *field.min, value);
  return std::nullopt;
}

std::optional<std::string> Fault(const Field& field, int64_t value) { return Fault(field, static_cast<double>(value)); }

std::optional<std::string> Fault(const Field& field, std::string_view value) {
  if (field.date) {
    absl::CivilDay day;
    if (value.size() == 10 && absl::ParseCivilTime(std::string(value), &day)) return std::nullopt;
    return fmt::format("{} must be a date YYYY-MM-DD, was '{}'", field.name, value.substr(0, 64));
  }
  if (field.one_of.empty() || std::find(field.one_of.begin(), field.one_of.end(), value) != field.one_of.end()) {
    return std::nullopt;
  }
  return fmt::format("{} must be one of {}, was '{}'", field.name, fmt::join(field.one_of, ", "), value.substr(0, 64));
}

std::optional<std::string> OrderFault(const FieldOrder& order, std::optional<double> low, std::optional<double> high) {
  if (!low || !high || !(*high < *low)) return std::nullopt;
  return fmt::format("{} must not be below {}, were {} and {}", order.high, order.low, *high, *low);
}

bool IsExtra(std::string_view column) {
  const size_t dot = column.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < column.size();
}

namespace {

std::optional<double> NumberAt(const quant::Column& column, size_t row) {
  if (row >= column.size() || !column.present(row)) return std::nullopt;
  if (const auto* doubles = std::get_if<std::vector<double>>(&column.values)) return (*doubles)[row];
  if (const auto* ints = std::get_if<std::vector<int64_t>>(&column.values)) return static_cast<double>((*ints)[row]);
  return std::nullopt;
}

void CheckOrder(const FieldOrder& order, const quant::Series& series,
                const std::function<std::string(size_t row)>& label, base::Violations& violations) {
  const quant::Column* low = series.Find(order.low);
  const quant::Column* high = series.Find(order.high);
  if (low == nullptr || high == nullptr) return;
  for (size_t row = 0; row < series.size(); ++row) {
    if (const auto fault = OrderFault(order, NumberAt(*low, row), NumberAt(*high, row))) {
      violations.Add(label(row), *fault);
    }
  }
}

}  // namespace

void CheckSeries(const Resource& resource, const quant::Series& series,
                 const std::function<std::string(size_t row)>& label, base::Violations& violations) {
  if (resource.prices == (series.basis == quant::PriceBasis::kNotPrices)) {
    violations.Add("basis", resource.prices ? "the source must declare how prices were adjusted"
                                            : fmt::format("{} has no prices to adjust", resource.id));
  }
  for (const quant::Column& column : series.columns) {
    const Field* field = resource.Find(column.name);
    if (field == nullptr && IsExtra(column.name)) continue;
    if (field == nullptr) {
      violations.Add(column.name, resource.bars && column.name == kIsFilled
                                      ? std::string(kFilledRows)
                                      : fmt::format("{} has no such field", resource.id));
      continue;
    }
    if (field->type != column.type() || column.size() != series.size()) {
      violations.Add(column.name, "has another type or length than the resource says");
      continue;
    }
    std::visit(
        [&](const auto& values) {
          for (size_t row = 0; row < series.size(); ++row) {
            if (!column.present(row)) {
              if (field->required) violations.Add(label(row), fmt::format("{} is missing", field->name));
            } else if (const auto fault = Fault(*field, values[row])) {
              violations.Add(label(row), *fault);
            }
          }
        },
        column.values);
  }
  for (const Field& field : resource.fields) {
    if (field.required && series.Find(field.name) == nullptr && !series.empty()) {
      violations.Add(field.name, "column is missing");
    }
  }
  if (!resource.repeats) {
    for (size_t row = 1; row < series.size(); ++row) {
      if (series.times[row] == series.times[row - 1]) {
        violations.Add(label(row), fmt::format("{} has one row per instant, this one repeats it", resource.id));
      }
    }
  }
  for (const FieldOrder& order : resource.orders) CheckOrder(order, series, label, violations);
}

std::optional<std::string> SymbolFault(std::string_view symbol) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '^' || c == '=';
  };
  if (!symbol.empty() && symbol.size() <= 32 && symbol[0] != '.' &&
      std::all_of(symbol.begin(), symbol.end(), allowed)) {
    return std::nullopt;
  }
  return fmt::format("must be 1 to 32 characters of A-Z 0-9 . - ^ = and not begin with a dot, was '{}'",
                     symbol.substr(0, 64));
}

}  // namespace breadthflow::data
