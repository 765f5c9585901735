// What every kind of step must keep, and that the pipelines that are shipped are pipelines.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "services/cli/pipeline_file.h"
#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/pipeline.h"
#include "services/orchestrator/rpc/convert.h"
#include "services/registry/domain/component_rules.h"
#include "tests/support/matchers.h"

namespace breadthflow::orchestrator {
namespace {

using ::testing::Contains;
using testing::IsOk;

class StepContract : public ::testing::TestWithParam<std::string> {
 protected:
  const StepEntry& entry_ = **StepCatalog().Find(GetParam());
};

TEST_P(StepContract, DescribesItselfAsTheRegistryWants) {
  EXPECT_EQ(entry_.info.kind, "pipeline_step");
  EXPECT_NE(entry_.info.description, "");
  EXPECT_THAT(registry::CheckAnnouncement("orchestrator", {{entry_.info, entry_.params}}), IsOk());
  for (const component::ParamSpec& spec : entry_.params) EXPECT_NE(spec.description, "") << spec.name;
}

TEST_P(StepContract, HasDistinctInputsAndOutputs) {
  EXPECT_FALSE(entry_.outputs.empty());
  for (const std::vector<std::string>* names : {&entry_.outputs, &entry_.required_inputs, &entry_.optional_inputs}) {
    const std::set<std::string> distinct(names->begin(), names->end());
    EXPECT_EQ(distinct.size(), names->size());
    for (const std::string& name : distinct) {
      EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
    }
  }
  for (const std::string& name : entry_.required_inputs) {
    EXPECT_THAT(entry_.optional_inputs, ::testing::Not(Contains(name)));
  }
}

TEST_P(StepContract, NamesAComponentByATextParameterWithADefault) {
  for (const ComponentSlot& slot : entry_.slots) {
    EXPECT_NE(slot.component_kind, "");
    const auto spec = std::find_if(entry_.params.begin(), entry_.params.end(),
                                   [&](const component::ParamSpec& param) { return param.name == slot.param; });
    ASSERT_NE(spec, entry_.params.end()) << slot.param;
    EXPECT_EQ(spec->type, component::ParamType::kString);
    EXPECT_NE(component::ToText(spec->default_value), "");
  }
}

TEST_P(StepContract, ChecksWhateverItsSpecificationsAccept) {
  component::RawParams least;
  for (const component::ParamSpec& spec : entry_.params) {
    if (spec.required) least[spec.name] = spec.default_value;
  }
  BF_ASSERT_OK_AND_ASSIGN(const StepParams params, SortParams(entry_, least));
  base::Violations violations;
  if (entry_.check) entry_.check(params.own, {}, violations);
  for (const base::FieldViolation& violation : violations.list()) {
    EXPECT_THAT(entry_.params, Contains(::testing::Field(&component::ParamSpec::name, violation.field)));
  }
}

TEST_P(StepContract, IsTheSameInTheAnswerOfTheService) {
  const v1::StepKind proto = ToProto(entry_);
  EXPECT_EQ(proto.info().name(), GetParam());
  EXPECT_EQ(proto.info().params_size(), static_cast<int>(entry_.params.size()));
  EXPECT_EQ(proto.outputs_size(), static_cast<int>(entry_.outputs.size()));
  EXPECT_EQ(proto.component_slots_size(), static_cast<int>(entry_.slots.size()));
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const StepEntry& entry : StepCatalog().entries()) names.push_back(entry.info.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Every, StepContract, ::testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

TEST(StepCatalog, IsOrderedByName) {
  const std::vector<std::string> names = Names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

std::vector<std::string> PipelineFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(BREADTHFLOW_SOURCE_DIR "/config/pipelines")) {
    files.push_back(entry.path().string());
  }
  return files;
}

class ShippedPipeline : public ::testing::TestWithParam<std::string> {};

TEST_P(ShippedPipeline, IsValidWithItsDefaultsAndWithOtherData) {
  const std::vector<std::map<std::string, std::string>> settings = {
      {},
      {{"SOURCE", "csv_file"}, {"DATA", "/data"}, {"SYMBOLS", "SPY"}, {"START", "2010-01-01"}, {"END", "2020-01-01"}},
      {{"SEED", "7"}, {"MODEL", "gradient_boosting"}, {"MODEL_SEED", "3"}}};
  const std::string text = base::ReadFile(GetParam()).value();
  for (std::map<std::string, std::string> variables : settings) {
    // A variable that the file does not have is refused, so each file is given its own.
    std::erase_if(variables, [&](const auto& variable) { return text.find("${" + variable.first) == text.npos; });
    BF_ASSERT_OK_AND_ASSIGN(const cli::PipelineFile file, cli::LoadPipeline(GetParam(), variables));
    EXPECT_THAT(file.violations.ToStatus("the file"), IsOk());
    BF_ASSERT_OK_AND_ASSIGN(const Pipeline pipeline, FromProto(file.pipeline));
    EXPECT_THAT(Validate(pipeline, KindsOf(StepCatalog())), IsOk());
    EXPECT_EQ(HashOf(*FromProto(ToProto(pipeline))), HashOf(pipeline));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ShippedPipeline, ::testing::ValuesIn(PipelineFiles()),
                         [](const auto& test) { return std::filesystem::path(test.param).stem().string(); });

}  // namespace
}  // namespace breadthflow::orchestrator
