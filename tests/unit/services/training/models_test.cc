#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <xgboost/c_api.h>

#include "common/base/hash.h"
#include "common/quant/model/predictor.h"
#include "services/training/domain/models/catalog.h"
#include "services/training/domain/models/xgboost_trainer.h"
#include "services/training/domain/models/xgboost_trees.h"
#include "tests/support/bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::training {
namespace {

using testing::StatusIs;

constexpr size_t kColumns = 12;

// Rows whose class depends on the first four columns, with noise and, where asked, missing values.
quant::Matrix Rows(size_t size, double missing, uint64_t seed = 1) {
  quant::Matrix rows;
  rows.symbols = {"A"};
  for (size_t i = 0; i < kColumns; ++i) rows.columns.push_back("f" + std::to_string(i));
  quant::stats::RandomSequence random(seed, "rows");
  for (size_t row = 0; row < size; ++row) {
    double score = random.Normal();
    for (size_t i = 0; i < kColumns; ++i) {
      const double x = random.Normal();
      if (i < 4) score += x;
      rows.values.push_back(random.Uniform() < missing ? std::numeric_limits<float>::quiet_NaN()
                                                       : static_cast<float>(x));
    }
    rows.symbol.push_back(0);
    rows.time.push_back(static_cast<int64_t>(row));
    rows.exit.push_back(static_cast<int64_t>(row) + 1);
    rows.target.push_back(score > 0 ? 1 : 0);
    rows.outcome.push_back(score);
  }
  return rows;
}

component::RawParams Small(const std::string& model) {
  component::RawParams params = {{"trees", int64_t{15}}, {"max_depth", int64_t{5}}};
  if (model == "gradient_boosting") params["learning_rate"] = 0.1;
  return params;
}

Fitted Fit(const std::string& model, const component::RawParams& params, const quant::Matrix& rows) {
  const ModelEntry* entry = Models().Find(model).value();
  auto fitted = entry->make(component::Params::Check(entry->params, params).value())->Fit(rows, {});
  EXPECT_THAT(fitted, testing::IsOk());
  return *std::move(fitted);
}

quant::Predictor PredictorOf(const quant::Trees& trees) {
  quant::Artefact artefact;
  for (size_t i = 0; i < kColumns; ++i) artefact.columns.push_back("f" + std::to_string(i));
  artefact.trees = trees;
  artefact.valid_from_ns = 1;
  return quant::Predictor::Make(artefact).value();
}

std::string Digest(const quant::Trees& trees) {
  base::Sha256 hash;
  for (uint32_t first : trees.first) hash.Int(first);
  for (const quant::TreeNode& node : trees.nodes)
    hash.Int(std::bit_cast<uint32_t>(node.value)).Int(node.left).Int(node.feature).Int(node.default_left);
  return hash.FinishHex();
}

// What XGBoost itself predicts with a saved model. `type` 1: margins, 0: probabilities.
std::vector<float> AskXgboost(const std::string& model, const std::vector<float>& values, int type) {
  const auto check = [](int result) { ASSERT_EQ(result, 0) << XGBGetLastError(); };
  BoosterHandle booster = nullptr;
  DMatrixHandle matrix = nullptr;
  check(XGBoosterCreate(nullptr, 0, &booster));
  check(XGBoosterLoadModelFromBuffer(booster, model.data(), model.size()));
  check(XGDMatrixCreateFromMat(values.data(), values.size() / kColumns, kColumns,
                               std::numeric_limits<float>::quiet_NaN(), &matrix));
  const std::string config =
      R"({"training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false, "type": )" +
      std::to_string(type) + "}";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;
  check(XGBoosterPredictFromDMatrix(booster, matrix, config.c_str(), &shape, &dimensions, &result));
  std::vector<float> out(result, result + shape[0]);
  XGDMatrixFree(matrix);
  XGBoosterFree(booster);
  return out;
}

BoostingPlan Plan(bool additive, const std::string& method = "hist", int64_t threads = 1) {
  BoostingPlan plan;
  plan.trees = 60;
  plan.threads = threads;
  plan.additive = additive;
  plan.params = {{"max_depth", "6"}, {"subsample", "0.7"}, {"seed", "5"}, {"tree_method", method}};
  plan.params.emplace_back(additive ? "colsample_bytree" : "colsample_bynode", "0.6");
  return plan;
}

class Kinds : public ::testing::TestWithParam<std::string> {};
// The whole catalogue: a new kind of model is tested before its author writes a test.
std::vector<std::string> KindNames() {
  std::vector<std::string> names;
  for (const ModelEntry& entry : Models().entries()) names.push_back(entry.info.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, Kinds, ::testing::ValuesIn(KindNames()), [](const auto& kind) { return kind.param; });

TEST_P(Kinds, PredictsTheBitsThatXgboostPredicts) {
  const quant::Matrix rows = Rows(4000, 0.05);
  const std::vector<float> fresh = Rows(6001, 0.1, 2).values;
  BF_ASSERT_OK_AND_ASSIGN(const std::string model, GrowModel(Plan(GetParam() == "gradient_boosting"), rows, {}));
  BF_ASSERT_OK_AND_ASSIGN(const ConvertedTrees converted, ConvertTrees(model, kColumns));
  const std::vector<float> theirs = AskXgboost(model, fresh, 1);
  std::vector<float> ours(fresh.size() / kColumns);
  PredictorOf(converted.trees).Margins(fresh, ours);
  ASSERT_EQ(theirs.size(), ours.size());
  for (size_t row = 0; row < ours.size(); ++row)
    ASSERT_EQ(std::bit_cast<uint32_t>(ours[row]), std::bit_cast<uint32_t>(theirs[row])) << row;

  // Their sigmoid goes through expf, ours does not: at most one float ulp apart.
  const std::vector<float> their_probability = AskXgboost(model, fresh, 0);
  for (size_t row = 0; row < ours.size(); ++row)
    ASSERT_NEAR(quant::Probability(ours[row]), their_probability[row], 1.2e-7) << row;
}

TEST_P(Kinds, LearnsAndSaysWhatItUsed) {
  const Fitted fitted = Fit(GetParam(), Small(GetParam()), Rows(3000, 0));
  const quant::Matrix fresh = Rows(2000, 0, 9);
  std::vector<float> margins(fresh.size());
  PredictorOf(fitted.trees).Margins(fresh.values, margins);
  size_t right = 0;
  for (size_t row = 0; row < fresh.size(); ++row) right += (margins[row] >= 0) == (fresh.target[row] == 1) ? 1 : 0;
  EXPECT_GT(right, fresh.size() * 3 / 4);
  ASSERT_EQ(fitted.gain.size(), kColumns);
  for (size_t used = 0; used < 4; ++used)
    for (size_t noise = 4; noise < kColumns; ++noise) EXPECT_GT(fitted.gain[used], fitted.gain[noise]);
}

TEST_P(Kinds, TheSameSeedGivesTheSameTreesAndAnotherOneOthers) {
  const quant::Matrix rows = Rows(1500, 0.02);
  component::RawParams params = Small(GetParam());
  const std::string digest = Digest(Fit(GetParam(), params, rows).trees);
  EXPECT_EQ(Digest(Fit(GetParam(), params, rows).trees), digest) << "XGBoost kept state between two boosters";
  params["seed"] = int64_t{2};
  EXPECT_NE(Digest(Fit(GetParam(), params, rows).trees), digest);
}

TEST_P(Kinds, ThreadCountDoesNotChangeABit) {
  const quant::Matrix rows = Rows(1500, 0.02);
  for (const char* method : {"hist", "exact"}) {
    component::RawParams params = Small(GetParam());
    params["tree_method"] = std::string(method);
    std::vector<std::string> digests;
    for (int64_t threads : {1, 2}) {
      params["threads"] = threads;
      digests.push_back(Digest(Fit(GetParam(), params, rows).trees));
    }
    EXPECT_EQ(digests[0], digests[1]) << method;
  }
}

// XGBoost ignores names that it does not know, so each parameter must be seen to work.
TEST_P(Kinds, EveryParameterChangesTheTreesButTheThreads) {
  const std::map<std::string, component::ParamValue> others = {{"trees", int64_t{7}},
                                                               {"max_depth", int64_t{2}},
                                                               {"learning_rate", 0.3},
                                                               {"row_share", 0.3},
                                                               {"column_share", 0.3},
                                                               {"min_child_weight", 80.0},
                                                               {"l2", 40.0},
                                                               {"min_gain", 30.0},
                                                               {"seed", int64_t{9}},
                                                               {"threads", int64_t{2}},
                                                               {"max_bins", int64_t{6}},
                                                               {"tree_method", std::string("exact")}};
  const quant::Matrix rows = Rows(800, 0.02);
  const component::RawParams params = {{"trees", int64_t{6}}};
  const std::string digest = Digest(Fit(GetParam(), params, rows).trees);
  for (const component::ParamSpec& spec : Models().Find(GetParam()).value()->params) {
    component::RawParams changed = params;
    changed[spec.name] = others.at(spec.name);
    EXPECT_EQ(Digest(Fit(GetParam(), changed, rows).trees) == digest, spec.name == "threads") << spec.name;
  }
}

TEST_P(Kinds, StopsSoonAfterItIsCancelled) {
  const ModelEntry* entry = Models().Find(GetParam()).value();
  FitOptions options;
  double done = 0;
  options.progress = [&](double share) {
    done = share;
    if (share >= 0.1) options.cancel.Cancel(base::CancelReason::kCancelled);
  };
  component::RawParams params = Small(GetParam());
  params["trees"] = int64_t{400};
  const auto fitted = entry->make(component::Params::Check(entry->params, params).value())->Fit(Rows(500, 0), options);
  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_NEAR(done, 0.1, 0.01);
}

TEST_P(Kinds, SurvivesTheArtefactWithTheSameMargins) {
  const quant::Matrix rows = Rows(800, 0.05);
  const quant::Predictor before = PredictorOf(Fit(GetParam(), Small(GetParam()), rows).trees);
  BF_ASSERT_OK_AND_ASSIGN(const quant::Predictor after, quant::Predictor::Load(EncodeArtefact(before.artefact())));
  std::vector<float> a(rows.size()), b(rows.size());
  before.Margins(rows.values, a);
  after.Margins(rows.values, b);
  EXPECT_EQ(a, b);
}

TEST(Models, AreListedWithParametersThatHaveWords) {
  std::vector<std::string> names;
  for (const ModelEntry& entry : Models().entries()) {
    names.push_back(entry.info.name);
    EXPECT_EQ(entry.info.kind, "model");
    EXPECT_THAT(component::Params::Check(entry.params, {}), testing::IsOk()) << entry.info.name;
    for (const component::ParamSpec& param : entry.params) EXPECT_FALSE(param.description.empty()) << param.name;
  }
  EXPECT_THAT(names, ::testing::ElementsAre("gradient_boosting", "random_forest"));
}

TEST(ConvertTrees, RefusesWhatIsNotATreeModel) {
  EXPECT_THAT(ConvertTrees("", 3), StatusIs(absl::StatusCode::kInternal, "MODEL_LIBRARY"));
  EXPECT_THAT(ConvertTrees("{\"learner\": 1}", 3), StatusIs(absl::StatusCode::kInternal, "MODEL_LIBRARY"));
  BF_ASSERT_OK_AND_ASSIGN(const std::string model, GrowModel(Plan(true), Rows(300, 0), {}));
  EXPECT_THAT(ConvertTrees(model, 2), StatusIs(absl::StatusCode::kInternal, "MODEL_LIBRARY"));
  EXPECT_THAT(ConvertTrees(std::string_view(model).substr(0, model.size() / 2), kColumns),
              StatusIs(absl::StatusCode::kInternal, "MODEL_LIBRARY"));
}

// Read when a process starts, so this binary runs itself. The last setting makes the C library take the routines of a
// CPU without fused multiply-add.
TEST(Environment, ThreadsAndCpuDoNotChangeABit) {
  std::array<char, 4096> self{};
  ASSERT_GT(readlink("/proc/self/exe", self.data(), self.size() - 1), 0);
  std::vector<std::string> outputs;
  for (const char* setting :
       {"OMP_NUM_THREADS=1", "OMP_NUM_THREADS=2", "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"}) {
    const std::string command =
        std::string(setting) + " '" + self.data() + "' --gtest_filter=Environment.PrintsADigest";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    ASSERT_NE(pipe, nullptr);
    std::string digests;
    std::array<char, 512> line{};
    while (fgets(line.data(), line.size(), pipe.get()) != nullptr)
      if (std::string_view(line.data()).starts_with("digest ")) digests += line.data();
    outputs.push_back(digests);
  }
  EXPECT_EQ(outputs[0].size(), 4 * (7 + 64 + 1u));
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
}

// What the test above compares; by itself it shows that every kind and method grows trees of its own.
TEST(Environment, PrintsADigest) {
  std::set<std::string> digests;
  const quant::Matrix rows = Rows(1500, 0.02);
  for (const char* model : {"random_forest", "gradient_boosting"}) {
    for (const char* method : {"hist", "exact"}) {
      component::RawParams params = Small(model);
      params["tree_method"] = std::string(method);
      params["threads"] = int64_t{2};
      const std::string digest = Digest(Fit(model, params, rows).trees);
      std::printf("digest %s\n", digest.c_str());
      digests.insert(digest);
    }
  }
  EXPECT_EQ(digests.size(), 4u);
}

}  // namespace
}  // namespace breadthflow::training
