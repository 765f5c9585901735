#include "services/data/domain/custom_resource.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/hash.h"

namespace breadthflow::data {
namespace {

constexpr size_t kMaxNameLength = 63;
constexpr size_t kMaxTextLength = 1'000;
constexpr size_t kMaxRules = 50;
constexpr size_t kMaxOrders = 100;
constexpr std::array<std::string_view, 9> kTaken = {"time",     "timestamp", "date",        "datetime", "symbol",
                                                    "resource", "timeframe", "price_basis", "calendar"};

std::string NameFault(std::string_view name) {
  return fmt::format("must be 1 to {} lower-case letters, digits and underscores that begin with a letter, was '{}'",
                     kMaxNameLength, name.substr(0, kMaxNameLength + 1));
}

class Checker {
 public:
  Checker(const Resource& resource, base::Violations& violations) : resource_(resource), violations_(violations) {}

  void Check() {
    if (!IsResourceId(resource_.id)) violations_.Add("resource_id", NameFault(resource_.id));
    CheckText("resource.description", resource_.description);
    CheckText("resource.frequency", resource_.frequency);
    CheckText("resource.time_meaning", resource_.time);
    if (resource_.rules.size() > kMaxRules) {
      violations_.Add("resource.rules", fmt::format("must be at most {}, were {}", kMaxRules, resource_.rules.size()));
    }
    for (size_t i = 0; i < std::min(resource_.rules.size(), kMaxRules); ++i) {
      CheckText(fmt::format("resource.rules[{}]", i), resource_.rules[i]);
    }
    if (resource_.bars && resource_.repeats) {
      violations_.Add("resource.has_repeated_times", "bars have one row per instant");
    }
    if (resource_.prices) CheckPrices();
    if (resource_.fields.empty() || resource_.fields.size() > kMaxFields) {
      violations_.Add("resource.fields", fmt::format("must be 1 to {}, were {}", kMaxFields, resource_.fields.size()));
    }
    for (size_t i = 0; i < std::min(resource_.fields.size(), kMaxFields); ++i) {
      CheckField(fmt::format("resource.fields[{}]", i), resource_.fields[i]);
    }
    CheckOrders();
    CheckIdentity();
  }

 private:
  void CheckText(const std::string& path, std::string_view text) {
    if (text.size() > kMaxTextLength) {
      violations_.Add(path, fmt::format("must be at most {} characters, were {}", kMaxTextLength, text.size()));
    }
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
      violations_.Add(path, "must not hold control characters");
    }
  }

  void CheckField(const std::string& path, const Field& field) {
    if (!IsResourceId(field.name)) {
      violations_.Add(path + ".name", NameFault(field.name));
    } else if (std::find(kTaken.begin(), kTaken.end(), field.name) != kTaken.end()) {
      violations_.Add(path + ".name",
                      fmt::format("'{}' is what files call the time, the symbol or the kind of a row", field.name));
    } else if (!names_.insert(field.name).second) {
      violations_.Add(path + ".name", fmt::format("{} appears twice", field.name));
    }
    CheckText(path + ".unit", field.unit);
    CheckText(path + ".description", field.description);
    CheckBounds(path, field);
    CheckValues(path, field);
  }

  // Adjustment goes by names.
  void CheckPrices() {
    const Field* close = resource_.Find("close");
    if (!resource_.bars || close == nullptr || close->type != quant::ColumnType::kDouble || !close->required) {
      violations_.Add(
          "resource.has_prices",
          "needs bars with a required double called close; beside it open, high, low, vwap and dividend are "
          "adjusted as prices, volume by splits, and nothing else");
    }
  }

  void CheckBounds(const std::string& path, const Field& field) {
    const bool number = field.type != quant::ColumnType::kText;
    for (const auto& [name, bound] : {std::pair("min", field.min), std::pair("max", field.max)}) {
      if (!bound) continue;
      if (!number) violations_.Add(fmt::format("{}.{}", path, name), "is for numbers");
      if (!std::isfinite(*bound)) {
        violations_.Add(fmt::format("{}.{}", path, name), fmt::format("must be a finite number, was {}", *bound));
      }
    }
    if (field.min_exclusive && !field.min) violations_.Add(path + ".min_exclusive", "needs a min");
    if (field.min && field.max && (*field.min > *field.max || (field.min_exclusive && *field.min == *field.max))) {
      violations_.Add(path + ".max",
                      fmt::format("leaves no value above the min of {}, was {}", *field.min, *field.max));
    }
  }

  void CheckValues(const std::string& path, const Field& field) {
    const bool text = field.type == quant::ColumnType::kText;
    if (field.date && !text) violations_.Add(path + ".is_date", "is for texts");
    if (field.one_of.empty()) return;
    const std::string values = path + ".allowed_values";
    if (!text) violations_.Add(values, "are for texts");
    if (field.date) violations_.Add(values, "can not be together with is_date");
    if (field.one_of.size() > kMaxAllowedValues) {
      violations_.Add(values, fmt::format("must be at most {}, were {}", kMaxAllowedValues, field.one_of.size()));
    }
    std::set<std::string_view> seen;
    for (size_t i = 0; i < std::min(field.one_of.size(), kMaxAllowedValues); ++i) {
      const std::string& value = field.one_of[i];
      const std::string at = fmt::format("{}[{}]", values, i);
      if (value.empty()) violations_.Add(at, "must not be empty");
      CheckText(at, value);
      if (!seen.insert(value).second) violations_.Add(at, fmt::format("{} appears twice", value.substr(0, 64)));
    }
  }

  void CheckIdentity() {
    if (!resource_.identity.empty() && !resource_.repeats) {
      violations_.Add("resource.identity_fields", "only rows that may share their instant have to be told apart");
    }
    for (size_t i = 0; i < std::min(resource_.identity.size(), kMaxFields); ++i) {
      if (resource_.Find(resource_.identity[i]) != nullptr) continue;
      violations_.Add(fmt::format("resource.identity_fields[{}]", i),
                      fmt::format("'{}' is not one of the fields", resource_.identity[i]));
    }
    if (resource_.identity.size() > kMaxFields) {
      violations_.Add("resource.identity_fields",
                      fmt::format("must be at most {}, were {}", kMaxFields, resource_.identity.size()));
    }
  }

  void CheckOrders() {
    if (resource_.orders.size() > kMaxOrders) {
      violations_.Add("resource.orders",
                      fmt::format("must be at most {}, were {}", kMaxOrders, resource_.orders.size()));
      return;
    }
    std::map<std::string_view, std::vector<std::string_view>> above;
    for (size_t i = 0; i < resource_.orders.size(); ++i) {
      const FieldOrder& order = resource_.orders[i];
      const std::string path = fmt::format("resource.orders[{}]", i);
      CheckNumber(path + ".low", order.low);
      CheckNumber(path + ".high", order.high);
      std::vector<std::string_view>& highs = above[order.low];
      if (order.low == order.high) {
        violations_.Add(path, fmt::format("{} is always in order with itself", order.low));
      } else if (std::find(highs.begin(), highs.end(), order.high) != highs.end()) {
        violations_.Add(path, fmt::format("{} below {} is there twice", order.low, order.high));
      } else if (Reaches(above, order.high, order.low)) {
        violations_.Add(path, fmt::format("closes a circle: {} is also below {}", order.high, order.low));
      } else {
        highs.push_back(order.high);
      }
    }
  }

  void CheckNumber(const std::string& path, const std::string& name) {
    const Field* field = resource_.Find(name);
    if (field == nullptr) {
      violations_.Add(path, fmt::format("there is no field '{}'", name.substr(0, kMaxNameLength + 1)));
    } else if (field->type == quant::ColumnType::kText) {
      violations_.Add(path, fmt::format("{} is no number", name));
    }
  }

  // Whether `to` is above `from` by way of others. The orders so far have no circle.
  static bool Reaches(const std::map<std::string_view, std::vector<std::string_view>>& above, std::string_view from,
                      std::string_view to) {
    std::vector<std::string_view> next{from};
    std::set<std::string_view> seen;
    while (!next.empty()) {
      const std::string_view at = next.back();
      next.pop_back();
      if (at == to) return true;
      const auto found = above.find(at);
      if (found == above.end() || !seen.insert(at).second) continue;
      next.insert(next.end(), found->second.begin(), found->second.end());
    }
    return false;
  }

  const Resource& resource_;
  base::Violations& violations_;
  std::set<std::string_view> names_;
};

}  // namespace

bool IsResourceId(std::string_view id) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !id.empty() && id.size() <= kMaxNameLength && lower(id[0]) &&
         std::all_of(id.begin(), id.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

void CheckDefinition(const Resource& resource, base::Violations& violations) { Checker(resource, violations).Check(); }

std::string Fingerprint(const Resource& resource) {
  base::Sha256 hash;
  hash.Text(resource.id).Text(resource.description).Text(resource.frequency).Text(resource.time);
  hash.Int(resource.prices ? 1 : 0).Int(resource.bars ? 1 : 0).Int(resource.repeats ? 1 : 0);
  const auto add_bound = [&](const std::optional<double>& bound) {
    hash.Text(bound ? fmt::format("{}", *bound) : "none");
  };
  hash.Int(static_cast<int64_t>(resource.fields.size()));
  for (const Field& field : resource.fields) {
    hash.Text(field.name).Int(static_cast<int64_t>(field.type)).Text(field.unit).Text(field.description);
    hash.Int(field.required ? 1 : 0).Int(field.min_exclusive ? 1 : 0).Int(field.date ? 1 : 0);
    add_bound(field.min);
    add_bound(field.max);
    hash.Int(static_cast<int64_t>(field.one_of.size()));
    for (const std::string& value : field.one_of) hash.Text(value);
  }
  hash.Int(static_cast<int64_t>(resource.rules.size()));
  for (const std::string& rule : resource.rules) hash.Text(rule);
  hash.Int(static_cast<int64_t>(resource.orders.size()));
  for (const FieldOrder& order : resource.orders) hash.Text(order.low).Text(order.high);
  for (const std::string& name : resource.identity) hash.Text(name);
  return hash.FinishHex();
}

}  // namespace breadthflow::data
