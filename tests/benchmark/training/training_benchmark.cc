// Boosted trees on 40 features: growing 200 of depth 6 on 100,000 rows, and predicting with them. XGBoost predicts the
// same rows with the same model, in one thread, as the peer in this program.
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <benchmark/benchmark.h>
#include <xgboost/c_api.h>

#include "common/quant/model/predictor.h"
#include "common/quant/stats/random.h"
#include "services/training/domain/models/xgboost_trainer.h"
#include "services/training/domain/models/xgboost_trees.h"

namespace breadthflow::training {
namespace {

constexpr size_t kColumns = 40;
constexpr size_t kTrainRows = 100'000;
constexpr size_t kPredictRows = 10'000;

quant::Matrix Rows(size_t size) {
  quant::Matrix rows;
  rows.symbols = {"BENCH"};
  for (size_t i = 0; i < kColumns; ++i) rows.columns.push_back("f" + std::to_string(i));
  const quant::stats::CounterRandom random(1, "rows");
  for (size_t row = 0; row < size; ++row) {
    double score = 2 * random.Normal(static_cast<int64_t>(row), kColumns);
    for (size_t i = 0; i < kColumns; ++i) {
      const double x = random.Normal(static_cast<int64_t>(row), i);
      if (i < 8) score += x;
      rows.values.push_back(static_cast<float>(x));
    }
    rows.symbol.push_back(0);
    rows.time.push_back(static_cast<int64_t>(row));
    rows.exit.push_back(static_cast<int64_t>(row) + 1);
    rows.target.push_back(score > 0 ? 1 : 0);
    rows.outcome.push_back(score);
  }
  return rows;
}

BoostingPlan Plan(int64_t threads) {
  BoostingPlan plan;
  plan.trees = 200;
  plan.threads = threads;
  plan.params = {{"max_depth", "6"}, {"learning_rate", "0.1"}, {"tree_method", "hist"}, {"seed", "1"}};
  return plan;
}

const std::string& Model() {
  static const auto* const model = new std::string(GrowModel(Plan(2), Rows(kTrainRows), {}).value());
  return *model;
}

const quant::Predictor& Predictor() {
  static const auto* const predictor = [] {
    quant::Artefact artefact;
    artefact.columns = Rows(1).columns;
    artefact.trees = ConvertTrees(Model(), kColumns).value().trees;
    artefact.valid_from_ns = 1;
    return new quant::Predictor(quant::Predictor::Make(std::move(artefact)).value());
  }();
  return *predictor;
}

// Runs `work` and returns seconds per iteration.
template <typename Work>
double Seconds(benchmark::State& state, Work&& work) {
  absl::Duration total;
  for (auto _ : state) {
    const absl::Time begin = absl::Now();
    work();
    benchmark::ClobberMemory();
    total += absl::Now() - begin;
  }
  return absl::ToDoubleSeconds(total) / static_cast<double>(state.iterations());
}

void Grow(benchmark::State& state) {
  const quant::Matrix rows = Rows(kTrainRows);
  state.counters["value"] = Seconds(state, [&] {
    if (!GrowModel(Plan(2), rows, {}).ok()) state.SkipWithError("training failed");
  });
  state.SetLabel("s");
}
BENCHMARK(Grow)->Name("training.grow_100000x40_s")->Unit(benchmark::kMillisecond);

void Predict(benchmark::State& state) {
  const std::vector<float> rows = Rows(kPredictRows).values;
  std::vector<float> margins(kPredictRows);
  const quant::Predictor& predictor = Predictor();
  const double seconds = Seconds(state, [&] { predictor.Margins(rows, margins); });
  state.counters["value"] = kPredictRows / seconds;
  state.SetLabel("rows/s");
}
BENCHMARK(Predict)->Name("training.predict_rows_per_s");

void PredictOneRow(benchmark::State& state) {
  const std::vector<float> row = Rows(1).values;
  std::vector<float> margin(1);
  const quant::Predictor& predictor = Predictor();
  state.counters["value"] = 1e6 * Seconds(state, [&] { predictor.Margins(row, margin); });
  state.SetLabel("us");
}
BENCHMARK(PredictOneRow)->Name("training.predict_one_row_us");

// XGBoost's in-place prediction of `count` rows.
double XgboostSeconds(benchmark::State& state, size_t count) {
  BoosterHandle booster = nullptr;
  XGBoosterCreate(nullptr, 0, &booster);
  XGBoosterLoadModelFromBuffer(booster, Model().data(), Model().size());
  XGBoosterSetParam(booster, "nthread", "1");
  const std::vector<float> rows = Rows(count).values;
  const std::string array = R"({"data": [)" + std::to_string(reinterpret_cast<uintptr_t>(rows.data())) +
                            R"(, true], "shape": [)" + std::to_string(count) + ", " + std::to_string(kColumns) +
                            R"(], "typestr": "<f4", "version": 3})";
  const char* const config =
      R"({"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, "missing": NaN, "strict_shape": false, "cache_id": 0})";
  const double seconds = Seconds(state, [&] {
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* result = nullptr;
    if (XGBoosterPredictFromDense(booster, array.c_str(), config, nullptr, &shape, &dimensions, &result) != 0)
      state.SkipWithError(XGBGetLastError());
  });
  XGBoosterFree(booster);
  return seconds;
}

void XgboostPredict(benchmark::State& state) {
  state.counters["value"] = kPredictRows / XgboostSeconds(state, kPredictRows);
  state.SetLabel("rows/s");
}
BENCHMARK(XgboostPredict)->Name("training.xgboost_predict_rows_per_s");

void XgboostPredictOneRow(benchmark::State& state) {
  state.counters["value"] = 1e6 * XgboostSeconds(state, 1);
  state.SetLabel("us");
}
BENCHMARK(XgboostPredictOneRow)->Name("training.xgboost_predict_one_row_us");

}  // namespace
}  // namespace breadthflow::training
