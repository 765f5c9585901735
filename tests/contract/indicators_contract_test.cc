// What every indicator of the catalogue promises, whoever wrote it.
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "common/quant/indicators/catalog.h"
#include "tests/contract/random_bars.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::RandomBars;
using ::breadthflow::testing::StatusIs;

// Equal bit for bit; NaN equals NaN.
bool SameBits(const IndicatorColumns& a, const IndicatorColumns& b) {
  if (a.size() != b.size()) return false;
  for (size_t k = 0; k < a.size(); ++k) {
    if (a[k].size() != b[k].size()) return false;
    for (size_t row = 0; row < a[k].size(); ++row) {
      if (std::bit_cast<uint64_t>(a[k][row]) != std::bit_cast<uint64_t>(b[k][row])) return false;
    }
  }
  return true;
}

std::string Shown(const component::RawParams& raw) {
  std::string text;
  for (const auto& [name, value] : raw) text += name + "=" + component::ToText(value) + " ";
  return text;
}

class IndicatorContract : public ::testing::TestWithParam<const IndicatorEntry*> {
 protected:
  const IndicatorEntry& entry() const { return *GetParam(); }

  // The defaults, and every parameter at both ends of its range where the combination is allowed.
  std::vector<component::RawParams> Settings() const {
    std::vector<component::RawParams> settings = {{}};
    for (const component::ParamSpec& spec : entry().params) {
      std::vector<component::ParamValue> values;
      if (spec.type == component::ParamType::kInt) {
        values = {static_cast<int64_t>(*spec.min), std::min(static_cast<int64_t>(*spec.max), int64_t{61})};
      } else if (spec.type == component::ParamType::kDouble) {
        values = {*spec.min, *spec.max};
      }
      for (const std::string& choice : spec.choices) values.push_back(choice);
      for (const component::ParamValue& value : values) {
        const component::RawParams raw = {{spec.name, value}};
        if (Make(raw) != nullptr) settings.push_back(raw);
      }
    }
    return settings;
  }

  component::Params Checked(const component::RawParams& raw) const {
    return component::Params::Check(entry().params, raw).value();
  }

  std::unique_ptr<Indicator> Make(const component::RawParams& raw) const {
    auto made = entry().make(Checked(raw));
    return made.ok() ? *std::move(made) : nullptr;
  }

  IndicatorColumns Compute(const Series& bars, const component::RawParams& raw) const {
    return ComputeIndicator(entry(), raw, BarColumns::Of(bars).value()).value();
  }
};

TEST_P(IndicatorContract, DescribesItself) {
  EXPECT_EQ(entry().info.kind, "indicator");
  EXPECT_FALSE(entry().info.description.empty());
  EXPECT_NE(entry().inputs, 0u);
  ASSERT_FALSE(entry().outputs.empty());
  for (const IndicatorOutput& output : entry().outputs) EXPECT_FALSE(output.name.empty() || output.description.empty());
  for (const component::ParamSpec& spec : entry().params) {
    EXPECT_FALSE(spec.description.empty()) << spec.name;
    if (spec.type == component::ParamType::kInt || spec.type == component::ParamType::kDouble) {
      EXPECT_TRUE(spec.min && spec.max) << spec.name;
    }
  }
}

TEST_P(IndicatorContract, HasOneValuePerBarAndIsKnownExactlyAfterItsWarmUp) {
  const Series bars = RandomBars("LEN", 400);
  for (const component::RawParams& raw : Settings()) {
    const IndicatorColumns columns = Compute(bars, raw);
    ASSERT_EQ(columns.size(), entry().outputs.size());
    const size_t warm_up = entry().warm_up(Checked(raw));
    for (size_t row = 0; row < bars.size(); ++row) {
      bool known = true;
      for (const std::vector<double>& column : columns) {
        ASSERT_EQ(column.size(), bars.size());
        ASSERT_FALSE(std::isinf(column[row]));
        known = known && !std::isnan(column[row]);
      }
      ASSERT_EQ(known, row >= warm_up) << "row " << row << " with " << Shown(raw);
    }
  }
}

TEST_P(IndicatorContract, GivesTheSameBitsBarByBar) {
  const Series bars = RandomBars("STREAM", 3000);
  const BarColumns columns = BarColumns::Of(bars).value();
  for (const component::RawParams& raw : Settings()) {
    const IndicatorColumns batch = Compute(bars, raw);
    const std::unique_ptr<Indicator> indicator = Make(raw);
    IndicatorColumns stream(entry().outputs.size(), std::vector<double>(bars.size()));
    std::vector<double> out(entry().outputs.size());
    for (size_t row = 0; row < bars.size(); ++row) {
      ASSERT_THAT(indicator->Update(columns[row], out), IsOk());
      for (size_t k = 0; k < out.size(); ++k) stream[k][row] = out[k];
    }
    EXPECT_TRUE(SameBits(batch, stream)) << Shown(raw);
  }
}

TEST_P(IndicatorContract, GoesOnBarByBarAfterABatch) {
  const Series bars = RandomBars("GOON", 1500);
  const BarColumns columns = BarColumns::Of(bars).value();
  const IndicatorColumns whole = Compute(bars, {});
  const std::unique_ptr<Indicator> indicator = Make({});
  IndicatorColumns head(entry().outputs.size(), std::vector<double>(1100));
  ASSERT_THAT(indicator->Compute(columns.First(1100), std::vector<std::span<double>>(head.begin(), head.end())),
              IsOk());
  std::vector<double> out(entry().outputs.size());
  for (size_t row = 1100; row < bars.size(); ++row) {
    ASSERT_THAT(indicator->Update(columns[row], out), IsOk());
    for (size_t k = 0; k < out.size(); ++k) head[k].push_back(out[k]);
  }
  EXPECT_TRUE(SameBits(whole, head));
}

TEST_P(IndicatorContract, OfAPrefixIsThePrefixOfTheResult) {
  const Series bars = RandomBars("PREFIX", 1300);
  for (const component::RawParams& raw : Settings()) {
    const IndicatorColumns whole = Compute(bars, raw);
    for (const size_t size :
         {size_t{0}, size_t{1}, size_t{2}, size_t{20}, size_t{61}, size_t{500}, size_t{1024}, size_t{1299}}) {
      IndicatorColumns prefix = whole;
      for (std::vector<double>& column : prefix) column.resize(size);
      EXPECT_TRUE(SameBits(Compute(bars.Rows(0, size), raw), prefix)) << size << " " << Shown(raw);
    }
  }
}

TEST_P(IndicatorContract, DoesNotDependOnTimesOrOnItsPast) {
  const Series bars = RandomBars("SAME", 700);
  Series shifted = bars;
  for (int64_t& time : shifted.times) time += 123 * testing::kDayNs + 7;
  const IndicatorColumns expected = Compute(bars, {});
  EXPECT_TRUE(SameBits(Compute(shifted, {}), expected));

  const std::unique_ptr<Indicator> used = Make({});
  std::vector<double> out(entry().outputs.size());
  const Series other = RandomBars("OTHER", 333);
  for (size_t row = 0; row < other.size(); ++row)
    ASSERT_THAT(used->Update(BarColumns::Of(other).value()[row], out), IsOk());
  IndicatorColumns again(entry().outputs.size(), std::vector<double>(bars.size()));
  ASSERT_THAT(used->Compute(BarColumns::Of(bars).value(), std::vector<std::span<double>>(again.begin(), again.end())),
              IsOk());
  EXPECT_TRUE(SameBits(again, expected));
}

TEST_P(IndicatorContract, IsFiniteOnPricesThatNeverMove) {
  for (const double price : {1e-8, 0.1, 100.0, 1e7}) {
    const Series bars = testing::FlatBars(300, price);
    for (const component::RawParams& raw : Settings()) {
      const IndicatorColumns columns = Compute(bars, raw);
      for (size_t row = entry().warm_up(Checked(raw)); row < bars.size(); ++row) {
        for (const std::vector<double>& column : columns) {
          ASSERT_TRUE(std::isfinite(column[row]));
          ASSERT_EQ(column[row], column.back()) << "flat in, flat out: row " << row;
        }
      }
    }
  }
}

TEST_P(IndicatorContract, OfNoBarsIsEmpty) {
  for (const std::vector<double>& column : Compute(RandomBars("NONE", 0), {})) EXPECT_TRUE(column.empty());
}

TEST_P(IndicatorContract, RefusesNanAndInfinityInWhatItReads) {
  const char* const names[] = {"open", "high", "low", "close", "volume"};
  for (size_t c = 0; c < 5; ++c) {
    for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
      Series bars = RandomBars("BAD", 1200);
      std::get<std::vector<double>>(bars.columns[c].values)[1111] = bad;
      const BarColumns columns = BarColumns::Of(bars).value();
      const auto result = ComputeIndicator(entry(), {}, columns);
      const std::unique_ptr<Indicator> indicator = Make({});
      std::vector<double> out(entry().outputs.size());
      const absl::Status update = indicator->Update(columns[1111], out);
      if ((entry().inputs & (1u << c)) == 0) {
        EXPECT_THAT(result, IsOk()) << names[c];
        EXPECT_THAT(update, IsOk()) << names[c];
        continue;
      }
      EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_FINITE")) << names[c];
      EXPECT_THAT(base::Message(result.status()), ::testing::HasSubstr("row 1111"));
      EXPECT_THAT(update, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_FINITE")) << names[c];
    }
  }
}

TEST_P(IndicatorContract, IsNotDisturbedByARefusedBar) {
  const Series bars = RandomBars("REFUSED", 200);
  const BarColumns columns = BarColumns::Of(bars).value();
  const IndicatorColumns expected = Compute(bars, {});
  const std::unique_ptr<Indicator> indicator = Make({});
  std::vector<double> out(entry().outputs.size());
  const double nan = std::nan("");
  for (size_t row = 0; row < bars.size(); ++row) {
    EXPECT_FALSE(indicator->Update({0, nan, nan, nan, nan, nan}, out).ok());
    ASSERT_THAT(indicator->Update(columns[row], out), IsOk());
    for (size_t k = 0; k < out.size(); ++k)
      ASSERT_EQ(std::bit_cast<uint64_t>(out[k]), std::bit_cast<uint64_t>(expected[k][row]));
  }
}

TEST_P(IndicatorContract, RefusesParametersOutOfRange) {
  for (const component::ParamSpec& spec : entry().params) {
    component::RawParams raw;
    if (spec.type == component::ParamType::kInt) raw[spec.name] = static_cast<int64_t>(*spec.min) - 1;
    if (spec.type == component::ParamType::kDouble) raw[spec.name] = *spec.max * 2 + 1;
    if (spec.type == component::ParamType::kString) raw[spec.name] = std::string("no such choice");
    EXPECT_THAT(ComputeIndicator(entry(), raw, BarColumns{}),
                StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PARAMS"))
        << spec.name;
  }
  EXPECT_THAT(ComputeIndicator(entry(), {{"no_such_parameter", int64_t{1}}}, BarColumns{}),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PARAMS"));
}

std::vector<const IndicatorEntry*> AllIndicators() {
  std::vector<const IndicatorEntry*> all;
  for (const IndicatorEntry& entry : Indicators().entries()) all.push_back(&entry);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, IndicatorContract, ::testing::ValuesIn(AllIndicators()),
                         [](const auto& param_info) { return param_info.param->info.name; });

}  // namespace
}  // namespace breadthflow::quant
