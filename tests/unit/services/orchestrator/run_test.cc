#include "services/orchestrator/domain/run.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::orchestrator {
namespace {

using jobs::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

// a -> b -> d, a -> c -> d, and e on its own.
PipelineRun Diamond() {
  const auto step = [](const std::string& id, std::vector<std::string> depends_on) {
    return Step{.id = id, .kind = "k", .params = {}, .inputs = {}, .depends_on = std::move(depends_on)};
  };
  PipelineRun run;
  run.id = "run";
  run.pipeline = {"p", "", {step("a", {}), step("b", {"a"}), step("c", {"a"}), step("d", {"b", "c"}), step("e", {})}};
  run.create_time = kStart;
  run.steps.resize(5);
  return run;
}

void Put(PipelineRun& run, const std::string& steps, State state) {
  for (const char id : steps) {
    jobs::Job job;
    job.state = state;
    job.attempt = state == State::kQueued ? 0 : 1;
    if (job.attempt > 0) job.start_time = kStart + absl::Seconds(id - 'a');
    if (jobs::IsTerminal(state)) job.end_time = kStart + absl::Seconds(60 + id - 'a');
    if (state == State::kFailed) job.error = base::MakeError(absl::StatusCode::kDataLoss, "BAD_DATA", "bad data");
    run.steps[static_cast<size_t>(id - 'a')].job = job;
  }
}

TEST(Summarize, IsQueuedUntilAJobStarts) {
  PipelineRun run = Diamond();
  EXPECT_EQ(Summarize(run).state, State::kQueued);
  Put(run, "ae", State::kQueued);
  EXPECT_EQ(Summarize(run).state, State::kQueued);
  EXPECT_EQ(Summarize(run).start_time, absl::InfinitePast());
}

TEST(SkippedSteps, AreThoseBehindAFailureHoweverFar) {
  PipelineRun run = Diamond();
  EXPECT_THAT(SkippedSteps(run), ElementsAre(false, false, false, false, false));
  Put(run, "a", State::kSucceeded);
  Put(run, "b", State::kFailed);
  EXPECT_THAT(SkippedSteps(run), ElementsAre(false, false, false, true, false));
  run = Diamond();
  Put(run, "a", State::kFailed);
  EXPECT_THAT(SkippedSteps(run), ElementsAre(false, true, true, true, false)) << "e can still start";
}

TEST(SkippedSteps, AreAllThatHaveNoJobOnceCancelWasAsked) {
  PipelineRun run = Diamond();
  Put(run, "a", State::kRunning);
  run.cancel_requested = true;
  EXPECT_THAT(SkippedSteps(run), ElementsAre(false, true, true, true, true));
}

TEST(Summarize, IsRunningWhileAnyJobIsActive) {
  PipelineRun run = Diamond();
  Put(run, "a", State::kSucceeded);
  Put(run, "bc", State::kQueued);
  Put(run, "e", State::kFailed);
  const RunSummary summary = Summarize(run);
  EXPECT_EQ(summary.state, State::kRunning);
  EXPECT_EQ(summary.end_time, absl::InfinitePast());
  EXPECT_EQ(base::DetailsOf(summary.error).reason, "BAD_DATA");
}

TEST(Summarize, SucceedsWhenAllSteps) {
  PipelineRun run = Diamond();
  Put(run, "abcde", State::kSucceeded);
  const RunSummary summary = Summarize(run);
  EXPECT_EQ(summary.state, State::kSucceeded);
  EXPECT_EQ(summary.progress, 1);
  EXPECT_EQ(summary.start_time, kStart);
  EXPECT_EQ(summary.end_time, kStart + absl::Seconds(64));
}

TEST(Summarize, FailsWithTheFirstErrorOnceNothingElseCanRun) {
  PipelineRun run = Diamond();
  Put(run, "ace", State::kSucceeded);
  Put(run, "b", State::kFailed);
  const RunSummary summary = Summarize(run);
  EXPECT_EQ(summary.state, State::kFailed);
  EXPECT_EQ(summary.error.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(base::Message(summary.error), HasSubstr("step 'b': bad data"));
  EXPECT_THAT(base::DetailsOf(summary.error).metadata, ElementsAre(Pair("step", "b")));
}

TEST(Summarize, GoesOnAfterAFailureWhileOtherBranchesCan) {
  PipelineRun run = Diamond();
  Put(run, "a", State::kSucceeded);
  Put(run, "e", State::kFailed);
  EXPECT_EQ(Summarize(run).state, State::kRunning);  // b and c can start
}

TEST(Summarize, IsCancelledWhenAskedAndSomethingWasLeftOut) {
  PipelineRun run = Diamond();
  Put(run, "ae", State::kSucceeded);
  run.cancel_requested = true;
  EXPECT_EQ(Summarize(run).state, State::kCancelled);
  Put(run, "bc", State::kRunning);
  EXPECT_EQ(Summarize(run).state, State::kRunning);
  Put(run, "bc", State::kCancelled);
  EXPECT_EQ(Summarize(run).state, State::kCancelled);
}

TEST(Summarize, MeansProgressOverStepsAndNamesWhatIsDone) {
  PipelineRun run = Diamond();
  Put(run, "a", State::kSucceeded);
  Put(run, "bc", State::kRunning);
  run.steps[1].job->progress = 0.5;
  run.steps[1].job->stage = "half";
  const RunSummary summary = Summarize(run);
  EXPECT_DOUBLE_EQ(summary.progress, 1.5 / 5);
  EXPECT_EQ(summary.stage, "b: half; c");
}

// The state machine, walked over every combination of states of five steps: what is derived never contradicts the jobs.
TEST(Summarize, AgreesWithItsStepsInEveryCombination) {
  const std::vector<State> states = {State::kQueued, State::kRunning, State::kSucceeded, State::kFailed,
                                     State::kCancelled};
  for (int code = 0; code < 6 * 6 * 6 * 6 * 6; ++code) {
    for (const bool cancel : {false, true}) {
      PipelineRun run = Diamond();
      run.cancel_requested = cancel;
      bool active = false;
      int succeeded = 0;
      for (int i = 0, rest = code; i < 5; ++i, rest /= 6) {
        if (rest % 6 == 5) continue;  // waits
        const State state = states[static_cast<size_t>(rest % 6)];
        Put(run, std::string(1, static_cast<char>('a' + i)), state);
        active = active || !jobs::IsTerminal(state);
        succeeded += state == State::kSucceeded;
      }
      const RunSummary summary = Summarize(run);
      const std::vector<size_t> ready = ReadySteps(run);
      ASSERT_EQ(jobs::IsTerminal(summary.state), !active && ready.empty()) << code;
      ASSERT_EQ(summary.state == State::kSucceeded, succeeded == 5) << code;
      ASSERT_EQ(jobs::IsTerminal(summary.state), summary.end_time != absl::InfinitePast()) << code;
      if (cancel) {
        ASSERT_TRUE(ready.empty()) << code;
      }
      const auto repeat = StepsToRepeat(run, "");
      ASSERT_EQ(repeat.ok(), jobs::IsTerminal(summary.state) && succeeded < 5) << code;
      if (repeat.ok()) {
        ASSERT_EQ(repeat->size(), static_cast<size_t>(5 - succeeded)) << code;
      }
    }
  }
}

TEST(ReadySteps, AreThoseWhoseDependenciesSucceeded) {
  PipelineRun run = Diamond();
  EXPECT_THAT(ReadySteps(run), ElementsAre(0, 4));
  Put(run, "ae", State::kRunning);
  EXPECT_THAT(ReadySteps(run), IsEmpty());
  Put(run, "a", State::kSucceeded);
  EXPECT_THAT(ReadySteps(run), ElementsAre(1, 2));
  Put(run, "b", State::kSucceeded);
  EXPECT_THAT(ReadySteps(run), ElementsAre(2));
  Put(run, "c", State::kFailed);
  EXPECT_THAT(ReadySteps(run), IsEmpty());
}

TEST(StepsToRepeat, AreAllThatDidNotSucceed) {
  PipelineRun run = Diamond();
  Put(run, "ae", State::kSucceeded);
  Put(run, "b", State::kFailed);
  Put(run, "c", State::kSucceeded);
  EXPECT_THAT(*StepsToRepeat(run, ""), ElementsAre(1, 3));
}

TEST(StepsToRepeat, FromAStepAreItAndWhatDependsOnIt) {
  PipelineRun run = Diamond();
  Put(run, "abcde", State::kSucceeded);
  EXPECT_THAT(*StepsToRepeat(run, "a"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(*StepsToRepeat(run, "b"), ElementsAre(1, 3));
  EXPECT_THAT(*StepsToRepeat(run, "e"), ElementsAre(4));
}

TEST(StepsToRepeat, FromAStepAlsoTakeTheFailedOnesElsewhere) {
  PipelineRun run = Diamond();
  Put(run, "ab", State::kSucceeded);
  Put(run, "ce", State::kFailed);
  EXPECT_THAT(*StepsToRepeat(run, "b"), ElementsAre(1, 2, 3, 4));
}

TEST(StepsToRepeat, RefusesWhatCanNotBeRepeated) {
  PipelineRun run = Diamond();
  EXPECT_THAT(StepsToRepeat(run, ""), StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_FINISHED"));
  EXPECT_THAT(StepsToRepeat(run, "z"), StatusIs(absl::StatusCode::kInvalidArgument));
  Put(run, "abcde", State::kSucceeded);
  EXPECT_THAT(StepsToRepeat(run, ""), StatusIs(absl::StatusCode::kFailedPrecondition, "NOTHING_TO_RETRY"));
}

TEST(ResolveInputs, TakesTheOutputsOfOtherSteps) {
  const Step step{"b", "k", {}, {{"snapshot", "a.snapshot"}, {"model", "e.model"}}, {}};
  std::map<std::string, Outputs> sources = {{"a", {{"snapshot", "snapshots/1"}, {"other", "x"}}}};
  EXPECT_THAT(ResolveInputs(step, sources), StatusIs(absl::StatusCode::kInternal, "MISSING_OUTPUT"));
  sources["e"];
  EXPECT_THAT(ResolveInputs(step, sources), StatusIs(absl::StatusCode::kInternal, "MISSING_OUTPUT"));
  sources["e"]["model"] = "models/2";
  EXPECT_THAT(*ResolveInputs(step, sources),
              UnorderedElementsAre(Pair("snapshot", "snapshots/1"), Pair("model", "models/2")));
}

}  // namespace
}  // namespace breadthflow::orchestrator
