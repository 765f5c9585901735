#include "services/data/app/importer.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/component/fingerprint.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/price_anchor.h"

namespace breadthflow::data {
namespace {

void Append(const ImportSpec& spec, base::Sha256& hash) {
  hash.Text(spec.resource).Int(static_cast<int64_t>(spec.timeframe)).Int(spec.timeframe_said).Text(spec.source);
  hash.Int(spec.basis ? static_cast<int64_t>(*spec.basis) : -1).Int(spec.replaces.has_value());
  if (spec.replaces) hash.Int(spec.replaces->start_ns).Int(spec.replaces->end_ns);
  if (spec.adjusted_as_of) hash.Text(std::string(absl::FormatCivilTime(*spec.adjusted_as_of)));
  component::Append({.name = "csv", .params = spec.csv_params}, hash);
  hash.Int(static_cast<int64_t>(spec.gate));
  // What other imports have is what they had before there were answers: their ids go on to mean the same.
  if (!spec.answers_of) return;
  component::Append(*spec.answers_of, hash);
  hash.Int(spec.resource_said);
}

// The day as of which the prices of an import were adjusted: what its parameters say too is taken into the spec.
void TakeAnchor(const Resource& resource, absl::Time now, ImportSpec& spec, base::Violations& violations) {
  const std::optional<absl::CivilDay> of_text = AnchorIn(spec.csv_params);
  if (of_text && spec.adjusted_as_of && *of_text != *spec.adjusted_as_of) {
    violations.Add("spec.csv_params.adjusted_as_of",
                   fmt::format("must not differ from the day of the spec, {}",
                               std::string(absl::FormatCivilTime(*spec.adjusted_as_of))));
  }
  if (!spec.adjusted_as_of) spec.adjusted_as_of = of_text;
  if (!spec.adjusted_as_of) return;
  const std::string field = of_text ? "spec.csv_params.adjusted_as_of" : "spec.adjusted_as_of";
  if (!resource.prices) {
    violations.Add(field, fmt::format("{} has no prices", resource.id));
  } else if (spec.basis && *spec.basis != quant::PriceBasis::kSplitAdjusted) {
    violations.Add(field,
                   fmt::format("is for prices that are adjusted for splits, not for {}", quant::ToText(*spec.basis)));
  }
  if (*spec.adjusted_as_of > absl::ToCivilDay(now, absl::UTCTimeZone()) + 1) {
    violations.Add(field, "must be the day of the download, which can not be to come");
  }
}

}  // namespace

Import::Import(Importer& importer, ImportSpec spec, const Resource& resource, Submission submission,
               std::unique_ptr<TableReader> reader, std::unique_ptr<TableReader> answers)
    : importer_(importer),
      spec_(std::move(spec)),
      resource_(&resource),
      submission_(std::move(submission)),
      reader_(std::move(reader)),
      answers_(std::move(answers)),
      held_(importer.held_),
      market_(MarketIn(spec_.csv_params)) {
  Append(spec_, hash_);
}

absl::StatusOr<std::unique_ptr<TableReader>> Importer::MakeReader(const ImportSpec& spec,
                                                                  const Resource& resource) const {
  component::RawParams params = spec.csv_params;
  if (spec.basis && *spec.basis != quant::PriceBasis::kNotPrices) {
    params.try_emplace("basis", std::string(quant::ToText(*spec.basis)));
  }
  return make_reader_({.resource = spec.resource,
                       .timeframe = spec.timeframe,
                       .definition = &resource,
                       .timeframe_said = spec.timeframe_said},
                      params);
}

std::unique_ptr<TableReader> Importer::MakeAnswers(const ImportSpec& spec, const Resource& resource,
                                                   base::Violations& violations) const {
  if (!spec.answers_of) return nullptr;
  auto made = make_answers_(*spec.answers_of, {.resource = spec.resource_said ? spec.resource : "",
                                               .symbol = {},
                                               .timeframe = spec.timeframe,
                                               .definition = &resource,
                                               .timeframe_said = spec.timeframe_said});
  if (made.ok()) return *std::move(made);
  if (base::DetailsOf(made.status()).violations.empty()) {
    violations.Add("spec.answers_of", base::Message(made.status()));
  } else {
    violations.Merge("spec.answers_of.params", made.status());
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<Import>> Importer::Begin(ImportSpec spec, const Submission& submission) {
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
    TakeAnchor(**resource, clock_.Now(), spec, violations);
  }
  if (!IsSourceName(spec.source)) {
    violations.Add("spec.source", fmt::format("must be 1 to 63 lower-case letters, digits and underscores that begin "
                                              "with a letter, was '{}'",
                                              spec.source.substr(0, 64)));
  } else if (IsDerived(spec.source)) {
    violations.Add("spec.source", fmt::format("{} is the name of rows that are made when they are read", spec.source));
  } else if (sources_.Find(spec.source).ok()) {
    violations.Add("spec.source", fmt::format("{} is a source of this suite: under its name there are only rows that a "
                                              "fetch got from it; give the import another name",
                                              spec.source));
  }
  std::unique_ptr<TableReader> reader;
  if (resource.ok() && !spec.csv_params.empty()) {
    const auto basis = spec.csv_params.find("basis");
    if (spec.basis && basis != spec.csv_params.end() &&
        basis->second != component::ParamValue(std::string(quant::ToText(*spec.basis)))) {
      violations.Add("spec.csv_params.basis",
                     fmt::format("must not differ from the basis of the spec, {}", quant::ToText(*spec.basis)));
    }
    auto made = MakeReader(spec, **resource);
    if (made.ok()) {
      reader = *std::move(made);
    } else if (base::DetailsOf(made.status()).violations.empty()) {
      violations.Add("spec.csv_params", base::Message(made.status()));
    } else {
      violations.Merge("spec.csv_params", made.status());
    }
  }
  std::unique_ptr<TableReader> answers;
  if (resource.ok()) answers = MakeAnswers(spec, **resource, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid import"));
  return std::unique_ptr<Import>(
      new Import(*this, std::move(spec), **resource, submission, std::move(reader), std::move(answers)));
}

}  // namespace breadthflow::data
