// StreamSeries as its callers see it: whole modules behind gRPC servers, two replicas of them, on a real PostgreSQL.
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/columnar/chunk_store.h"
#include "common/rpc/status_bridge.h"
#include "tests/integration/data/live_service_fixture.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using testing::IsOk;
using testing::StatusIs;

TEST_F(LiveServiceTest, WhatFetchRunsCommitReachesTheSubscribersOfAllReplicas) {
  Replica one(database_.url(), clock_);
  Replica two(database_.url(), clock_);
  // With a start, so that it does not matter whether the first fetch or the subscription is there first.
  clients::LiveQuery query{.symbols = {"AAA", "BBB"}, .start = absl::UnixEpoch()};
  Follower a(one.channels(), query);
  Follower b(two.channels(), query);
  Fetch(one.channels(), Simulated({"AAA", "BBB"}, 0, 100));
  Fetch(two.channels(), Simulated({"AAA"}, 100, 200));
  Fetch(one.channels(), Simulated({"AAA"}, 100, 200));
  const auto client = clients::MakeDataClient(one.channels());
  BF_ASSERT_OK_AND_ASSIGN(const auto stored, client->Read({.symbols = {"AAA", "BBB"}}, {}));
  for (Follower* follower : {&a, &b}) {
    follower->AwaitRows(stored[0].size() + stored[1].size());
    EXPECT_EQ(follower->series()["AAA"], stored[0]);
    EXPECT_EQ(follower->series()["BBB"], stored[1]);
    EXPECT_THAT(follower->Stop(), StatusIs(absl::StatusCode::kCancelled));
  }
}

TEST_F(LiveServiceTest, AStreamOutlivesARestartOfTheServer) {
  telemetry::Metrics metrics;
  rpc::Channels channels({}, metrics);
  auto replica = std::make_unique<Replica>(database_.url(), clock_);
  const int port = replica->port();
  channels.Connect("data", fmt::format("127.0.0.1:{}", port));
  Fetch(replica->channels(), Simulated({"AAA"}, 0, 50));
  Follower follower(channels, {.symbols = {"AAA"}, .start = absl::UnixEpoch()});
  const auto stored = [&] { return clients::MakeDataClient(replica->channels())->Read({.symbols = {"AAA"}}, {}); };
  BF_ASSERT_OK_AND_ASSIGN(const auto before, stored());
  follower.AwaitRows(before[0].size());
  for (int restart = 1; restart <= 2; ++restart) {
    replica.reset();
    {
      Replica elsewhere(database_.url(), clock_);
      Fetch(elsewhere.channels(), Simulated({"AAA"}, 50 * restart, 50 * restart + 30));
    }
    replica = std::make_unique<Replica>(database_.url(), clock_, port);
    Fetch(replica->channels(), Simulated({"AAA"}, 50 * restart + 30, 50 * restart + 50));
    BF_ASSERT_OK_AND_ASSIGN(const auto now, stored());
    follower.AwaitRows(now[0].size());
    EXPECT_EQ(follower.series()["AAA"], now[0]);
  }
}

TEST_F(LiveServiceTest, ATokenIsGoodForItsOwnRequestOnly) {
  Replica replica(database_.url(), clock_);
  auto stub = replica.Stub();
  v1::StreamSeriesRequest request;
  request.add_symbols("AAA");
  BF_ASSERT_OK_AND_ASSIGN(const v1::StreamSeriesResponse first, First(*stub, request, Any));
  ASSERT_FALSE(first.resume_token().empty());
  request.set_resume_token(first.resume_token());
  EXPECT_THAT(First(*stub, request, Any), IsOk());
  v1::StreamSeriesRequest other = request;
  other.add_symbols("BBB");
  EXPECT_THAT(First(*stub, other, Any), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_RESUME_TOKEN"));
  request.mutable_resume_token()->at(20) ^= 1;
  EXPECT_THAT(First(*stub, request, Any), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_RESUME_TOKEN"));
}

TEST_F(LiveServiceTest, AReplayEqualsWhatIsRead) {
  Replica replica(database_.url(), clock_);
  Fetch(replica.channels(), Simulated({"AAA", "BBB", "CCC"}, 0, 400));
  const auto live = clients::MakeLiveClient(replica.channels());
  std::map<std::string, Series> played;
  int64_t last_ns = INT64_MIN;
  clients::LiveQuery query{.symbols = {"CCC", "AAA", "BBB"}, .replay = clients::LiveReplay()};
  ASSERT_THAT(live->Follow(
                  query,
                  [&](clients::LiveMessage message) {
                    const auto& rows = std::get<clients::LiveRows>(message.payload).rows;
                    EXPECT_GE(rows.times.front(), last_ns);
                    last_ns = rows.times.back();
                    Series& all = played[rows.key.symbol];
                    if (all.empty()) {
                      all = rows;
                      return absl::OkStatus();
                    }
                    return quant::Append(all, rows);
                  },
                  {}, absl::Seconds(5)),
              IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const auto stored,
                          clients::MakeDataClient(replica.channels())->Read({.symbols = {"AAA", "BBB", "CCC"}}, {}));
  for (const Series& series : stored) EXPECT_EQ(played[series.key.symbol], series);
}

TEST_F(LiveServiceTest, ASubscriberThatDoesNotReadHoldsUpNobody) {
  Replica replica(database_.url(), clock_);
  auto stub = replica.Stub();
  v1::StreamSeriesRequest request;
  request.add_symbols("AAA");
  grpc::ClientContext context;
  const auto stuck = stub->StreamSeries(&context, request);
  Follower follower(replica.channels(), {.symbols = {"AAA"}, .start = absl::UnixEpoch()});
  for (int round = 0; round < 30; ++round) {
    Fetch(replica.channels(), Simulated({"AAA"}, round * 30, round * 30 + 30));
  }
  BF_ASSERT_OK_AND_ASSIGN(const auto stored,
                          clients::MakeDataClient(replica.channels())->Read({.symbols = {"AAA"}}, {}));
  follower.AwaitRows(stored[0].size());
  EXPECT_EQ(follower.series()["AAA"], stored[0]);
  context.TryCancel();
  v1::StreamSeriesResponse response;
  while (stuck->Read(&response)) {
  }
  EXPECT_EQ(stuck->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(LiveServiceTest, WithdrawalsReachSubscribersAsMessagesOfTheirOwn) {
  Replica replica(database_.url(), clock_);
  Fetch(replica.channels(), Simulated({"AAA"}, 0, 30));
  const auto stub = replica.Stub();
  v1::StreamSeriesRequest request;
  request.set_resource("stock_price");
  request.set_timeframe(common::v1::TIMEFRAME_1DAY);
  request.add_symbols("AAA");
  request.set_calendar("24/8");
  EXPECT_THAT(First(*stub, request, Any), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_calendar("XNYS");
  BF_ASSERT_OK_AND_ASSIGN(const v1::StreamSeriesResponse first, First(*stub, request, Any));
  const auto database = postgres::Database::Open({.url = database_.url(), .schema = "data", .pool_size = 2});
  columnar::ChunkStore store(*database);
  BF_ASSERT_OK_AND_ASSIGN(const auto heads, store.List({.symbols = {"AAA"}}));
  BF_ASSERT_OK_AND_ASSIGN(const Series before, store.Read(heads.front().key));
  ASSERT_GT(before.size(), 5u);
  const quant::TimeRange range{before.times[1], before.times[3]};
  Series none = before.Rows(0, 0);
  ASSERT_THAT(store.Put(none, {.replaces = range}), IsOk());
  request.set_resume_token(first.resume_token());
  BF_ASSERT_OK_AND_ASSIGN(const v1::StreamSeriesResponse told,
                          First(*stub, request, [](const auto& response) { return !response.has_heartbeat_time(); }));
  ASSERT_TRUE(told.has_withdrawal());
  EXPECT_EQ(told.withdrawal().key().symbol(), "AAA");
  EXPECT_THAT(told.withdrawal().times_unix_ns(), ::testing::ElementsAre(before.times[1], before.times[2]));
  EXPECT_TRUE(told.withdrawal().backfill());
  EXPECT_TRUE(told.withdrawal().has_arrival_time());
  // Through the client too, which goes on behind that message.
  ASSERT_THAT(store.Put(none, {.replaces = quant::TimeRange{before.times[4], before.times[4] + 1}}), IsOk());
  std::vector<int64_t> withdrawn;
  EXPECT_THAT(clients::MakeLiveClient(replica.channels())
                  ->Follow(
                      {.symbols = {"AAA"}, .calendar = "XNYS", .resume_token = told.resume_token()},
                      [&](clients::LiveMessage message) {
                        withdrawn = std::get<clients::LiveWithdrawal>(message.payload).times;
                        return absl::AbortedError("seen");
                      },
                      {}, absl::Seconds(20)),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(withdrawn, ::testing::ElementsAre(before.times[4]));
}

}  // namespace
}  // namespace breadthflow::data
