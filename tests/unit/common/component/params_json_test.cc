#include "common/component/params_json.h"

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::component {
namespace {

using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(ParamsJson, ComesBackWithEveryTypeAndBit) {
  const RawParams params = {{"count", int64_t{-9007199254740993}},
                            {"five", 5.0},
                            {"flag", true},
                            {"small", 4.9406564584124654e-324},
                            {"third", 1.0 / 3},
                            {"off", false},
                            {"text", std::string("a \"b\" \\ \n \x01 \xc3\xa4")},
                            {"name \"x\"", int64_t{1}}};
  EXPECT_THAT(ParamsFromJson(ToJson(params)), IsOkAndHolds(params));
  EXPECT_THAT(ParamsFromJson(ToJson({})), IsOkAndHolds(RawParams{}));
}

TEST(ParamsJson, IsReadableJson) {
  EXPECT_EQ(ToJson({{"b", 5.0}, {"a", int64_t{5}}, {"c", std::string("x")}}), R"({"a": 5, "b": 5.0, "c": "x"})");
}

TEST(ParamsJson, ReadsWhatPostgresMakesOfIt) {
  // jsonb spells 1e-05 as 0.00001 and 5e+300 with all its digits, and control characters by their short names.
  EXPECT_THAT(ParamsFromJson(R"( {"a":0.00001 , "b" : 5.0,"c":"\t\/"} )"),
              IsOkAndHolds(RawParams{{"a", 1e-05}, {"b", 5.0}, {"c", std::string("\t/")}}));
}

TEST(ParamsJson, RefusesEverythingElse) {
  for (const char* bad : {"",
                          "{",
                          "}",
                          "[]",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{\"a\":1,}",
                          "{\"a\":1}x",
                          "{\"a\":null}",
                          "{\"a\":{}}",
                          "{\"a\":[1]}",
                          "{\"a\":1,\"a\":2}",
                          "{a:1}",
                          "{\"a\":\"x}",
                          "{\"a\":\"\\q\"}",
                          "{\"a\":\"\\u12\"}",
                          "{\"a\":\"\\ud800\"}",
                          "{\"a\":1 2}",
                          "{\"a\":12345678901234567890}",
                          "{\"a\":1e999}"})
    EXPECT_THAT(ParamsFromJson(bad), StatusIs(absl::StatusCode::kDataLoss, "BAD_PARAMS_JSON")) << bad;
}

}  // namespace
}  // namespace breadthflow::component
