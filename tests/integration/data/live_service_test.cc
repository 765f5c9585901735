// StreamSeries as its callers see it: whole modules behind gRPC servers, two replicas of them, on a real PostgreSQL.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/clients/live_client.h"
#include "common/columnar/chunk_store.h"
#include "common/quant/calendar.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "tests/integration/data/data_server.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/upstream_server.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::UpstreamServer;

constexpr int64_t kDayNs = 86'400'000'000'000;

// One replica of the data service.
class Replica : DataServer {
 public:
  Replica(const std::string& url, const base::Clock& clock, int port = 0) : DataServer(url, &clock, {}, port) {}

  int port() const { return server_->port(); }
  std::unique_ptr<v1::DataService::Stub> Stub() { return v1::DataService::NewStub(server_->InProcessChannel()); }
  rpc::Channels& channels() { return channels_; }
  double Metric(const std::string& name, const telemetry::Labels& labels = {}) {
    return metrics_.Counter(name, "", labels).Value();
  }
};

clients::FetchSpec Simulated(std::vector<std::string> symbols, int from_day, int to_day) {
  return {.source = {"simulated", {}},
          .symbols = std::move(symbols),
          .range = {(absl::CivilDay(2020, 1, 1) + from_day - absl::CivilDay(1970, 1, 1)) * kDayNs,
                    (absl::CivilDay(2020, 1, 1) + to_day - absl::CivilDay(1970, 1, 1)) * kDayNs}};
}

void Fetch(rpc::Channels& channels, const clients::FetchSpec& spec) {
  const auto client = clients::MakeDataClient(channels);
  const auto name = client->CreateFetchRun(spec, base::NewUuid(absl::Now()), {});
  ASSERT_THAT(name, IsOk());
  for (int look = 0; look < 2000; ++look) {
    const auto run = client->GetFetchRun(*name, {});
    ASSERT_THAT(run, IsOk());
    if (run->status.finished()) {
      ASSERT_EQ(run->status.state, clients::RunState::kSucceeded) << run->status.error;
      return;
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  FAIL() << "the fetch does not end";
}

// Follows a query in a thread of its own.
class Follower {
 public:
  Follower(rpc::Channels& channels, clients::LiveQuery query) : client_(clients::MakeLiveClient(channels)) {
    thread_ = std::thread([this, query = std::move(query)] {
      status_ = client_->Follow(
          query,
          [this](clients::LiveMessage message) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (auto* rows = std::get_if<clients::LiveRows>(&message.payload)) {
              quant::Series& all = series_[rows->rows.key.symbol];
              if (all.empty()) {
                all = rows->rows;
              } else {
                EXPECT_THAT(quant::Append(all, rows->rows), IsOk()) << "rows come in order, each once";
              }
            } else {
              ++others_;
            }
            return absl::OkStatus();
          },
          scope_, absl::Seconds(20));
    });
  }
  ~Follower() { Stop().IgnoreError(); }

  absl::Status Stop() {
    scope_.cancel.Cancel(base::CancelReason::kCancelled);
    if (thread_.joinable()) thread_.join();
    return status_;
  }
  size_t rows() {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t rows = 0;
    for (const auto& [symbol, series] : series_) rows += series.size();
    return rows;
  }
  void AwaitRows(size_t wanted) {
    for (int look = 0; look < 4000 && rows() < wanted; ++look) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_EQ(rows(), wanted);
  }
  std::map<std::string, Series> series() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return series_;
  }

 private:
  std::unique_ptr<clients::LiveClient> client_;
  clients::CallScope scope_;
  std::mutex mutex_;
  std::map<std::string, Series> series_;
  int others_ = 0;
  absl::Status status_;
  std::thread thread_;
};

class LiveServiceTest : public ::testing::Test {
 protected:
  // Reads messages until one satisfies `wanted`, and ends the stream.
  static absl::StatusOr<v1::StreamSeriesResponse> First(
      v1::DataService::Stub& stub, const v1::StreamSeriesRequest& request,
      const std::function<bool(const v1::StreamSeriesResponse&)>& wanted) {
    grpc::ClientContext context;
    const auto reader = stub.StreamSeries(&context, request);
    v1::StreamSeriesResponse response;
    while (reader->Read(&response)) {
      if (!wanted(response)) continue;
      context.TryCancel();
      return response;
    }
    return rpc::FromGrpc(reader->Finish());
  }

  static bool Any(const v1::StreamSeriesResponse&) { return true; }

  testing::TestDatabase database_;
  base::SystemClock clock_;
};

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

// Daily bars of the sessions that closed before `now`.
std::string Chart(const std::string& symbol, absl::Time now) {
  std::string times;
  const quant::Session* session = quant::Xnys().LastClosingBy(quant::ToNanos(now));
  for (int back = 1; back >= 0; --back) {
    times += (times.empty() ? "" : ",") + std::to_string((session - back)->open_ns / 1'000'000'000);
  }
  return R"({"chart":{"result":[{"meta":{"currency":"USD","symbol":")" + symbol +
         R"(","exchangeName":"NYQ","gmtoffset":-18000,"regularMarketTime":)" +
         std::to_string(absl::ToUnixSeconds(now)) + R"(,"dataGranularity":"1d"},"timestamp":[)" + times +
         R"(],"indicators":{"quote":[{"open":[10,10.5],"high":[11,11.5],"low":[9,9.5],"close":[10.5,11],)"
         R"("volume":[1000,2000]}]}}],"error":null}})";
}

TEST_F(LiveServiceTest, ReplicasShareTheirPolls) {
  base::FakeClock clock(absl::Now());
  UpstreamServer upstream([&](const std::string& path) -> UpstreamServer::Answer {
    const std::string rest = path.substr(path.rfind('/') + 1);
    return {testing::Fault::kNone, Chart(rest.substr(0, rest.find('?')), clock.Now())};
  });
  setenv("BREADTHFLOW_YAHOO_URL", upstream.Url().c_str(), 1);  // NOLINT(concurrency-mt-unsafe): no thread asks yet
  {
    Replica one(database_.url(), clock);
    Replica two(database_.url(), clock);
    clients::LiveQuery query{.symbols = {"IBM"}, .poll = clients::LivePoll{{"yahoo", {}}, absl::Minutes(1)}};
    Follower a(one.channels(), query);
    Follower b(two.channels(), query);
    const auto submitted = [&] {
      const telemetry::Labels labels{{"outcome", "submitted"}};
      return one.Metric("bf_live_polls_total", labels) + two.Metric("bf_live_polls_total", labels);
    };
    const auto ended = [&] {
      double sum = 0;
      for (const char* outcome : {"succeeded", "failed"}) {
        for (Replica* replica : {&one, &two}) sum += replica->Metric("bf_live_polls_total", {{"outcome", outcome}});
      }
      return sum;
    };
    a.AwaitRows(2);
    b.AwaitRows(2);
    for (int slot = 1; slot <= 3; ++slot) {
      for (int look = 0; look < 1000 && ended() < slot; ++look) absl::SleepFor(absl::Milliseconds(5));
      absl::SleepFor(absl::Milliseconds(300));  // both have looked whether a slot is free
      EXPECT_EQ(submitted(), slot);
      EXPECT_EQ(ended(), slot);
      EXPECT_LE(upstream.requests(), slot);
      clock.Advance(absl::Minutes(1));
    }
    EXPECT_EQ(a.rows(), 2u) << "what is known is not told again";
    EXPECT_EQ(a.series(), b.series());
    // What can never be is said at once, and also by the next one who asks.
    query.poll->source = {"yohoo", {}};
    for (int again = 0; again < 2; ++again) {
      Follower wrong(one.channels(), query);
      for (int look = 0; look < 400; ++look) absl::SleepFor(absl::Milliseconds(1));
      EXPECT_THAT(wrong.Stop(), StatusIs(absl::StatusCode::kInvalidArgument));
    }
  }
  unsetenv("BREADTHFLOW_YAHOO_URL");  // NOLINT(concurrency-mt-unsafe)
}

TEST_F(LiveServiceTest, APolledMarketIsFollowedUnderItsOwnVariant) {
  Replica replica(database_.url(), clock_);
  clients::LiveQuery query{.symbols = {"AAA"},
                           .poll = clients::LivePoll{{"simulated", {{"seed", int64_t{7}}}}, absl::Seconds(1)}};
  for (const char* source : {"", "simulated", "simulated:7"}) {
    query.source = source;
    query.start = absl::UnixEpoch();
    Follower follower(replica.channels(), query);
    for (int look = 0; look < 4000 && follower.rows() == 0; ++look) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_GT(follower.rows(), 0u) << source;
  }
  const auto stub = replica.Stub();
  v1::ListSeriesResponse stored;
  grpc::ClientContext summary;
  ASSERT_TRUE(stub->ListSeries(&summary, v1::ListSeriesRequest(), &stored).ok());
  ASSERT_EQ(stored.series_size(), 1);
  EXPECT_EQ(stored.series(0).source(), "simulated:7");
  // The next poll asks from the last row on: what is stored under the variant is found.
  v1::ListFetchRunsRequest list;
  const auto from = [&] {
    grpc::ClientContext context;
    v1::ListFetchRunsResponse runs;
    EXPECT_TRUE(stub->ListFetchRuns(&context, list, &runs).ok());
    absl::Time latest = absl::InfinitePast();
    for (const v1::FetchRun& run : runs.fetch_runs()) {
      latest = std::max(latest, rpc::FromProto(run.spec().range().start_time()));
    }
    return latest;
  };
  Follower follower(replica.channels(), query);
  for (int look = 0; look < 4000 && follower.rows() == 0; ++look) absl::SleepFor(absl::Milliseconds(5));
  const int64_t last_ns = follower.series()["AAA"].times.back();
  for (int look = 0; look < 2000 && quant::ToNanos(from()) < last_ns; ++look) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(quant::ToNanos(from()), last_ns);
  query.source = "simulated:8";
  Follower wrong(replica.channels(), query);
  for (int look = 0; look < 400; ++look) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(wrong.Stop(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(LiveServiceTest, WhatAPollCanNotHaveIsSaidOnceAndFollowedAllTheSame) {
  Replica replica(database_.url(), clock_);
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("live_service_test_{}", getpid());
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& symbol) {
    const quant::Session* session = quant::Xnys().LastClosingBy(quant::ToNanos(clock_.Now()));
    std::ofstream(folder / (symbol + ".csv")) << "date,open,high,low,close,volume\n"
                                              << absl::FormatCivilTime(session->day) << ",10,11,9,10,100\n";
  };
  write("AAA");
  v1::StreamSeriesRequest request;
  for (const char* symbol : {"AAA", "NOPE"}) request.add_symbols(symbol);
  request.mutable_poll()->mutable_source()->set_name("csv_file");
  (*request.mutable_poll()->mutable_source()->mutable_params())["path"].set_string_value(folder.string());
  request.mutable_poll()->mutable_interval()->set_seconds(1);
  const auto stub = replica.Stub();
  grpc::ClientContext context;
  const auto reader = stub->StreamSeries(&context, request);
  v1::StreamSeriesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_THAT(response.awaited().symbols(), ::testing::ElementsAre("AAA", "NOPE"));
  int failures = 0;
  bool followed = false;
  const absl::Time enough = absl::Now() + absl::Seconds(30);
  while (!followed && absl::Now() < enough && reader->Read(&response)) {
    EXPECT_FALSE(response.resume_token().empty());
    if (response.has_poll_failure()) {
      ++failures;
      EXPECT_THAT(response.poll_failure().symbols(), ::testing::ElementsAre("NOPE"));
      EXPECT_THAT(rpc::FromProto(response.poll_failure().error()),
                  StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL"));
      absl::SleepFor(absl::Milliseconds(2500));  // two more polls, which fail alike
      write("NOPE");
    }
    followed = response.has_rows() && response.rows().rows().key().symbol() == "NOPE";
  }
  EXPECT_TRUE(followed) << "the source has it by now";
  EXPECT_EQ(failures, 1);
  context.TryCancel();
  std::filesystem::remove_all(folder);
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
