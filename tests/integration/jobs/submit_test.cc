#include "common/jobs/submit.h"

#include <optional>
#include <set>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::jobs {
namespace {

using postgres::Transaction;

class SubmitTest : public ::testing::Test {
 protected:
  SubmitTest() : database_(postgres::Database::Open({.url = server_.url(), .schema = "jobs", .pool_size = 8})) {
    EXPECT_TRUE(postgres::Migrate(*database_, JobStore::Migrations()).ok());
  }
  absl::StatusOr<std::string> Submit(const SubmitKey& key) {
    return SubmitOnce(*database_, key, [](Transaction& tx) -> absl::StatusOr<std::string> {
      const std::string id = base::NewUuid(absl::Now());
      BF_RETURN_IF_ERROR(JobStore::Enqueue(tx, {.id = id, .kind = "work"}));
      return "runs/" + id;
    });
  }
  std::string Jobs() { return server_.Sql("SELECT count(*) FROM jobs.job"); }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_;
};

TEST_F(SubmitTest, AThousandConcurrentCallsCreateOneResource) {
  absl::Mutex mutex;
  std::set<std::string> answers;
  int failures = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 10; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto name = Submit({"alice", "Create", "11111111-1111-1111-1111-111111111111", "hash"});
        absl::MutexLock lock(&mutex);
        if (name.ok())
          answers.insert(*name);
        else
          ++failures;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(Jobs(), "1");
}

TEST_F(SubmitTest, TheSameIdForAnotherPayloadIsRefused) {
  ASSERT_TRUE(Submit({"alice", "Create", "id", "one"}).ok());
  const auto other = Submit({"alice", "Create", "id", "two"});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::DetailsOf(other.status()).reason, "REQUEST_ID_REUSED");
  EXPECT_EQ(Jobs(), "1");
}

TEST_F(SubmitTest, TheIdBelongsToCallerAndMethod) {
  const auto first = Submit({"alice", "Create", "id", "one"});
  EXPECT_NE(*Submit({"bob", "Create", "id", "one"}), *first);
  EXPECT_NE(*Submit({"alice", "Other", "id", "one"}), *first);
  EXPECT_EQ(*Submit({"alice", "Create", "id", "one"}), *first);
  EXPECT_EQ(Jobs(), "3");
}

TEST_F(SubmitTest, AnIdIsTheSameInUpperCase) {
  const auto first = Submit({"alice", "Create", "0190a0b0-1234-7abc-8def-0123456789ab", "one"});
  EXPECT_EQ(*Submit({"alice", "Create", "0190A0B0-1234-7ABC-8DEF-0123456789AB", "one"}), *first);
  EXPECT_EQ(Jobs(), "1");
}

TEST_F(SubmitTest, WithoutAnIdEveryCallIsNew) {
  EXPECT_NE(*Submit({"alice", "Create", "", "one"}), *Submit({"alice", "Create", "", "one"}));
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM jobs.request"), "0");
}

TEST_F(SubmitTest, AFailedRequestIsAsIfItHadNeverBeen) {
  const SubmitKey key{"alice", "Create", "id", "one"};
  const auto failed = SubmitOnce(*database_, key, [](Transaction& tx) -> absl::StatusOr<std::string> {
    BF_RETURN_IF_ERROR(JobStore::Enqueue(tx, {.id = "half", .kind = "work"}));
    return absl::FailedPreconditionError("not like this");
  });
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Jobs(), "0");
  EXPECT_TRUE(Submit(key).ok());
}

TEST_F(SubmitTest, AJobIsEnqueuedTogetherWithWhatItWorksOnOrNotAtAll) {
  const SubmitKey key{"alice", "Create", "id", "one"};
  int inserted = 0;
  const auto insert = [&](Transaction&) {
    return ++inserted == 1 ? absl::FailedPreconditionError("not like this") : absl::OkStatus();
  };
  const auto submit = [&](const std::string& id) {
    return SubmitJob(*database_, key, {.id = id, .kind = "work"}, insert);
  };
  EXPECT_EQ(submit("first").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Jobs(), "0");
  EXPECT_THAT(submit("second"), ::breadthflow::testing::IsOkAndHolds(std::string("second")));
  EXPECT_THAT(submit("third"), ::breadthflow::testing::IsOkAndHolds(std::string("second"))) << "answered before";
  EXPECT_EQ(inserted, 2);
  EXPECT_EQ(Jobs(), "1");
}

TEST_F(SubmitTest, FindsWhatWasAnsweredBeforeAndNothingElse) {
  using ::breadthflow::testing::IsOkAndHolds;
  const SubmitKey key{"alice", "Create", "id", "one"};
  EXPECT_THAT(FindSubmitted(*database_, key), IsOkAndHolds(std::nullopt));
  const auto first = Submit(key);
  EXPECT_THAT(FindSubmitted(*database_, key), IsOkAndHolds(std::optional(*first)));
  EXPECT_THAT(FindSubmitted(*database_, {"bob", "Create", "id", "one"}), IsOkAndHolds(std::nullopt));
  EXPECT_EQ(base::DetailsOf(FindSubmitted(*database_, {"alice", "Create", "id", "two"}).status()).reason,
            "REQUEST_ID_REUSED");
  ASSERT_TRUE(Submit({"alice", "Create", "", "one"}).ok());
  EXPECT_THAT(FindSubmitted(*database_, {"alice", "Create", "", "one"}), IsOkAndHolds(std::nullopt));
}

TEST_F(SubmitTest, AskingToCancelTwiceIsAskingOnce) {
  const std::string name = *Submit({"alice", "Create", "id", "one"});
  const std::string id = name.substr(name.find('/') + 1);
  EXPECT_TRUE(RequestCancel(*database_, id, absl::InfiniteFuture()).ok());
  EXPECT_TRUE(RequestCancel(*database_, id, absl::InfiniteFuture()).ok());
  EXPECT_EQ(server_.Sql("SELECT state FROM jobs.job"), "5");
  EXPECT_EQ(base::DetailsOf(RequestCancel(*database_, "nobody", absl::InfiniteFuture())).reason, "JOB_NOT_FOUND");
}

}  // namespace
}  // namespace breadthflow::jobs
