#include "services/registry/domain/component_rules.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "services/registry/domain/version.h"

namespace breadthflow::registry {
namespace {

using component::ParamSpec;

constexpr std::string_view kIdentifierRule = "must be 1 to 63 characters of a-z 0-9 _ and begin with a letter";

bool IsIdentifier(std::string_view text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= 63 && lower(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

void CheckIdentifier(std::string_view field, std::string_view text, base::Violations& violations) {
  if (!IsIdentifier(text)) violations.Add(field, fmt::format("{}, was '{}'", kIdentifierRule, text));
}

void CheckDescription(const std::string& field, std::string_view text, base::Violations& violations) {
  if (text.size() <= kMaxDescriptionBytes) return;
  violations.Add(field, fmt::format("must be at most {} bytes, was {}", kMaxDescriptionBytes, text.size()));
}

void CheckParam(const std::string& field, const ParamSpec& spec, base::Violations& violations) {
  CheckIdentifier(field + ".name", spec.name, violations);
  CheckDescription(field + ".description", spec.description, violations);
  if (spec.min && spec.max && *spec.min > *spec.max) {
    violations.Add(field + ".min", fmt::format("must not be above max, was {} > {}", *spec.min, *spec.max));
  }
  if (spec.required) return;
  ParamSpec named = spec;
  named.name = "value";  // the name itself was judged above
  const absl::Status accepted = component::Params::Check({named}, {{"value", spec.default_value}}).status();
  for (const base::FieldViolation& violation : base::DetailsOf(accepted).violations) {
    violations.Add(field + ".default_value", violation.description);
  }
}

std::string Text(const ParamSpec& spec) {
  std::string text = fmt::format("{}", component::ToText(spec.type));
  text += spec.required ? ", required" : fmt::format(", default {}", component::ToText(spec.default_value));
  if (spec.min) text += fmt::format(", min {}", *spec.min);
  if (spec.max) text += fmt::format(", max {}", *spec.max);
  if (!spec.choices.empty()) text += fmt::format(", one of {}", fmt::join(spec.choices, "|"));
  return text;
}

std::map<std::string, const ParamSpec*> ByName(const std::vector<ParamSpec>& params) {
  std::map<std::string, const ParamSpec*> by_name;
  for (const ParamSpec& spec : params) by_name[spec.name] = &spec;
  return by_name;
}

}  // namespace

absl::Status CheckAnnouncement(std::string_view service, const std::vector<Offer>& offers) {
  base::Violations violations;
  CheckIdentifier("service", service, violations);
  if (offers.size() > kMaxComponents) {
    violations.Add("components", fmt::format("must be at most {}, were {}", kMaxComponents, offers.size()));
    return violations.ToStatus("invalid announcement", "INVALID_ANNOUNCEMENT");
  }
  std::set<ComponentKey> seen;
  for (size_t i = 0; i < offers.size(); ++i) {
    const auto& [info, params] = offers[i];
    const std::string field = fmt::format("components[{}]", i);
    CheckIdentifier(field + ".kind", info.kind, violations);
    CheckIdentifier(field + ".name", info.name, violations);
    CheckDescription(field + ".description", info.description, violations);
    violations.Merge(field + ".version", ParseVersion(info.version).status());
    const ComponentKey key{info.kind, info.name, info.version};
    if (!seen.insert(key).second) violations.Add(field, fmt::format("{} is announced twice", NameOf(key)));
    if (params.size() > kMaxParams) {
      violations.Add(field + ".params", fmt::format("must be at most {}, were {}", kMaxParams, params.size()));
      continue;
    }
    std::set<std::string> names;
    for (size_t j = 0; j < params.size(); ++j) {
      const std::string param_field = fmt::format("{}.params[{}]", field, j);
      if (!names.insert(params[j].name).second) {
        violations.Add(param_field + ".name", fmt::format("'{}' occurs twice", params[j].name));
      }
      CheckParam(param_field, params[j], violations);
    }
  }
  return violations.ToStatus("invalid announcement", "INVALID_ANNOUNCEMENT");
}

std::string Fingerprint(const std::vector<ParamSpec>& params) {
  base::Sha256 hash;
  const auto number = [&](const std::optional<double>& value) {
    hash.Int(value.has_value());
    if (value) hash.Double(*value);
  };
  for (const auto& [name, spec] : ByName(params)) {
    hash.Text(name).Int(static_cast<int64_t>(spec->type)).Int(spec->required);
    hash.Text(spec->required ? std::string() : component::ToText(spec->default_value));
    number(spec->min);
    number(spec->max);
    hash.Int(static_cast<int64_t>(spec->choices.size()));
    for (const std::string& choice : spec->choices) hash.Text(choice);
  }
  return hash.FinishHex();
}

std::string Difference(const std::vector<ParamSpec>& known, const std::vector<ParamSpec>& offered) {
  std::vector<std::string> parts;
  const auto before = ByName(known);
  const auto after = ByName(offered);
  for (const auto& [name, spec] : after) {
    const auto found = before.find(name);
    if (found == before.end()) {
      parts.push_back(fmt::format("{}: added", name));
    } else if (Text(*spec) != Text(*found->second)) {
      parts.push_back(fmt::format("{}: {}; was {}", name, Text(*spec), Text(*found->second)));
    }
  }
  for (const auto& [name, spec] : before) {
    if (!after.contains(name)) parts.push_back(fmt::format("{}: removed", name));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

ComponentKey KeyOf(const component::ComponentInfo& info) { return {info.kind, info.name, info.version}; }

std::string NameOf(const ComponentKey& key) {
  return fmt::format("components/{}/{}/{}", key.kind, key.name, key.version);
}

absl::Status ComponentChanged(const std::vector<std::pair<Offer, Offer>>& changes) {
  std::string message = "known versions were announced with other parameters; raise the version of what changed";
  base::ErrorDetails details{.reason = "COMPONENT_CHANGED", .metadata = {}, .violations = {}, .retry_after = {}};
  for (const auto& [known, offered] : changes) {
    const std::string name = NameOf(KeyOf(offered.info));
    const std::string difference = Difference(known.params, offered.params);
    message += fmt::format("{}{} ({})", &known == &changes.front().first ? ": " : "; ", name, difference);
    details.violations.push_back({name, difference});
  }
  return base::MakeError(absl::StatusCode::kAlreadyExists, message, details);
}

absl::Status ComponentNotFound(std::string_view name, const std::vector<std::string>& known) {
  return base::MakeError(
      absl::StatusCode::kNotFound,
      fmt::format("no component '{}'; {}", name,
                  known.empty() ? std::string("none is known") : fmt::format("known are {}", fmt::join(known, ", "))),
      {.reason = "COMPONENT_NOT_FOUND",
       .metadata = {{"name", std::string(name)}},
       .violations = {},
       .retry_after = {}});
}

absl::StatusOr<ComponentName> ParseName(std::string_view name) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= name.size();) {
    const size_t slash = std::min(name.find('/', at), name.size());
    parts.emplace_back(name.substr(at, slash - at));
    at = slash + 1;
  }
  const bool shaped = (parts.size() == 3 || parts.size() == 4) && parts[0] == "components" && IsIdentifier(parts[1]) &&
                      IsIdentifier(parts[2]) && (parts.size() == 3 || ParseVersion(parts[3]).ok());
  if (!shaped) {
    base::Violations violations;
    violations.Add(
        "name", fmt::format("must be components/KIND/COMPONENT or components/KIND/COMPONENT/VERSION, was '{}'", name));
    return violations.ToStatus("invalid name");
  }
  ComponentName parsed{parts[1], parts[2], std::nullopt};
  if (parts.size() == 4) parsed.version = parts[3];
  return parsed;
}

}  // namespace breadthflow::registry
