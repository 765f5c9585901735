#include "services/registry/store/param_json.h"

#include <vector>

#include <gtest/gtest.h>

#include "services/registry/domain/component_rules.h"
#include "tests/support/matchers.h"

namespace breadthflow::registry {
namespace {

using component::ParamSpec;
using testing::StatusIs;

TEST(ParamJson, GivesBackWhatWasWritten) {
  const std::vector<ParamSpec> params = {
      component::IntParam("i", int64_t{1} << 60, 0, int64_t{1} << 52, "bars", "Größe \"x\""),
      component::DoubleParam("d", 0.1, -1e300, 3, "", ""), component::BoolParam("b", true, ""),
      component::ChoiceParam("c", "x", {"x", "y"}, ""), component::Required(component::StringParam("s", "", "Path"))};
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<ParamSpec> read, ParamsFromJson(ToJson(params)));
  ASSERT_EQ(read.size(), params.size());
  EXPECT_EQ(Fingerprint(read), Fingerprint(params));
  for (size_t i = 0; i < params.size(); ++i) {
    EXPECT_EQ(read[i].name, params[i].name);
    EXPECT_EQ(read[i].unit, params[i].unit);
    EXPECT_EQ(read[i].description, params[i].description);
  }
}

TEST(ParamJson, RefusesWhatItDidNotWrite) {
  for (const char* wrong : {"", "{", "[1]", R"([{"name": "a"}])", R"([{"name": 1, "type": 0}])",
                            R"([{"name": "a", "type": 0, "default": "x"}])"}) {
    EXPECT_THAT(ParamsFromJson(wrong), StatusIs(absl::StatusCode::kDataLoss, "PARAMS_CORRUPTED")) << wrong;
  }
}

}  // namespace
}  // namespace breadthflow::registry
