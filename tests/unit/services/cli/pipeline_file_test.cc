#include "services/cli/pipeline_file.h"

#include <filesystem>

#include "tests/support/matchers.h"
#include "tests/support/proto_matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::ElementsAre;
using testing::EqualsProto;
using ::testing::Field;
using testing::StatusIs;

constexpr char kYaml[] = R"(
id: demo
description: From bars to report.
steps:
  - id: fetch
    kind: fetch
    params:
      source: "${SOURCE:-simulated}"
      source.path: "${DATA:-}"
      source.seed: "${SEED:-7}"
      symbols: "${SYMBOLS:-AAPL,MSFT}"
      version: "7"
      strict: true
      share: 0.25
  - id: check
    kind: snapshot
    inputs: {fetch_run: fetch.fetch_run, other: "${NONE:-}"}
    depends_on: [fetch]
)";

TEST(PipelineFile, BecomesAPipelineWithTypedParameters) {
  EXPECT_THAT(ParsePipeline(kYaml, "demo.yaml", {}).pipeline, EqualsProto(std::string(R"pb(
                id: "demo"
                description: "From bars to report."
                steps {
                  id: "fetch"
                  kind: "fetch"
                  params {
                    key: "source"
                    value { string_value: "simulated" }
                  }
                  params {
                    key: "source.seed"
                    value { int_value: 7 }
                  }
                  params {
                    key: "symbols"
                    value { string_value: "AAPL,MSFT" }
                  }
                  params {
                    key: "version"
                    value { string_value: "7" }
                  }
                  params {
                    key: "strict"
                    value { bool_value: true }
                  }
                  params {
                    key: "share"
                    value { double_value: 0.25 }
                  }
                }
                steps {
                  id: "check"
                  kind: "snapshot"
                  inputs { key: "fetch_run" value: "fetch.fetch_run" }
                  depends_on: "fetch"
                }
              )pb")));
}

TEST(PipelineFile, TakesValuesFromOutside) {
  const PipelineFile file =
      ParsePipeline(kYaml, "demo.yaml", {{"SOURCE", "csv_file"}, {"DATA", "/data"}, {"SYMBOLS", ""}});
  EXPECT_TRUE(file.violations.empty());
  const auto& params = file.pipeline.steps(0).params();
  EXPECT_EQ(params.at("source").string_value(), "csv_file");
  EXPECT_EQ(params.at("source.path").string_value(), "/data");
  EXPECT_EQ(params.at("symbols").string_value(), "AAPL,MSFT") << "an empty value counts as none";
}

TEST(PipelineFile, SaysEverythingThatIsWrongWithItsLine) {
  const PipelineFile file = ParsePipeline(
      "id: x\nsteps:\n  - id: ${NAME}\n    knd: fetch\n  - id: a\n    params: [1]\n    depends_on: b\n", "x.yaml", {});
  EXPECT_THAT(
      file.violations.list(),
      ElementsAre(Field(&base::FieldViolation::field, "x.yaml:4"), Field(&base::FieldViolation::field, "x.yaml:3"),
                  Field(&base::FieldViolation::field, "x.yaml:6"), Field(&base::FieldViolation::field, "x.yaml:7")));
}

TEST(PipelineFile, RefusesValuesForNamesThatItDoesNotHave) {
  const PipelineFile file = ParsePipeline(kYaml, "demo.yaml", {{"SYMBOLL", "X"}, {"DATA", "/data"}});
  ASSERT_EQ(file.violations.list().size(), 1u);
  EXPECT_EQ(file.violations.list()[0].field, "--set SYMBOLL");
  EXPECT_EQ(file.violations.list()[0].description,
            "demo.yaml has no ${SYMBOLL}; there are DATA, NONE, SEED, SOURCE, SYMBOLS");
}

TEST(PipelineFile, MakesThePathOfASourceAbsolute) {
  const PipelineFile file = ParsePipeline(kYaml, "demo.yaml", {{"DATA", "bars"}});
  EXPECT_EQ(file.pipeline.steps(0).params().at("source.path").string_value(),
            (std::filesystem::current_path() / "bars").string());
}

TEST(PipelineFile, NamesTheLineOfWhatTheOrchestratorRefuses) {
  PipelineFile file =
      ParsePipeline("id: x\nsteps:\n  - id: a\n    kind: magic\n    params:\n      odd: 1\n", "x.yaml", {});
  base::Violations refused;
  refused.Add("pipeline.steps[0].kind", "unknown");
  refused.Add("pipeline.steps[0].params.odd", "unknown");
  refused.Add("pipeline.steps[0].inputs.snapshot", "is required");
  base::Violations violations;
  MergeByPlace(refused.ToStatus("invalid"), file, violations);
  EXPECT_THAT(violations.list(),
              ElementsAre(Field(&base::FieldViolation::field, "x.yaml:4 (pipeline.steps[0].kind)"),
                          Field(&base::FieldViolation::field, "x.yaml:6 (pipeline.steps[0].params.odd)"),
                          Field(&base::FieldViolation::field, "x.yaml:3 (pipeline.steps[0].inputs.snapshot)")));
  file.violations.Add("x.yaml:4", "known");
  base::Violations fewer;
  MergeByPlace(refused.ToStatus("invalid"), file, fewer);
  EXPECT_EQ(fewer.list().size(), 2u) << "what is said of a line already is left out";
}

TEST(PipelineFile, RefusesWhatIsNotYamlOrNotAMap) {
  for (const char* yaml : {"a: [", "", "- 1", "steps: ${"})
    EXPECT_FALSE(ParsePipeline(yaml, "x.yaml", {}).violations.empty()) << yaml;
}

TEST(PipelineFile, SaysWhenTheFileIsNotThere) {
  EXPECT_THAT(LoadPipeline("/nowhere/x.yaml", {}), StatusIs(absl::StatusCode::kNotFound, "NO_SUCH_FILE"));
}

TEST(PipelineFile, EveryPipelineOfTheRepositoryLoads) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BREADTHFLOW_SOURCE_DIR "/config/pipelines")) {
    BF_ASSERT_OK_AND_ASSIGN(const PipelineFile file, LoadPipeline(entry.path().string(), {}));
    EXPECT_TRUE(file.violations.empty()) << entry.path();
    EXPECT_GT(file.pipeline.steps_size(), 0) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace breadthflow::cli
