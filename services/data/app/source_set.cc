#include "services/data/app/source_set.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/coverage.h"

namespace breadthflow::data {
namespace {

absl::Status Make(const component::Catalog<SourceEntry>& catalog, const SourceEntry::Environment& environment,
                  component::ComponentRef& ref, ReadySource& out) {
  base::Violations violations;
  const absl::StatusOr<const SourceEntry*> entry = catalog.Find(ref.name);
  if (!entry.ok()) {
    violations.Add("name", base::Message(entry.status()));
    return violations.ToStatus("unknown source");
  }
  out.entry = *entry;
  out.variant = ref.name;
  const absl::StatusOr<component::Params> params = component::Params::Check(out.entry->params, ref.params);
  if (!params.ok()) {
    violations.Merge("params", params.status());
    return violations.ToStatus("invalid parameters");
  }
  ref.params = params->values();
  out.parameters = RowParameters(*out.entry, ref.params);
  absl::StatusOr<std::unique_ptr<Source>> source = out.entry->make(*params, environment);
  if (absl::IsFailedPrecondition(source.status())) return source.status();
  if (!source.ok()) {
    violations.Merge("params", source.status());
    return violations.ToStatus("invalid parameters");
  }
  out.source = *std::move(source);
  if (const std::string market = out.source->Market(); !market.empty()) out.variant += ":" + market;
  return absl::OkStatus();
}

}  // namespace

std::vector<ReadySource> MakeSources(const component::Catalog<SourceEntry>& catalog,
                                     const SourceEntry::Environment& environment, FetchSpec& spec) {
  std::vector<ReadySource> sources(1 + spec.alternatives.size());
  sources[0].unusable = Make(catalog, environment, spec.source, sources[0]);
  for (size_t i = 0; i < spec.alternatives.size(); ++i) {
    sources[i + 1].unusable = Make(catalog, environment, spec.alternatives[i], sources[i + 1]);
  }
  return sources;
}

absl::Status CheckSources(const std::vector<ReadySource>& sources, const FetchSpec& spec, const Resource* resource,
                          base::Violations violations) {
  const bool sound = violations.empty();
  std::string reason = "INVALID_ARGUMENT";
  for (size_t i = 0; i < sources.size(); ++i) {
    const std::string field = i == 0 ? "spec.source" : fmt::format("spec.alternatives[{}]", i - 1);
    if (sources[i].source == nullptr) {
      if (!absl::IsFailedPrecondition(sources[i].unusable)) violations.Merge(field, sources[i].unusable);
      continue;
    }
    if (!sound) continue;
    const auto request =
        sources[i].source->TransformQuery({spec.resource, spec.symbols.front(), spec.timeframe, spec.range, resource});
    if (request.ok()) continue;
    violations.Add(i == 0 ? "spec.timeframe" : field, base::Message(request.status()));
    if (base::DetailsOf(request.status()).reason == "RANGE_TOO_LONG") reason = "RANGE_TOO_LONG";
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid fetch", reason));
  // Nothing in the request is wrong: something is missing here.
  if (std::all_of(sources.begin(), sources.end(), [](const ReadySource& one) { return one.source == nullptr; })) {
    return sources.front().unusable;
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::data
