#include "services/training/domain/models/xgboost_trainer.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include "common/base/status.h"
#include "common/quant/model/predictor.h"
#include "services/training/domain/models/xgboost_trees.h"

namespace breadthflow::training {
namespace {

constexpr char kMarginsOfAllTrees[] =
    R"({"type": 1, "training": true, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false})";

absl::Status Check(int result) {
  if (result == 0) return absl::OkStatus();
  const std::string words = XGBGetLastError();
  if (words.find("bad_alloc") != std::string::npos)
    return base::MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY", "not enough memory to train");
  return base::MakeError(absl::StatusCode::kInternal, "MODEL_LIBRARY", fmt::format("XGBoost: {}", words));
}

struct FreeMatrix {
  void operator()(DMatrixHandle handle) const { XGDMatrixFree(handle); }
};
struct FreeBooster {
  void operator()(BoosterHandle handle) const { XGBoosterFree(handle); }
};
using DMatrix = std::unique_ptr<void, FreeMatrix>;
using Booster = std::unique_ptr<void, FreeBooster>;

absl::StatusOr<DMatrix> MakeMatrix(const quant::Matrix& rows, int threads) {
  DMatrixHandle handle = nullptr;
  BF_RETURN_IF_ERROR(Check(XGDMatrixCreateFromMat_omp(rows.values.data(), rows.size(), rows.width(),
                                                      std::numeric_limits<float>::quiet_NaN(), &handle, threads)));
  return DMatrix(handle);
}

absl::StatusOr<Booster> MakeBooster(const BoostingPlan& plan, DMatrixHandle matrix) {
  BoosterHandle handle = nullptr;
  BF_RETURN_IF_ERROR(Check(XGBoosterCreate(&matrix, 1, &handle)));
  Booster booster(handle);
  std::vector<std::pair<std::string, std::string>> params = {
      {"booster", "gbtree"}, {"objective", "binary:logistic"},
      {"base_score", "0.5"}, {"nthread", std::to_string(plan.threads)},
      {"verbosity", "0"},    {"validate_parameters", "1"},
  };
  params.insert(params.end(), plan.params.begin(), plan.params.end());
  if (!plan.additive) params.emplace_back("learning_rate", fmt::format("{}", 1.0 / static_cast<double>(plan.trees)));
  for (const auto& [name, value] : params)
    BF_RETURN_IF_ERROR(Check(XGBoosterSetParam(handle, name.c_str(), value.c_str())));
  return booster;
}

// First and second derivative of the logistic loss at the margins. XGBoost's own floor keeps the second above zero.
void Gradients(std::span<const float> margins, std::span<const int32_t> target, std::vector<float>& first,
               std::vector<float>& second) {
  for (size_t i = 0; i < target.size(); ++i) {
    const double p = quant::Probability(margins[i]);
    first[i] = static_cast<float>(p - target[i]);
    second[i] = static_cast<float>(std::max(p * (1.0 - p), 1e-16));
  }
}

absl::Status GrowTrees(const BoostingPlan& plan, const quant::Matrix& rows, DMatrixHandle matrix, BoosterHandle booster,
                       const FitOptions& options) {
  std::vector<float> first(rows.size());
  std::vector<float> second(rows.size());
  Gradients(std::vector<float>(rows.size(), 0.0f), rows.target, first, second);
  for (int64_t tree = 0; tree < plan.trees; ++tree) {
    BF_RETURN_IF_ERROR(options.cancel.Check());
    if (plan.additive && tree > 0) {
      const bst_ulong* shape = nullptr;
      bst_ulong dimensions = 0;
      const float* margins = nullptr;
      BF_RETURN_IF_ERROR(
          Check(XGBoosterPredictFromDMatrix(booster, matrix, kMarginsOfAllTrees, &shape, &dimensions, &margins)));
      Gradients(std::span(margins, rows.size()), rows.target, first, second);
    }
    BF_RETURN_IF_ERROR(Check(XGBoosterBoostOneIter(booster, matrix, first.data(), second.data(), rows.size())));
    if (options.progress) options.progress(static_cast<double>(tree + 1) / static_cast<double>(plan.trees));
  }
  return absl::OkStatus();
}

class TreeTrainer final : public Trainer {
 public:
  explicit TreeTrainer(BoostingPlan plan) : plan_(std::move(plan)) {}
  absl::StatusOr<Fitted> Fit(const quant::Matrix& rows, const FitOptions& options) const override {
    return Boost(plan_, rows, options);
  }

 private:
  const BoostingPlan plan_;
};

}  // namespace

absl::StatusOr<std::string> GrowModel(const BoostingPlan& plan, const quant::Matrix& rows, const FitOptions& options) {
  BF_ASSIGN_OR_RETURN(const DMatrix matrix, MakeMatrix(rows, static_cast<int>(plan.threads)));
  BF_ASSIGN_OR_RETURN(const Booster booster, MakeBooster(plan, matrix.get()));
  BF_RETURN_IF_ERROR(GrowTrees(plan, rows, matrix.get(), booster.get(), options));

  bst_ulong size = 0;
  const char* bytes = nullptr;
  BF_RETURN_IF_ERROR(Check(XGBoosterSaveModelToBuffer(booster.get(), R"({"format": "ubj"})", &size, &bytes)));
  return std::string(bytes, size);
}

absl::StatusOr<Fitted> Boost(const BoostingPlan& plan, const quant::Matrix& rows, const FitOptions& options) {
  BF_ASSIGN_OR_RETURN(const std::string model, GrowModel(plan, rows, options));
  BF_ASSIGN_OR_RETURN(ConvertedTrees converted, ConvertTrees(model, rows.width()));
  Fitted fitted;
  fitted.trees = std::move(converted.trees);
  fitted.gain = std::move(converted.gain);
  return fitted;
}

std::vector<component::ParamSpec> CommonParams() {
  return {
      component::IntParam("seed", 1, 0, 2147483647, "", "of the row and column samples"),
      component::IntParam("threads", 1, 1, 16, "threads", "used by one training; the model does not depend on it"),
      component::ChoiceParam("tree_method", "hist", {"hist", "exact"},
                             "how splits are searched: over max_bins quantiles, or over every value"),
      component::IntParam("max_bins", 256, 2, 1024, "bins", "quantiles per feature; hist only"),
  };
}

std::unique_ptr<Trainer> MakeTreeTrainer(const component::Params& params, bool additive,
                                         const std::vector<std::pair<const char*, const char*>>& names) {
  BoostingPlan plan;
  plan.trees = params.Int("trees");
  plan.threads = params.Int("threads");
  plan.additive = additive;
  plan.params = {{"seed", std::to_string(params.Int("seed"))}, {"tree_method", params.String("tree_method")}};
  if (params.String("tree_method") == "hist")
    plan.params.emplace_back("max_bin", std::to_string(params.Int("max_bins")));
  plan.params.emplace_back("max_depth", std::to_string(params.Int("max_depth")));
  for (const auto& [theirs, ours] : names) plan.params.emplace_back(theirs, fmt::format("{}", params.Double(ours)));
  return std::make_unique<TreeTrainer>(std::move(plan));
}

}  // namespace breadthflow::training
