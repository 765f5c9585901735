#include "services/registry/store/component_store.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/registry/domain/version.h"
#include "services/registry/store/param_json.h"

namespace breadthflow::registry {
namespace {

using postgres::Param;
using postgres::TextArray;

constexpr char kColumns[] =
    "kind, name, array_to_string(version, '.'), service, description, params::text, create_time, announce_time";

// $1 .. $6: kind, name, version, description, params, fingerprint, one array each; $7: the service.
constexpr char kInsertNew[] = R"sql(
INSERT INTO component (kind, name, version, description, params, fingerprint, service)
SELECT kind, name, string_to_array(version, '.')::integer[], description, params::jsonb, fingerprint, $7
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS offer (kind, name, version, description, params, fingerprint)
ORDER BY kind, name, version
ON CONFLICT ON CONSTRAINT component_pkey DO NOTHING)sql";

// $1 .. $4: kind, name, version, fingerprint. The answer is the ordinal of the offer and what is known.
constexpr char kSelectChanged[] = R"sql(
SELECT offer.ordinal, c.params::text
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
  WITH ORDINALITY AS offer (kind, name, version, fingerprint, ordinal)
JOIN component c ON (c.kind, c.name, c.version) = (offer.kind, offer.name, string_to_array(offer.version, '.')::integer[])
WHERE c.fingerprint <> offer.fingerprint
ORDER BY offer.ordinal)sql";

// $1 .. $5: kind, name, version, description, params; $6: the service. Rows are locked in the order of the key, so that
// two replicas that announce the same do not wait for each other in a circle.
constexpr char kMarkSeen[] = R"sql(
WITH seen AS MATERIALIZED (
  SELECT c.kind, c.name, c.version, offer.description, offer.params::jsonb AS params
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS offer (kind, name, version, description, params)
  JOIN component c
    ON (c.kind, c.name, c.version) = (offer.kind, offer.name, string_to_array(offer.version, '.')::integer[])
  WHERE c.announce_time < now() - interval '1 minute'
     OR c.service <> $6 OR c.description <> offer.description OR c.params <> offer.params::jsonb
  ORDER BY c.kind, c.name, c.version
  FOR UPDATE OF c
)
UPDATE component c
SET announce_time = now(), service = $6, description = seen.description, params = seen.params
FROM seen WHERE (c.kind, c.name, c.version) = (seen.kind, seen.name, seen.version))sql";

constexpr char kList[] = R"sql(
SELECT {} FROM component
WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR (kind, name, version) > ($2, $3, string_to_array($4, '.')::integer[]))
ORDER BY kind, name, version LIMIT $5)sql";

constexpr char kGet[] = R"sql(
SELECT {} FROM component c
WHERE c.kind = $1 AND c.name = $2 AND ($3 = '' OR c.version = string_to_array($3, '.')::integer[])
ORDER BY c.version DESC LIMIT 1)sql";

// What to offer instead of an unknown name: the versions of the component, else the names of the kind, else the kinds.
constexpr char kKnown[] = R"sql(
SELECT DISTINCT CASE
    WHEN kind = $1 AND name = $2 THEN 'components/' || kind || '/' || name || '/' || array_to_string(version, '.')
    WHEN kind = $1 THEN 'components/' || kind || '/' || name
    ELSE 'components/' || kind END,
  (kind = $1)::int + (kind = $1 AND name = $2)::int
FROM component ORDER BY 2 DESC, 1)sql";

absl::StatusOr<Component> FromRow(const postgres::Row& row) {
  Component component;
  component.offer.info = {row.Text(0), row.Text(1), row.Text(2), row.Text(4)};
  component.service = row.Text(3);
  BF_ASSIGN_OR_RETURN(component.offer.params, ParamsFromJson(row.Text(5)));
  component.create_time = row.Time(6);
  component.announce_time = row.Time(7);
  return component;
}

// The offers as one array per column.
struct Arrays {
  explicit Arrays(const std::vector<Offer>& offers) {
    std::vector<std::string> columns[6];
    for (const auto& [info, specs] : offers) {
      const std::string values[] = {info.kind,        info.name,     info.version,
                                    info.description, ToJson(specs), Fingerprint(specs)};
      for (int i = 0; i < 6; ++i) columns[i].push_back(values[i]);
    }
    kind = TextArray(columns[0]);
    name = TextArray(columns[1]);
    version = TextArray(columns[2]);
    description = TextArray(columns[3]);
    params = TextArray(columns[4]);
    fingerprint = TextArray(columns[5]);
  }
  std::string kind, name, version, description, params, fingerprint;
};

absl::Status RefuseChanged(postgres::Transaction& tx, const std::vector<Offer>& offers, const Arrays& arrays) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                      tx.Query(kSelectChanged, {arrays.kind, arrays.name, arrays.version, arrays.fingerprint}));
  if (rows.empty()) return absl::OkStatus();
  std::vector<std::pair<Offer, Offer>> changes;
  for (const postgres::Row& row : rows) {
    const Offer& offered = offers[static_cast<size_t>(row.Int(0) - 1)];
    Offer known{offered.info, {}};
    BF_ASSIGN_OR_RETURN(known.params, ParamsFromJson(row.Text(1)));
    changes.emplace_back(std::move(known), offered);
  }
  return ComponentChanged(changes);
}

}  // namespace

absl::StatusOr<int64_t> ComponentStore::Announce(const std::string& service, const std::vector<Offer>& offers,
                                                 absl::Time deadline) {
  const Arrays arrays(offers);
  int64_t inserted = 0;
  // Announcing twice is harmless, so a COMMIT whose outcome is not known may simply be repeated.
  const postgres::TransactOptions options{.deadline = deadline,
                                          .took_effect = [](postgres::Transaction&) { return false; }};
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(inserted,
                            tx.Execute(kInsertNew, {arrays.kind, arrays.name, arrays.version, arrays.description,
                                                    arrays.params, arrays.fingerprint, service}));
        BF_RETURN_IF_ERROR(RefuseChanged(tx, offers, arrays));
        return tx
            .Execute(kMarkSeen, {arrays.kind, arrays.name, arrays.version, arrays.description, arrays.params, service})
            .status();
      },
      options));
  return inserted;
}

absl::StatusOr<std::vector<Component>> ComponentStore::List(const std::string& kind,
                                                            const std::optional<ComponentKey>& after, int limit,
                                                            absl::Time deadline) {
  const ComponentKey from = after.value_or(ComponentKey{"", "", "0.0.0"});
  std::vector<Component> components;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        components.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(fmt::format(kList, kColumns),
                                     {kind, from.kind, from.name, from.version, static_cast<int64_t>(limit)}));
        for (const postgres::Row& row : rows) {
          BF_ASSIGN_OR_RETURN(Component component, FromRow(row));
          components.push_back(std::move(component));
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return components;
}

absl::StatusOr<Component> ComponentStore::Get(const ComponentName& name, absl::Time deadline) {
  absl::StatusOr<Component> component = absl::NotFoundError("");
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                            tx.Query(fmt::format(kGet, kColumns), {name.kind, name.name, name.version.value_or("")}));
        if (!rows.empty()) {
          component = FromRow(rows[0]);
          return component.status();
        }
        BF_ASSIGN_OR_RETURN(const postgres::Rows others, tx.Query(kKnown, {name.kind, name.name}));
        std::vector<std::string> known;
        for (const postgres::Row& row : others) {
          if (row.Int(1) == others[0].Int(1)) known.push_back(row.Text(0));
        }
        const std::string asked =
            fmt::format("components/{}/{}{}", name.kind, name.name, name.version ? "/" + *name.version : "");
        return ComponentNotFound(asked, known);
      },
      {.deadline = deadline, .read_only = true}));
  return component;
}

}  // namespace breadthflow::registry
