#include "services/data/store/quarantine_json.h"

#include "absl/time/time.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

using nlohmann::json;

std::vector<Coverage> CoverageFrom(const json& all, const quant::SeriesKey& key) {
  std::vector<Coverage> coverage;
  for (const json& one : all) {
    coverage.push_back({.key = key,
                        .range = {one.at("start_ns").get<int64_t>(), one.at("end_ns").get<int64_t>()},
                        .outcome = static_cast<Outcome>(one.at("outcome").get<int>()),
                        .rows = one.at("rows").get<int64_t>(),
                        .run = one.at("run").get<std::string>(),
                        .fetch_time = absl::FromUnixMicros(one.at("fetch_time_us").get<int64_t>()),
                        .body_sha256 = one.at("body_sha256").get<std::string>(),
                        .basis = static_cast<quant::PriceBasis>(one.at("basis").get<int>()),
                        .parameters = one.at("parameters").get<std::string>()});
  }
  return coverage;
}

}  // namespace

std::string ToJson(const std::vector<Finding>& findings) {
  json all = json::array();
  for (const Finding& one : findings) {
    all.push_back({{"check", one.check},
                   {"severity", static_cast<int>(one.severity)},
                   {"affected_rows", one.affected_rows},
                   {"message", one.message},
                   {"examples_ns", one.examples_ns}});
  }
  return all.dump();
}

std::string ToJson(const std::vector<RepairProposal>& proposals) {
  json all = json::array();
  for (const RepairProposal& one : proposals) {
    all.push_back({{"check", one.check},
                   {"time_ns", one.time_ns},
                   {"field", one.field},
                   {"value", one.value},
                   {"proposed", one.proposed},
                   {"reason", one.reason}});
  }
  return all.dump();
}

std::string ToJson(const std::vector<Coverage>& coverage) {
  json all = json::array();
  for (const Coverage& one : coverage) {
    all.push_back({{"start_ns", one.range.start_ns},
                   {"end_ns", one.range.end_ns},
                   {"outcome", static_cast<int>(one.outcome)},
                   {"rows", one.rows.value_or(0)},
                   {"run", one.run},
                   {"fetch_time_us", absl::ToUnixMicros(one.fetch_time)},
                   {"body_sha256", one.body_sha256},
                   {"basis", static_cast<int>(one.basis)},
                   {"parameters", one.parameters}});
  }
  return all.dump();
}

absl::Status ReadJson(const std::string& findings, const std::string& proposals, const std::string& coverage,
                      Quarantine& quarantine) {
  try {
    for (const json& one : json::parse(findings)) {
      quarantine.findings.push_back({.check = one.at("check").get<std::string>(),
                                     .severity = static_cast<Severity>(one.at("severity").get<int>()),
                                     .affected_rows = one.at("affected_rows").get<int64_t>(),
                                     .message = one.at("message").get<std::string>(),
                                     .examples_ns = one.at("examples_ns").get<std::vector<int64_t>>()});
    }
    for (const json& one : json::parse(proposals)) {
      quarantine.proposals.push_back({.check = one.at("check").get<std::string>(),
                                      .time_ns = one.at("time_ns").get<int64_t>(),
                                      .field = one.at("field").get<std::string>(),
                                      .value = one.at("value").get<double>(),
                                      .proposed = one.at("proposed").get<double>(),
                                      .reason = one.at("reason").get<std::string>()});
    }
    quarantine.coverage = CoverageFrom(json::parse(coverage), quarantine.key);
  } catch (const json::exception& error) {
    return base::MakeError(absl::StatusCode::kDataLoss, "BAD_QUARANTINE",
                           fmt::format("quarantines/{} can not be read: {}", quarantine.id, error.what()));
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::data
