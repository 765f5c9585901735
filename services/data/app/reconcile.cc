#include "services/data/app/reconcile.h"

#include <span>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/read_query.h"

namespace breadthflow::data {
namespace {

absl::Status Check(const ReconcileQuery& query, const Resource& resource) {
  base::Violations violations;
  CheckSymbols(query.symbols, violations);
  if (query.symbols.empty() || query.symbols.size() > kMaxReconciled) {
    violations.Add("symbols", fmt::format("must be 1 to {}, were {}", kMaxReconciled, query.symbols.size()));
  }
  if (query.source.empty()) violations.Add("source", "must name a source");
  if (query.other_source.empty()) violations.Add("other_source", "must name a source");
  if (!query.source.empty() && query.source == query.other_source) {
    violations.Add("other_source", "must be another source than the first");
  }
  if (!(query.tolerance >= 0 && query.tolerance <= 1)) {
    violations.Add("tolerance", fmt::format("must be in [0, 1], was {}", query.tolerance));
  }
  for (size_t i = 0; i < query.fields.size(); ++i) {
    const Field* field = resource.Find(query.fields[i]);
    if (field == nullptr && IsExtra(query.fields[i])) continue;
    if (field == nullptr || field->type == quant::ColumnType::kText) {
      violations.Add(fmt::format("fields[{}]", i),
                     fmt::format("{} has no column of numbers '{}'", resource.id, query.fields[i].substr(0, 64)));
    }
  }
  return violations.ToStatus("invalid reconciliation");
}

}  // namespace

absl::StatusOr<std::vector<SeriesReconciliation>> ReconcileStored(SeriesStore& series, ResourceStore& resources,
                                                                  const ReconcileQuery& query, absl::Time deadline,
                                                                  const base::CancelToken& cancel) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, resources.Find(query.resource, deadline));
  BF_RETURN_IF_ERROR(Check(query, *resource));
  const auto resolve = [&](const std::string& source) {
    return series.Resolve(query.resource, query.symbols, query.timeframe, source, query.as_of, deadline);
  };
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> ones, resolve(query.source));
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> others, resolve(query.other_source));
  for (const auto* heads : {&ones, &others}) {
    BF_RETURN_IF_ERROR(RefuseLost(*heads, [&](const columnar::SeriesHead&) { return query.range.start_ns; }));
  }
  const auto read = [&](const columnar::SeriesHead& head) {
    return series.chunks().Read(
        head.key,
        columnar::ReadOptions{.range = query.range, .version = head.version, .columns = {}, .deadline = deadline});
  };
  std::vector<quant::SeriesKey> keys;
  for (const auto* heads : {&ones, &others}) {
    for (const columnar::SeriesHead& head : *heads) {
      if (head.basis == quant::PriceBasis::kSplitAdjusted) keys.push_back(head.key);
    }
  }
  BF_ASSIGN_OR_RETURN(const auto said, series.anchors().Find(keys, query.as_of, deadline));
  const auto anchors = [&](const columnar::SeriesHead& head) {
    const auto found = said.find(head.key);
    return found == said.end() ? std::span<const AnchoredRows>() : std::span(found->second.anchors);
  };
  std::vector<SeriesReconciliation> all;
  for (size_t i = 0; i < ones.size(); ++i) {
    BF_RETURN_IF_ERROR(cancel.Check());
    BF_ASSIGN_OR_RETURN(const quant::Series one, read(ones[i]));
    BF_ASSIGN_OR_RETURN(const quant::Series other, read(others[i]));
    BF_ASSIGN_OR_RETURN(SeriesReconciliation result,
                        Reconcile(one, other, query.tolerance, query.fields, anchors(ones[i]), anchors(others[i])));
    all.push_back(std::move(result));
  }
  return all;
}

}  // namespace breadthflow::data
