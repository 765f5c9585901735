#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/adjustment.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/reconciliation.h"

namespace breadthflow::data {
namespace {

// Compares the two on one basis: the stored one, or that to which the columns of one of them bring it.
absl::StatusOr<SeriesReconciliation> OnOneBasis(const CheckInput& input, double tolerance,
                                                const std::vector<std::string>& fields) {
  const quant::Series& one = input.series;
  const quant::Series& other = *input.other;
  const auto reconcile = [&](const quant::Series& a, const quant::Series& b) {
    return Reconcile(a, b, tolerance, fields, input.anchors, input.other_anchors);
  };
  if (one.basis == other.basis) return reconcile(one, other);
  if (const absl::StatusOr<quant::Series> adjusted = Adjust(one, other.basis); adjusted.ok()) {
    return reconcile(*adjusted, other);
  }
  if (const absl::StatusOr<quant::Series> adjusted = Adjust(other, one.basis); adjusted.ok()) {
    return reconcile(one, *adjusted);
  }
  return reconcile(one, other);  // which says why not
}

}  // namespace

// Rows on which two sources of one series differ: one of them is wrong, and nothing says which. Of bars the prices are
// compared (each source counts volumes in its own way), of other series all numbers.
QualityCheckEntry CrossSource();

QualityCheckEntry CrossSource() {
  QualityCheckEntry entry;
  entry.info = {
      "quality_check", "cross_source", "1.0.0",
      "The rows agree with those of the other sources that have the series; not applicable where one has it."};
  entry.params = {
      component::DoubleParam("tolerance", 5e-3, 0, 1, "fraction", "Relative difference that is still agreement."),
      component::DoubleParam("max_differing", 0.05, 0, 1, "fraction",
                             "Share of differing rows among the common ones above which it is an error.")};
  entry.weight = 0.5;
  entry.advice = "see `breadthflow data reconcile` for the rows, and look into a third source";
  entry.compares = true;
  entry.run = [](const CheckInput& input, const component::Params& params) {
    if (input.other == nullptr || input.series.repeats || input.other->repeats) return std::vector<Finding>{};
    const std::string& source = input.other->key.variant;
    Finding finding{.check = "cross_source", .severity = Severity::kInfo};
    std::vector<std::string> fields;
    if (input.series.Find("close") != nullptr) fields = {"open", "high", "low", "close"};
    const absl::StatusOr<SeriesReconciliation> compared = OnOneBasis(input, params.Double("tolerance"), fields);
    if (!compared.ok()) {
      finding.message = fmt::format("not compared with {}: {}", source, base::Message(compared.status()));
      return std::vector<Finding>{std::move(finding)};
    }
    const std::string alone =
        fmt::format("{} rows are only here, {} only there", compared->only_rows, compared->only_other_rows);
    if (compared->common_rows == 0) {
      finding.message = fmt::format("not compared with {}: no row is in both; {}", source, alone);
      return std::vector<Finding>{std::move(finding)};
    }
    if (compared->differing_rows == 0) return std::vector<Finding>{};
    double worst = 0;
    std::string field;
    for (const FieldReconciliation& one : compared->fields) {
      if (one.max_difference > worst) field = one.field;
      worst = std::max(worst, one.max_difference);
    }
    const double share = static_cast<double>(compared->differing_rows) / static_cast<double>(compared->common_rows);
    finding.severity = share > params.Double("max_differing") ? Severity::kError : Severity::kWarning;
    finding.affected_rows = compared->differing_rows;
    finding.examples_ns = compared->differing_ns;
    finding.message =
        fmt::format("{} of {} common rows differ from those of {} by more than {:g} %, {} by up to {:.4g} %; {}",
                    compared->differing_rows, compared->common_rows, source, params.Double("tolerance") * 100, field,
                    worst * 100, alone);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
