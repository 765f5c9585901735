#include "services/data/domain/resource.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace breadthflow::data {

const Field* Resource::Find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

absl::StatusOr<const Resource*> FindResource(std::string_view id) {
  std::string known;
  for (const Resource& resource : Resources()) {
    if (resource.id == id) return &resource;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", resource.id);
  }
  return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE",
                         fmt::format("unknown resource '{}'; known are {}", id, known));
}

std::optional<std::string> Fault(const Field& field, double value) {
  if (!std::isfinite(value)) return fmt::format("{} must be a finite number, was {}", field.name, value);
  if (!field.min) return std::nullopt;
  if (field.min_exclusive && !(value > *field.min)) {
    return fmt::format("{} must be above {}, was {}", field.name, *field.min, value);
  }
  if (value < *field.min) return fmt::format("{} must not be below {}, was {}", field.name, *field.min, value);
  return std::nullopt;
}

void CheckSeries(const Resource& resource, const quant::Series& series,
                 const std::function<std::string(size_t row)>& label, base::Violations& violations) {
  if (resource.prices == (series.basis == quant::PriceBasis::kNotPrices)) {
    violations.Add("basis", resource.prices ? "the source must declare how prices were adjusted"
                                            : fmt::format("{} has no prices to adjust", resource.id));
  }
  for (const quant::Column& column : series.columns) {
    const Field* field = resource.Find(column.name);
    if (field == nullptr) {
      violations.Add(column.name, fmt::format("{} has no such field", resource.id));
      continue;
    }
    if (field->type != column.type() || column.size() != series.size()) {
      violations.Add(column.name, "has another type or length than the resource says");
      continue;
    }
    const auto* values = std::get_if<std::vector<double>>(&column.values);
    for (size_t row = 0; row < series.size(); ++row) {
      if (!column.present(row)) {
        if (field->required) violations.Add(label(row), fmt::format("{} is missing", field->name));
        continue;
      }
      if (values == nullptr) continue;
      if (const auto fault = Fault(*field, (*values)[row])) violations.Add(label(row), *fault);
    }
  }
  for (const Field& field : resource.fields) {
    if (field.required && series.Find(field.name) == nullptr && !series.empty()) {
      violations.Add(field.name, "column is missing");
    }
  }
  const std::span<const double> high = series.Doubles("high");
  const std::span<const double> low = series.Doubles("low");
  for (size_t row = 0; row < std::min(high.size(), low.size()); ++row) {
    if (high[row] < low[row]) {
      violations.Add(label(row), fmt::format("high must not be below low, were {} and {}", high[row], low[row]));
    }
  }
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
