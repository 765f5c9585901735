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
  EXPECT_THAT(*ParsePipeline(kYaml, "demo.yaml", {}), EqualsProto(std::string(R"pb(
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
  BF_ASSERT_OK_AND_ASSIGN(
      const auto pipeline,
      ParsePipeline(kYaml, "demo.yaml", {{"SOURCE", "csv_file"}, {"DATA", "/data"}, {"SYMBOLS", ""}}));
  const auto& params = pipeline.steps(0).params();
  EXPECT_EQ(params.at("source").string_value(), "csv_file");
  EXPECT_EQ(params.at("source.path").string_value(), "/data");
  EXPECT_EQ(params.at("symbols").string_value(), "AAPL,MSFT") << "an empty value counts as none";
}

TEST(PipelineFile, SaysEverythingThatIsWrongWithItsLine) {
  const auto pipeline = ParsePipeline(
      "id: x\nsteps:\n  - id: ${NAME}\n    knd: fetch\n  - id: a\n    params: [1]\n    depends_on: b\n", "x.yaml", {});
  ASSERT_THAT(pipeline, StatusIs(absl::StatusCode::kInvalidArgument, "BAD_PIPELINE_FILE"));
  EXPECT_THAT(
      base::DetailsOf(pipeline.status()).violations,
      ElementsAre(Field(&base::FieldViolation::field, "x.yaml:4"), Field(&base::FieldViolation::field, "x.yaml:3"),
                  Field(&base::FieldViolation::field, "x.yaml:6"), Field(&base::FieldViolation::field, "x.yaml:7")));
}

TEST(PipelineFile, RefusesWhatIsNotYamlOrNotAMap) {
  EXPECT_THAT(ParsePipeline("a: [", "x.yaml", {}), StatusIs(absl::StatusCode::kInvalidArgument, "BAD_PIPELINE_FILE"));
  EXPECT_THAT(ParsePipeline("", "x.yaml", {}), StatusIs(absl::StatusCode::kInvalidArgument, "BAD_PIPELINE_FILE"));
  EXPECT_THAT(ParsePipeline("- 1", "x.yaml", {}), StatusIs(absl::StatusCode::kInvalidArgument, "BAD_PIPELINE_FILE"));
  EXPECT_THAT(ParsePipeline("steps: ${", "x.yaml", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "BAD_PIPELINE_FILE"));
}

TEST(PipelineFile, SaysWhenTheFileIsNotThere) {
  EXPECT_THAT(LoadPipeline("/nowhere/x.yaml", {}), StatusIs(absl::StatusCode::kNotFound, "NO_SUCH_FILE"));
}

TEST(PipelineFile, EveryPipelineOfTheRepositoryLoads) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BREADTHFLOW_SOURCE_DIR "/config/pipelines")) {
    BF_ASSERT_OK_AND_ASSIGN(const auto pipeline, LoadPipeline(entry.path().string(), {}));
    EXPECT_GT(pipeline.steps_size(), 0) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace breadthflow::cli
