#include "services/data/app/importer.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {

absl::StatusOr<std::unique_ptr<Import>> Importer::Begin(const ImportSpec& spec, const Submission& submission) {
  base::Violations violations;
  const absl::StatusOr<const Resource*> resource = resources_.Find(spec.resource, submission.deadline);
  if (!resource.ok() && !absl::IsNotFound(resource.status())) return resource.status();
  if (!resource.ok()) {
    violations.Add("spec.resource", base::Message(resource.status()));
  } else {
    if (!(*resource)->bars && spec.timeframe != quant::Timeframe::kTick) {
      violations.Add("spec.timeframe", fmt::format("{} has no bars: leave the timeframe out or say tick, was {}",
                                                   spec.resource, quant::ToText(spec.timeframe)));
    }
    if (spec.basis && (*resource)->prices == (*spec.basis == quant::PriceBasis::kNotPrices)) {
      violations.Add("spec.basis", (*resource)->prices ? "must say how the prices were adjusted"
                                                       : fmt::format("{} has no prices", spec.resource));
    }
  }
  if (!IsSourceName(spec.source)) {
    violations.Add("spec.source", fmt::format("must be 1 to 63 lower-case letters, digits and underscores that begin "
                                              "with a letter, was '{}'",
                                              spec.source.substr(0, 64)));
  } else if (sources_.Find(spec.source).ok()) {
    violations.Add("spec.source", fmt::format("{} is a source of this suite: under its name there are only rows that a "
                                              "fetch got from it; give the import another name",
                                              spec.source));
  }
  std::unique_ptr<TableReader> reader;
  if (resource.ok() && !spec.csv_params.empty()) {
    component::RawParams params = spec.csv_params;
    if (spec.basis && *spec.basis != quant::PriceBasis::kNotPrices) {
      const std::string text(quant::ToText(*spec.basis));
      const auto [basis, absent] = params.try_emplace("basis", text);
      if (!absent && basis->second != component::ParamValue(text)) {
        violations.Add("spec.csv_params.basis", fmt::format("must not differ from the basis of the spec, {}", text));
      }
    }
    auto made = make_reader_(**resource, spec.timeframe, params);
    if (made.ok()) {
      reader = *std::move(made);
    } else if (base::DetailsOf(made.status()).violations.empty()) {
      violations.Add("spec.csv_params", base::Message(made.status()));
    } else {
      violations.Merge("spec.csv_params", made.status());
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid import"));
  return std::unique_ptr<Import>(new Import(*this, spec, **resource, submission, std::move(reader)));
}

}  // namespace breadthflow::data
