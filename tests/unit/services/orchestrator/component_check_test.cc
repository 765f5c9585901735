#include "services/orchestrator/domain/component_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::orchestrator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

StepKinds Kinds() {
  StepKind kind;
  kind.params = {component::StringParam("tool", "saw", ""), component::StringParam("glue", "wood", "")};
  kind.slots = {{"tool", "tool"}, {"glue", "glue"}};
  return {{"make", kind}};
}

std::vector<base::FieldViolation> Check(const component::RawParams& params, const KnownComponents& known,
                                        const std::string& kind = "make") {
  base::Violations violations;
  CheckComponents({"p", "", {Step{"s", kind, params, {}, {}}}}, Kinds(), known, violations);
  return violations.list();
}

const KnownComponents kKnown = {{"tool", {{"saw", {component::IntParam("teeth", 8, 1, 100, "", "")}}, {"axe", {}}}}};

TEST(CheckComponents, AcceptsKnownOnesWithGoodValuesAndTheDefault) {
  EXPECT_THAT(Check({}, kKnown), IsEmpty());
  EXPECT_THAT(Check({{"tool", "saw"}, {"tool.teeth", int64_t{100}}}, kKnown), IsEmpty());
  EXPECT_THAT(Check({{"tool", "axe"}}, kKnown), IsEmpty());
}

TEST(CheckComponents, NamesTheValueThatIsWrong) {
  EXPECT_THAT(
      Check({{"tool.teeth", int64_t{101}}, {"tool.colour", "red"}}, kKnown),
      ElementsAre(base::FieldViolation{"pipeline.steps[0].params.tool.teeth", "must be in [1, 100], was 101"},
                  base::FieldViolation{"pipeline.steps[0].params.tool.colour", "unknown parameter; known are teeth"}));
}

TEST(CheckComponents, NamesTheComponentsThereAre) {
  EXPECT_THAT(
      Check({{"tool", "plane"}}, kKnown),
      ElementsAre(base::FieldViolation{"pipeline.steps[0].params.tool", "unknown tool 'plane'; known are axe, saw"}));
}

TEST(CheckComponents, SaysNothingOfWhatItDoesNotKnow) {
  EXPECT_THAT(Check({{"glue", "paste"}, {"tool", "plane"}}, {}), IsEmpty());
  EXPECT_THAT(Check({{"tool", "plane"}}, kKnown, "paint"), IsEmpty());
  EXPECT_THAT(Check({{"tool", "plane"}, {"nails", int64_t{3}}}, kKnown), IsEmpty());
}

}  // namespace
}  // namespace breadthflow::orchestrator
