#include "services/orchestrator/domain/pipeline.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::orchestrator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

StepKinds Kinds() {
  StepKinds kinds;
  StepKind make;
  make.info.name = "make";
  make.params = {component::IntParam("count", 1, 1, 10, "", ""), component::StringParam("tool", "saw", ""),
                 component::Required(component::StringParam("what", "", ""))};
  make.slots = {{"tool", "tool"}};
  make.outputs = {"thing", "scrap"};
  make.check = [](const component::Params& params, const std::set<std::string>&, base::Violations& violations) {
    if (params.String("what") == "nothing") violations.Add("what", "must be something");
  };
  StepKind join;
  join.info.name = "join";
  join.required_inputs = {"left"};
  join.optional_inputs = {"right"};
  join.outputs = {"whole"};
  kinds["make"] = make;
  kinds["join"] = join;
  return kinds;
}

Step Make(const std::string& id) {
  return {.id = id, .kind = "make", .params = {{"what", "leg"}}, .inputs = {}, .depends_on = {}};
}

Step Join(const std::string& id, const std::string& left, std::vector<std::string> depends_on = {}) {
  return {.id = id, .kind = "join", .params = {}, .inputs = {{"left", left}}, .depends_on = std::move(depends_on)};
}

Pipeline Table() {
  return {"table", "four legs", {Make("a"), Make("b"), Join("c", "a.thing", {"b"}), Join("d", "c.whole")}};
}

std::vector<std::string> Fields(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::DetailsOf(status).violations) fields.push_back(violation.field);
  return fields;
}

TEST(Validate, AcceptsADiamond) { EXPECT_THAT(Validate(Table(), Kinds()), IsOk()); }

// One wrong thing each, and where and how it is reported.
struct Wrong {
  std::string name;
  void (*spoil)(Pipeline&);
  std::string field;
  std::string text;
};

class ValidateRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ValidateRefuses, WithTheFieldAndWhatWasExpected) {
  Pipeline pipeline = Table();
  GetParam().spoil(pipeline);
  const absl::Status status = Validate(pipeline, Kinds());
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PIPELINE"));
  EXPECT_THAT(Fields(status), ElementsAre(GetParam().field));
  EXPECT_THAT(base::Message(status), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    OneByOne, ValidateRefuses,
    ::testing::Values(
        Wrong{"EmptyId", [](Pipeline& p) { p.id = ""; }, "pipeline.id", "1 to 63"},
        Wrong{"LongId", [](Pipeline& p) { p.id = std::string(64, 'a'); }, "pipeline.id", "1 to 63"},
        Wrong{"UpperCaseId", [](Pipeline& p) { p.id = "Table"; }, "pipeline.id", "'Table'"},
        Wrong{"NoSteps", [](Pipeline& p) { p.steps.clear(); }, "pipeline.steps", "1 to 2000, were 0"},
        Wrong{"TooManySteps", [](Pipeline& p) { p.steps.resize(2001); }, "pipeline.steps", "were 2001"},
        Wrong{"TooLarge", [](Pipeline& p) { p.description.assign(2 << 20, 'x'); }, "pipeline", "at most 2097152 bytes"},
        Wrong{"BadStepId", [](Pipeline& p) { p.steps.push_back(Make("Big.Step")); }, "pipeline.steps[4].id",
              "'Big.Step'"},
        Wrong{"SameStepId", [](Pipeline& p) { p.steps.push_back(Make("b")); }, "pipeline.steps[4].id",
              "steps[1] already"},
        Wrong{"UnknownKind", [](Pipeline& p) { p.steps[3].kind = "paint"; }, "pipeline.steps[3].kind",
              "known are join, make"},
        Wrong{"MissingParameter", [](Pipeline& p) { p.steps[0].params.clear(); }, "pipeline.steps[0].params.what",
              "is required"},
        Wrong{"UnknownParameter", [](Pipeline& p) { p.steps[0].params["colour"] = "red"; },
              "pipeline.steps[0].params.colour", "unknown parameter"},
        Wrong{"ParameterOutOfRange", [](Pipeline& p) { p.steps[0].params["count"] = int64_t{11}; },
              "pipeline.steps[0].params.count", "[1, 10], was 11"},
        Wrong{"ParameterOfUnknownComponent", [](Pipeline& p) { p.steps[0].params["glue.kind"] = "wood"; },
              "pipeline.steps[0].params.glue.kind", "begin with tool."},
        Wrong{"ParameterOfKindWithoutComponents", [](Pipeline& p) { p.steps[2].params["tool.size"] = int64_t{1}; },
              "pipeline.steps[2].params.tool.size", "no component is configured here"},
        Wrong{"ParameterThatTheKindRefuses", [](Pipeline& p) { p.steps[0].params["what"] = "nothing"; },
              "pipeline.steps[0].params.what", "must be something"},
        Wrong{"MissingInput", [](Pipeline& p) { p.steps[3].inputs.clear(); }, "pipeline.steps[3].inputs.left",
              "is required"},
        Wrong{"UnknownInput", [](Pipeline& p) { p.steps[3].inputs["middle"] = "a.thing"; },
              "pipeline.steps[3].inputs.middle", "known are left, right"},
        Wrong{"InputOfKindWithoutInputs", [](Pipeline& p) { p.steps[1].inputs["left"] = "a.thing"; },
              "pipeline.steps[1].inputs.left", "takes none"},
        Wrong{"InputWithoutOutput", [](Pipeline& p) { p.steps[3].inputs["left"] = "c"; },
              "pipeline.steps[3].inputs.left", "must be STEP.OUTPUT, was 'c'"},
        Wrong{"InputFromUnknownStep", [](Pipeline& p) { p.steps[3].inputs["left"] = "z.thing"; },
              "pipeline.steps[3].inputs.left", "there is no step 'z'"},
        Wrong{"InputFromUnknownOutput", [](Pipeline& p) { p.steps[3].inputs["left"] = "a.whole"; },
              "pipeline.steps[3].inputs.left", "its outputs are thing, scrap"},
        Wrong{"InputFromItself", [](Pipeline& p) { p.steps[3].inputs["left"] = "d.whole"; },
              "pipeline.steps[3].inputs.left", "depend on itself"},
        Wrong{"DependencyOnUnknownStep", [](Pipeline& p) { p.steps[0].depends_on = {"z"}; },
              "pipeline.steps[0].depends_on[0]", "there is no step 'z'"},
        Wrong{"DependencyOnItself", [](Pipeline& p) { p.steps[0].depends_on = {"a"}; },
              "pipeline.steps[0].depends_on[0]", "depend on itself"},
        Wrong{"DependencyTwice",
              [](Pipeline& p) {
                p.steps[2].depends_on = {"b", "b"};
              },
              "pipeline.steps[2].depends_on[1]", "occurs twice"},
        Wrong{"Circle", [](Pipeline& p) { p.steps[0].depends_on = {"d"}; }, "pipeline.steps", "a -> c -> d -> a"}),
    [](const auto& test) { return test.param.name; });

TEST(Validate, ReportsEveryViolationAtOnce) {
  Pipeline pipeline = Table();
  pipeline.id = "?";
  pipeline.steps[0].params["colour"] = "red";
  pipeline.steps[1].kind = "paint";
  pipeline.steps[2].inputs["left"] = "nowhere.thing";
  pipeline.steps[3].depends_on = {"z"};
  EXPECT_THAT(Fields(Validate(pipeline, Kinds())),
              UnorderedElementsAre("pipeline.id", "pipeline.steps[0].params.colour", "pipeline.steps[1].kind",
                                   "pipeline.steps[2].inputs.left", "pipeline.steps[3].depends_on[0]"));
}

TEST(SortParams, GivesEachComponentItsOwnAndLeavesEmptyTextsOut) {
  BF_ASSERT_OK_AND_ASSIGN(
      const StepParams params,
      SortParams(Kinds().at("make"),
                 {{"what", "leg"}, {"tool.size", int64_t{3}}, {"tool.name", ""}, {"tool.a.b", 0.5}, {"tool", "axe"}}));
  EXPECT_EQ(params.own.String("what"), "leg");
  EXPECT_EQ(params.own.Int("count"), 1);
  EXPECT_EQ(params.Ref("tool").name, "axe");
  EXPECT_EQ(params.Ref("tool").params, (component::RawParams{{"size", int64_t{3}}, {"a.b", 0.5}}));
}

TEST(ParseOutputRef, WantsTextOnBothSidesOfOneDot) {
  EXPECT_EQ(ParseOutputRef("a.b")->step, "a");
  EXPECT_EQ(ParseOutputRef("a.b")->output, "b");
  for (const char* wrong : {"", ".", "a", "a.", ".b", "a.b.c", "a..b"}) EXPECT_FALSE(ParseOutputRef(wrong)) << wrong;
}

TEST(TopologicalOrder, PutsStepsAfterWhatTheyDependOnAndElseKeepsTheirOrder) {
  Pipeline pipeline = Table();
  std::swap(pipeline.steps[0], pipeline.steps[3]);  // d b c a
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<size_t> order, TopologicalOrder(pipeline));
  EXPECT_THAT(order, ElementsAre(1, 3, 2, 0));
}

TEST(TopologicalOrder, RefusesACircle) {
  Pipeline pipeline = Table();
  pipeline.steps[0].depends_on = {"d"};
  EXPECT_THAT(TopologicalOrder(pipeline), StatusIs(absl::StatusCode::kFailedPrecondition, "PIPELINE_HAS_CYCLE"));
}

TEST(Cycles, AreFoundInAChainAsLongAsAPipelineMayBe) {
  Pipeline pipeline{"chain", "", {}};
  for (int i = 0; i < 2000; ++i) {
    pipeline.steps.push_back(Make(fmt::format("s{}", i)));
    if (i > 0) pipeline.steps.back().depends_on = {fmt::format("s{}", i - 1)};
  }
  EXPECT_THAT(Cycles(pipeline), IsEmpty());
  pipeline.steps[0].depends_on = {"s1999"};
  ASSERT_EQ(Cycles(pipeline).size(), 1);
  EXPECT_EQ(Cycles(pipeline)[0].size(), 2001);
}

TEST(Cycles, AreOnePerDependencyThatClosesOne) {
  const Pipeline pipeline{"two", "", {Join("a", "b.x"), Join("b", "a.x"), Join("c", "d.x"), Join("d", "c.x")}};
  EXPECT_THAT(Cycles(pipeline), ElementsAre(ElementsAre("a", "b", "a"), ElementsAre("c", "d", "c")));
}

TEST(HashOf, SeesEveryPartOfAPipeline) {
  const std::string same = HashOf(Table());
  EXPECT_EQ(HashOf(Table()), same);
  const std::vector<void (*)(Pipeline&)> changes = {[](Pipeline& p) { p.id = "t"; },
                                                    [](Pipeline& p) { p.description = ""; },
                                                    [](Pipeline& p) { p.steps[0].id = "x"; },
                                                    [](Pipeline& p) { p.steps[0].kind = "join"; },
                                                    [](Pipeline& p) { p.steps[0].params["count"] = int64_t{1}; },
                                                    [](Pipeline& p) { p.steps[0].params["what"] = int64_t{1}; },
                                                    [](Pipeline& p) { p.steps[2].inputs["left"] = "b.thing"; },
                                                    [](Pipeline& p) { p.steps[2].depends_on.clear(); },
                                                    [](Pipeline& p) { std::swap(p.steps[0], p.steps[1]); }};
  for (size_t i = 0; i < changes.size(); ++i) {
    Pipeline changed = Table();
    changes[i](changed);
    EXPECT_NE(HashOf(changed), same) << i;
  }
}

}  // namespace
}  // namespace breadthflow::orchestrator
