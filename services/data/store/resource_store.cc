#include "services/data/store/resource_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "services/data/domain/custom_resource.h"

namespace breadthflow::data {
namespace {

using nlohmann::json;

constexpr std::string_view kFind = "SELECT id, definition::text FROM resource WHERE id = $1";
constexpr std::string_view kList = "SELECT id, definition::text FROM resource ORDER BY id";
constexpr std::string_view kInsert = R"sql(
  INSERT INTO resource (id, definition, principal) VALUES ($1, $2::jsonb, $3)
  ON CONFLICT ON CONSTRAINT resource_pkey DO NOTHING)sql";

std::string ToJson(const Resource& resource) {
  json fields = json::array();
  for (const Field& field : resource.fields) {
    json one = {{"name", field.name},
                {"type", static_cast<int>(field.type)},
                {"unit", field.unit},
                {"required", field.required},
                {"min_exclusive", field.min_exclusive},
                {"is_date", field.date},
                {"allowed_values", field.one_of},
                {"description", field.description}};
    if (field.min) one["min"] = *field.min;
    if (field.max) one["max"] = *field.max;
    fields.push_back(std::move(one));
  }
  json orders = json::array();
  for (const FieldOrder& order : resource.orders) orders.push_back({{"low", order.low}, {"high", order.high}});
  return json{{"description", resource.description},
              {"fields", fields},
              {"frequency", resource.frequency},
              {"rules", resource.rules},
              {"orders", orders},
              {"has_prices", resource.prices},
              {"has_bars", resource.bars},
              {"has_repeated_times", resource.repeats},
              {"identity_fields", resource.identity},
              {"time_meaning", resource.time}}
      .dump();
}

std::optional<double> Bound(const json& field, const char* name) {
  return field.contains(name) ? std::optional(field.at(name).get<double>()) : std::nullopt;
}

absl::StatusOr<Resource> FromJson(const std::string& id, const std::string& text) {
  try {
    const json from = json::parse(text);
    Resource resource{.id = id, .description = from.at("description").get<std::string>()};
    for (const json& one : from.at("fields")) {
      resource.fields.push_back({.name = one.at("name").get<std::string>(),
                                 .type = static_cast<quant::ColumnType>(one.at("type").get<int>()),
                                 .unit = one.at("unit").get<std::string>(),
                                 .required = one.at("required").get<bool>(),
                                 .min = Bound(one, "min"),
                                 .min_exclusive = one.at("min_exclusive").get<bool>(),
                                 .max = Bound(one, "max"),
                                 .date = one.at("is_date").get<bool>(),
                                 .one_of = one.at("allowed_values").get<std::vector<std::string>>(),
                                 .description = one.at("description").get<std::string>()});
    }
    resource.frequency = from.at("frequency").get<std::string>();
    resource.rules = from.at("rules").get<std::vector<std::string>>();
    for (const json& one : from.at("orders")) {
      resource.orders.push_back({one.at("low").get<std::string>(), one.at("high").get<std::string>()});
    }
    resource.prices = from.at("has_prices").get<bool>();
    resource.bars = from.at("has_bars").get<bool>();
    resource.repeats = from.at("has_repeated_times").get<bool>();
    resource.identity = from.value("identity_fields", std::vector<std::string>());
    resource.time = from.at("time_meaning").get<std::string>();
    resource.custom = true;
    return resource;
  } catch (const json::exception& error) {
    return base::MakeError(absl::StatusCode::kDataLoss, "BAD_RESOURCE",
                           fmt::format("resources/{} can not be read: {}", id, error.what()));
  }
}

}  // namespace

const Resource* ResourceStore::Known(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : found->second.get();
}

absl::StatusOr<const Resource*> ResourceStore::Keep(const std::string& id, const std::string& definition) {
  if (const Resource* known = Known(id)) return known;
  BF_ASSIGN_OR_RETURN(Resource resource, FromJson(id, definition));
  const std::lock_guard lock(mutex_);
  return known_.try_emplace(id, std::make_unique<const Resource>(std::move(resource))).first->second.get();
}

absl::StatusOr<const Resource*> ResourceStore::Find(const std::string& id, absl::Time deadline) {
  if (const auto predefined = FindResource(id); predefined.ok()) return *predefined;
  if (const Resource* known = Known(id)) return known;
  if (IsResourceId(id)) {
    const Resource* found = nullptr;
    BF_RETURN_IF_ERROR(database_.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kFind, {id}));
          if (rows.empty()) return absl::OkStatus();
          BF_ASSIGN_OR_RETURN(found, Keep(rows[0].Text(0), rows[0].Text(1)));
          return absl::OkStatus();
        },
        {.deadline = deadline, .read_only = true}));
    if (found != nullptr) return found;
  }
  BF_ASSIGN_OR_RETURN(const std::vector<const Resource*> all, List(deadline));
  std::vector<std::string> ids;
  for (const Resource* resource : all) ids.push_back(resource->id);
  return UnknownResource(id, ids);
}

ResourceLookup ResourceStore::Lookup(absl::Time deadline) {
  return [this, deadline](const std::string& id) { return Find(id, deadline); };
}

absl::StatusOr<std::vector<const Resource*>> ResourceStore::List(absl::Time deadline) {
  std::vector<const Resource*> all;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        all.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kList));
        for (const postgres::Row row : rows) {
          BF_ASSIGN_OR_RETURN(const Resource* resource, Keep(row.Text(0), row.Text(1)));
          all.push_back(resource);
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  for (const Resource& resource : Resources()) all.push_back(&resource);
  std::sort(all.begin(), all.end(), [](const Resource* a, const Resource* b) { return a->id < b->id; });
  return all;
}

absl::Status ResourceStore::Insert(postgres::Transaction& tx, const Resource& resource, const std::string& principal) {
  const auto predefined = FindResource(resource.id);
  if (predefined.ok()) return ResourceExists(**predefined);
  BF_ASSIGN_OR_RETURN(const int64_t inserted, tx.Execute(kInsert, {resource.id, ToJson(resource), principal}));
  return inserted == 1 ? absl::OkStatus() : ResourceExists(resource);
}

absl::Status ResourceExists(const Resource& resource) {
  return base::MakeError(
      absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS",
      fmt::format("resources/{} is there already, and resources are never changed: choose another name", resource.id));
}

}  // namespace breadthflow::data
