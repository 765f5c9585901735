#include "services/signal/domain/signal_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/signal.h"
#include "tests/contract/random_bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::signal {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SignalSpec Good() {
  return {.snapshot = "snapshots/one", .symbols = {"AAPL", "BRK.B"}, .strategy = {"technical_analysis", {}}};
}

std::vector<std::string> FieldsWrongWith(const SignalSpec& spec) {
  base::Violations violations;
  CheckSpec(spec, violations);
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : violations.list()) fields.push_back(violation.field);
  return fields;
}

TEST(CheckSpec, AcceptsGoodSpecs) {
  EXPECT_THAT(FieldsWrongWith(Good()), IsEmpty());
  SignalSpec model = Good();
  model.strategy = {"ml_model", {{"buy_above", 0.6}}};
  model.model = "models/one";
  model.symbols.clear();
  EXPECT_THAT(FieldsWrongWith(model), IsEmpty());
}

TEST(CheckSpec, TellsEverythingThatIsWrongAtOnce) {
  const SignalSpec bad = {.snapshot = "snapshot/one",
                          .symbols = {"AAPL", "", "A B", "AAPL"},
                          .strategy = {"technical_analysis", {{"rsi_period", int64_t{1}}, {"wrong", true}}},
                          .model = "x",
                          .range = {10, 10}};
  EXPECT_THAT(FieldsWrongWith(bad),
              ElementsAre("spec.snapshot", "spec.symbols[1]", "spec.symbols[2]", "spec.symbols[3]", "spec.range",
                          "spec.model", "spec.strategy.params.rsi_period", "spec.strategy.params.wrong"));
}

TEST(CheckSpec, RefusesUnknownAndMissingStrategies) {
  SignalSpec unknown = Good();
  unknown.strategy.name = "astrology";
  EXPECT_THAT(FieldsWrongWith(unknown), ElementsAre("spec.strategy.name"));
  unknown.strategy.name = "";
  EXPECT_THAT(FieldsWrongWith(unknown), ElementsAre("spec.strategy.name"));
}

TEST(CheckSpec, WantsAModelExactlyWhereItIsRead) {
  SignalSpec without = Good();
  without.strategy = {"ml_model", {}};
  EXPECT_THAT(FieldsWrongWith(without), ElementsAre("spec.model"));
  SignalSpec superfluous = Good();
  superfluous.model = "models/one";
  EXPECT_THAT(FieldsWrongWith(superfluous), ElementsAre("spec.model"));
}

TEST(CheckSpec, RefusesParametersThatContradictEachOther) {
  SignalSpec spec = Good();
  spec.strategy.params = {{"fast_period", int64_t{60}}, {"rsi_oversold", 80.0}};
  EXPECT_THAT(FieldsWrongWith(spec),
              ElementsAre("spec.strategy.params.rsi_oversold", "spec.strategy.params.fast_period"));
}

TEST(CheckSpec, TellsWrongRangesAndWrongRulesBetweenParametersTogether) {
  SignalSpec spec = Good();
  spec.strategy = {"technical_analysis", {{"rsi_period", int64_t{9'000}}, {"fast_period", int64_t{60}}}};
  EXPECT_THAT(FieldsWrongWith(spec),
              ElementsAre("spec.strategy.params.rsi_period", "spec.strategy.params.fast_period"));
  // A rule that speaks of a value that is wrong alone would only repeat it.
  spec.strategy.params = {{"slow_period", int64_t{9'000}}, {"fast_period", int64_t{60}}};
  EXPECT_THAT(FieldsWrongWith(spec), ElementsAre("spec.strategy.params.slow_period"));
}

TEST(Fingerprint, ChangesWithEveryPartOfTheSpec) {
  std::vector<SignalSpec> specs(8, Good());
  specs[1].snapshot = "snapshots/two";
  specs[2].symbols = {"AAPL"};
  specs[3].symbols = {"AAPLBRK.B"};
  specs[4].strategy.name = "ml_model";
  specs[5].strategy.params["threshold"] = 0.5;
  specs[6].model = "models/one";
  specs[7].range.end_ns = 7;
  std::set<std::string> prints;
  for (const SignalSpec& spec : specs) prints.insert(Fingerprint(spec));
  EXPECT_EQ(prints.size(), specs.size());
  EXPECT_EQ(Fingerprint(Good()), Fingerprint(Good()));
}

TEST(Summarise, CountsWhatTheStrategySaid) {
  const quant::Series bars = testing::RandomBars("AAA", 10);
  const quant::Series signals = quant::SignalSeries(bars.key, {bars.times.begin() + 6, bars.times.end()},
                                                    {1, 0, -1, -1}, {1, 0, -1, -1}, {"", "", "", ""});
  const SymbolResult result = Summarise(bars, signals);
  EXPECT_EQ(result.symbol, "AAA");
  EXPECT_EQ(result.signal_count, 4);
  EXPECT_EQ(result.warm_up_bar_count, 6);
  EXPECT_EQ(result.long_count, 1);
  EXPECT_EQ(result.short_count, 2);
  EXPECT_EQ(result.content_sha256, base::ToHex(signals.ContentHash()));
  EXPECT_THAT(result.error, IsOk());
}

TEST(Summarise, WithoutSignalsEveryBarWasWarmUp) {
  const quant::Series bars = testing::RandomBars("AAA", 10);
  const SymbolResult result = Summarise(bars, quant::SignalSeries(bars.key, {}, {}, {}, {}));
  EXPECT_EQ(result.signal_count, 0);
  EXPECT_EQ(result.warm_up_bar_count, 10);
}

TEST(FailureOf, NamesEverySymbolThatFailed) {
  EXPECT_THAT(FailureOf({{.symbol = "A"}, {.symbol = "B"}}), IsOk());
  const absl::Status failure =
      FailureOf({{.symbol = "A"},
                 {.symbol = "B", .error = base::MakeError(absl::StatusCode::kFailedPrecondition, "NO_BARS", "none")},
                 {.symbol = "C", .error = base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_BARS", "odd")}});
  EXPECT_THAT(failure, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_BARS"));
  EXPECT_EQ(base::DetailsOf(failure).violations,
            (std::vector<base::FieldViolation>{{"symbols.B", "none"}, {"symbols.C", "odd"}}));
}

}  // namespace
}  // namespace breadthflow::signal
