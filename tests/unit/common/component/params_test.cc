#include "common/component/params.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::component {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<ParamSpec> Specs() {
  return {IntParam("period", 14, 2, 500, "bars", "Length of the window."),
          DoubleParam("width", 2.0, 0.1, 10.0, "standard deviations", "Width of the bands."),
          BoolParam("strict", false, "Refuse gaps."), ChoiceParam("fill", "next_open", {"next_open", "close"}, "When."),
          Required(StringParam("folder", "", "Where."))};
}

TEST(Params, FillsDefaultsAndKeepsWhatWasGiven) {
  const auto params = Params::Check(Specs(), {{"folder", std::string("data")}, {"period", int64_t{20}}});
  ASSERT_TRUE(params.ok()) << params.status();
  EXPECT_EQ(params->Int("period"), 20);
  EXPECT_EQ(params->Double("width"), 2.0);
  EXPECT_FALSE(params->Bool("strict"));
  EXPECT_EQ(params->String("fill"), "next_open");
  EXPECT_EQ(params->values(), (RawParams{{"fill", std::string("next_open")},
                                         {"folder", std::string("data")},
                                         {"period", int64_t{20}},
                                         {"strict", false},
                                         {"width", 2.0}}));
}

TEST(Params, AcceptsAWholeNumberForANumberAndNothingElse) {
  EXPECT_TRUE(Params::Check(Specs(), {{"folder", std::string("x")}, {"width", int64_t{3}}}).ok());
  for (const ParamValue& wrong : {ParamValue(true), ParamValue(std::string("3")), ParamValue(3.0)}) {
    EXPECT_FALSE(Params::Check(Specs(), {{"folder", std::string("x")}, {"period", wrong}}).ok()) << ToText(wrong);
  }
}

TEST(Params, ReportsEveryViolationAtOnce) {
  const auto params = Params::Check(Specs(), {{"period", int64_t{0}},
                                              {"width", std::numeric_limits<double>::quiet_NaN()},
                                              {"fill", std::string("soon")},
                                              {"colour", std::string("red")}});
  ASSERT_FALSE(params.ok());
  EXPECT_EQ(params.status().code(), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(params.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("period", "width", "fill", "folder", "colour"));
  EXPECT_THAT(base::Message(params.status()), HasSubstr("period: must be in [2, 500], was 0"));
}

TEST(ParseParamText, TakesTheNarrowestType) {
  EXPECT_EQ(ParseParamText("14"), ParamValue(int64_t{14}));
  EXPECT_EQ(ParseParamText("-0.5"), ParamValue(-0.5));
  EXPECT_EQ(ParseParamText("true"), ParamValue(true));
  EXPECT_EQ(ParseParamText("14 bars"), ParamValue(std::string("14 bars")));
  EXPECT_EQ(ParseParamText(""), ParamValue(std::string()));
}

}  // namespace
}  // namespace breadthflow::component
