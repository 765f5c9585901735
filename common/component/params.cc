#include "common/component/params.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"

namespace breadthflow::component {
namespace {

std::string Number(double value) { return fmt::format("{}", value); }

// Converts `given` to the type of `spec`, or says why it can not.
absl::StatusOr<ParamValue> Convert(const ParamSpec& spec, const ParamValue& given) {
  const auto wrong = [&](std::string_view found) {
    return absl::InvalidArgumentError(fmt::format("must be {}, was {} '{}'", ToText(spec.type), found, ToText(given)));
  };
  if (std::holds_alternative<int64_t>(given)) {
    if (spec.type == ParamType::kInt) return given;
    if (spec.type == ParamType::kDouble) return ParamValue(static_cast<double>(std::get<int64_t>(given)));
    return wrong("integer");
  }
  if (std::holds_alternative<double>(given))
    return spec.type == ParamType::kDouble ? absl::StatusOr<ParamValue>(given) : wrong("number");
  if (std::holds_alternative<bool>(given))
    return spec.type == ParamType::kBool ? absl::StatusOr<ParamValue>(given) : wrong("boolean");
  return spec.type == ParamType::kString ? absl::StatusOr<ParamValue>(given) : wrong("text");
}

absl::Status CheckRange(const ParamSpec& spec, const ParamValue& value) {
  if (spec.type == ParamType::kString) {
    const auto& text = std::get<std::string>(value);
    if (!spec.choices.empty() && std::find(spec.choices.begin(), spec.choices.end(), text) == spec.choices.end()) {
      return absl::InvalidArgumentError(
          fmt::format("must be one of {}, was '{}'", fmt::join(spec.choices, ", "), text));
    }
    return absl::OkStatus();
  }
  if (spec.type == ParamType::kBool) return absl::OkStatus();
  const double number =
      spec.type == ParamType::kInt ? static_cast<double>(std::get<int64_t>(value)) : std::get<double>(value);
  if (!std::isfinite(number)) return absl::InvalidArgumentError(fmt::format("must be finite, was {}", number));
  if ((spec.min && number < *spec.min) || (spec.max && number > *spec.max)) {
    return absl::InvalidArgumentError(fmt::format("must be in [{}, {}], was {}", spec.min ? Number(*spec.min) : "-inf",
                                                  spec.max ? Number(*spec.max) : "inf", ToText(value)));
  }
  return absl::OkStatus();
}

ParamSpec Spec(std::string name, ParamType type, ParamValue default_value, std::string description) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = type;
  spec.default_value = std::move(default_value);
  spec.description = std::move(description);
  return spec;
}

}  // namespace

ParamSpec IntParam(std::string name, int64_t default_value, int64_t min, int64_t max, std::string unit,
                   std::string description) {
  ParamSpec spec = Spec(std::move(name), ParamType::kInt, default_value, std::move(description));
  spec.min = static_cast<double>(min);
  spec.max = static_cast<double>(max);
  spec.unit = std::move(unit);
  return spec;
}

ParamSpec DoubleParam(std::string name, double default_value, double min, double max, std::string unit,
                      std::string description) {
  ParamSpec spec = Spec(std::move(name), ParamType::kDouble, default_value, std::move(description));
  spec.min = min;
  spec.max = max;
  spec.unit = std::move(unit);
  return spec;
}

ParamSpec BoolParam(std::string name, bool default_value, std::string description) {
  return Spec(std::move(name), ParamType::kBool, default_value, std::move(description));
}

ParamSpec StringParam(std::string name, std::string default_value, std::string description) {
  return Spec(std::move(name), ParamType::kString, std::move(default_value), std::move(description));
}

ParamSpec ChoiceParam(std::string name, std::string default_value, std::vector<std::string> choices,
                      std::string description) {
  ParamSpec spec = StringParam(std::move(name), std::move(default_value), std::move(description));
  spec.choices = std::move(choices);
  return spec;
}

ParamSpec Required(ParamSpec spec) {
  spec.required = true;
  return spec;
}

absl::StatusOr<Params> Params::Check(const std::vector<ParamSpec>& specs, const RawParams& given) {
  base::Violations violations;
  Params params;
  for (const ParamSpec& spec : specs) {
    const auto found = given.find(spec.name);
    if (found == given.end()) {
      if (spec.required)
        violations.Add(spec.name, "is required");
      else
        params.values_[spec.name] = spec.default_value;
      continue;
    }
    absl::StatusOr<ParamValue> value = Convert(spec, found->second);
    absl::Status status = value.ok() ? CheckRange(spec, *value) : value.status();
    if (!status.ok())
      violations.Add(spec.name, base::Message(status));
    else
      params.values_[spec.name] = *std::move(value);
  }
  for (const auto& [name, value] : given) {
    const bool known =
        std::any_of(specs.begin(), specs.end(), [&](const ParamSpec& spec) { return spec.name == name; });
    if (known) continue;
    std::vector<std::string> names;
    for (const ParamSpec& spec : specs) names.push_back(spec.name);
    violations.Add(name, names.empty() ? std::string("unknown parameter; none is accepted")
                                       : fmt::format("unknown parameter; known are {}", fmt::join(names, ", ")));
  }
  if (!violations.empty()) return violations.ToStatus("invalid parameters", "INVALID_PARAMS");
  return params;
}

const ParamValue& Params::At(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  if (found == values_.end()) std::abort();
  return found->second;
}

int64_t Params::Int(std::string_view name) const { return std::get<int64_t>(At(name)); }
double Params::Double(std::string_view name) const { return std::get<double>(At(name)); }
bool Params::Bool(std::string_view name) const { return std::get<bool>(At(name)); }
const std::string& Params::String(std::string_view name) const { return std::get<std::string>(At(name)); }

ParamValue ParseParamText(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const char* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, whole); error == std::errc() && at == end)
    return whole;
  double number = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, number); error == std::errc() && at == end)
    return number;
  return std::string(text);
}

std::string ToText(const ParamValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&value)) return Number(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<std::string>(value);
}

std::string_view ToText(ParamType type) {
  switch (type) {
    case ParamType::kInt:
      return "integer";
    case ParamType::kDouble:
      return "number";
    case ParamType::kBool:
      return "boolean";
    case ParamType::kString:
      return "text";
  }
  return "unknown";
}

}  // namespace breadthflow::component
