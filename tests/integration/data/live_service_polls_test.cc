// Polls of sources as the callers of StreamSeries see them: what replicas share, and what can not be had.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/quant/calendar.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/live_service_fixture.h"
#include "tests/support/matchers.h"
#include "tests/support/upstream_server.h"

namespace breadthflow::data {
namespace {

using testing::StatusIs;
using testing::UpstreamServer;

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

}  // namespace
}  // namespace breadthflow::data
