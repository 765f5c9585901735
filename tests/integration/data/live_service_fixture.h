#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/clients/live_client.h"
#include "common/rpc/channels.h"
#include "common/rpc/status_bridge.h"
#include "tests/integration/data/data_server.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {

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

// Of days counted from 2020-01-01.
inline clients::FetchSpec Simulated(std::vector<std::string> symbols, int from_day, int to_day) {
  constexpr int64_t kDayNs = 86'400'000'000'000;
  return {.source = {"simulated", {}},
          .symbols = std::move(symbols),
          .range = {(absl::CivilDay(2020, 1, 1) + from_day - absl::CivilDay(1970, 1, 1)) * kDayNs,
                    (absl::CivilDay(2020, 1, 1) + to_day - absl::CivilDay(1970, 1, 1)) * kDayNs}};
}

// Until the run has ended, which it does well.
inline void Fetch(rpc::Channels& channels, const clients::FetchSpec& spec) {
  const auto client = clients::MakeDataClient(channels);
  const auto name = client->CreateFetchRun(spec, base::NewUuid(absl::Now()), {});
  ASSERT_THAT(name, testing::IsOk());
  for (int look = 0; look < 2000; ++look) {
    const auto run = client->GetFetchRun(*name, {});
    ASSERT_THAT(run, testing::IsOk());
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
                EXPECT_THAT(quant::Append(all, rows->rows), testing::IsOk()) << "rows come in order, each once";
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
  std::map<std::string, quant::Series> series() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return series_;
  }

 private:
  std::unique_ptr<clients::LiveClient> client_;
  clients::CallScope scope_;
  std::mutex mutex_;
  std::map<std::string, quant::Series> series_;
  int others_ = 0;
  absl::Status status_;
  std::thread thread_;
};

// Replicas of the service on one database.
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

}  // namespace breadthflow::data
