#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace breadthflow::component {

// A value as it was given: by RPC, configuration or command line. Types are strict: a whole number is accepted where a
// double is wanted, nothing else is converted.
using ParamValue = std::variant<int64_t, double, bool, std::string>;
using RawParams = std::map<std::string, ParamValue>;

enum class ParamType { kInt, kDouble, kBool, kString };

// What one parameter of a component accepts. `min` and `max` are inclusive and apply to numbers; `choices`, when not
// empty, lists the only accepted texts; `required` means that there is no default. `unit` is for people ("bars", "bps",
// "fraction").
struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kInt;
  ParamValue default_value = int64_t{0};
  std::optional<double> min;
  std::optional<double> max;
  std::vector<std::string> choices;
  bool required = false;
  std::string unit;
  std::string description;
};

ParamSpec IntParam(std::string name, int64_t default_value, int64_t min, int64_t max, std::string unit,
                   std::string description);
ParamSpec DoubleParam(std::string name, double default_value, double min, double max, std::string unit,
                      std::string description);
ParamSpec BoolParam(std::string name, bool default_value, std::string description);
ParamSpec StringParam(std::string name, std::string default_value, std::string description);
ParamSpec ChoiceParam(std::string name, std::string default_value, std::vector<std::string> choices,
                      std::string description);

// The same parameter without a default: Params::Check refuses its absence.
ParamSpec Required(ParamSpec spec);

// Checked values: every parameter of the spec is present, typed and in range. Immutable; cheap to copy.
class Params {
 public:
  Params() = default;

  // Fills defaults and checks types, ranges and choices. INVALID_ARGUMENT with every violation: unknown names, wrong
  // types, values out of range ("period must be in [2, 500], was 0"), missing required ones. NaN and infinity are
  // refused.
  static absl::StatusOr<Params> Check(const std::vector<ParamSpec>& specs, const RawParams& given);

  // Asking for a name or type that the spec does not have is a programming error and aborts.
  int64_t Int(std::string_view name) const;
  double Double(std::string_view name) const;
  bool Bool(std::string_view name) const;
  const std::string& String(std::string_view name) const;

  const RawParams& values() const { return values_; }

 private:
  const ParamValue& At(std::string_view name) const;
  RawParams values_;
};

// "14" -> int64, "0.5" -> double, "true"/"false" -> bool, anything else text. What the command line does with `--param
// a=b`.
ParamValue ParseParamText(std::string_view text);

std::string ToText(const ParamValue& value);
std::string_view ToText(ParamType type);

}  // namespace breadthflow::component
