// A server process as its operator sees it: deadlines that end the SQL (B1), health that follows the database (B5),
// stopping under load and with a handler that does not stop (B7).
#include "tests/support/process.h"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/postgres/database.h"
#include "common/rpc/status_bridge.h"
#include "tests/support/echo/echo_service.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow {
namespace {

using ::breadthflow::testing::ChildProcess;
using ::breadthflow::testing::CountRequest;
using ::breadthflow::testing::CountResponse;
using ::breadthflow::testing::EchoPolicies;
using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::PostgresServer;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::TestDatabase;
using ::breadthflow::testing::WorkRequest;
using ::testing::HasSubstr;
using Code = absl::StatusCode;
using Stub = test::v1::EchoService::Stub;

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The test server as a child process, on free ports.
class TestServer {
 public:
  TestServer(const std::string& database_url, const std::string& more_config) {
    static std::atomic<int> number{0};
    const std::string base = fmt::format("{}/process_test_{}_{}", ::testing::TempDir(), ::getpid(), ++number);
    config_ = base + ".yaml";
    output_ = base + ".log";
    std::ofstream(config_) << "database: {pool_size: 16, url: \"" << database_url << "\"}\n" << more_config;
    child_.emplace(ChildProcess::Options{.argv = {TEST_SERVER, "--config", config_}, .user = {}, .output = output_});
  }
  ~TestServer() {
    channels_.Attach("test", nullptr);
    peer_.reset();
    child_.reset();
    std::remove(config_.c_str());
    std::remove(output_.c_str());
  }

  ChildProcess& child() { return *child_; }
  std::string Output() const { return Contents(output_); }

  // Waits for the ready line, then connects.
  bool AwaitReady(absl::Duration timeout = absl::Seconds(20)) {
    const absl::Time deadline = absl::Now() + timeout;
    for (; absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(10))) {
      const std::string output = Output();
      const size_t at = output.find("ready grpc=");
      if (at == std::string::npos || output.find('\n', at) == std::string::npos) continue;
      const size_t begin = at + std::string("ready grpc=").size();
      target_ = output.substr(begin, output.find(' ', begin) - begin);
      channels_.Connect("test", target_);
      return true;
    }
    return false;
  }

  absl::Status Work(const std::string& text, absl::Duration timeout = absl::Seconds(30)) {
    WorkRequest request;
    request.set_text(text);
    rpc::Outgoing options;
    options.deadline = absl::Now() + timeout;
    return peer_->Call(&Stub::Work, request, options).status();
  }
  rpc::Peer<test::v1::EchoService>& peer() { return *peer_; }

  // "SERVING", "NOT_SERVING" or the name of an error. grpc.health.v1 by its wire format: its proto is not ours.
  std::string Health(const std::string& service) {
    grpc::GenericStub stub(grpc::CreateChannel(target_, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
    const grpc::Slice slice(service.empty() ? std::string()
                                            : "\x0a" + std::string(1, static_cast<char>(service.size())) + service);
    grpc::CompletionQueue queue;
    auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(&slice, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) return base::CodeName(rpc::FromGrpc(status).code());
    std::vector<grpc::Slice> parts;
    (void)response.Dump(&parts);
    return !parts.empty() && parts[0].size() == 2 && parts[0].begin()[1] == 1 ? "SERVING" : "NOT_SERVING";
  }
  bool AwaitHealth(const std::string& service, const std::string& wanted, absl::Duration timeout) {
    const absl::Time deadline = absl::Now() + timeout;
    while (absl::Now() < deadline) {
      if (Health(service) == wanted) return true;
      absl::SleepFor(absl::Milliseconds(100));
    }
    return false;
  }

  int Threads() {
    const std::string status = Contents(fmt::format("/proc/{}/status", child_->pid()));
    return std::atoi(status.c_str() + status.find("Threads:") + 8);
  }

 private:
  std::string config_;
  std::string output_;
  std::string target_;
  telemetry::Metrics metrics_;
  rpc::Channels channels_{{.policies = EchoPolicies()}, metrics_};
  std::unique_ptr<rpc::Peer<test::v1::EchoService>> peer_ =
      std::make_unique<rpc::Peer<test::v1::EchoService>>(channels_, "test");
  std::optional<ChildProcess> child_;
};

// PROMISES B1: 500 ms through two hops with a locked table.
TEST(Deadlines, ReachTheSqlThroughEveryHop) {
  TestDatabase database;
  database.Sql("CREATE TABLE blocked (x int)");
  TestServer server(database.url(), "server: {port: 0, metrics_port: 0}\n");
  ASSERT_TRUE(server.AwaitReady()) << server.Output();
  const auto locker = postgres::Database::Open({.url = database.url(), .schema = "public", .pool_size = 1});
  const auto active = [&] {
    return database.Sql(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%FROM public.blocked%' "
        "AND pid <> pg_backend_pid()");
  };
  ASSERT_THAT(locker->Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Execute("LOCK TABLE public.blocked IN ACCESS EXCLUSIVE MODE").status());
    const absl::Time begin = absl::Now();
    EXPECT_THAT(server.Work("hop hop sql", absl::Milliseconds(500)), StatusIs(Code::kDeadlineExceeded));
    EXPECT_LE(absl::Now() - begin, absl::Milliseconds(600));
    while (active() != "0" && absl::Now() < begin + absl::Seconds(5)) absl::SleepFor(absl::Milliseconds(20));
    EXPECT_LE(absl::Now() - begin, absl::Seconds(1)) << "the statement went on";

    // And again and again: no thread, no statement stays.
    const int threads = server.Threads();
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i)
      callers.emplace_back([&] {
        for (int call = 0; call < 25; ++call) {
          EXPECT_THAT(server.Work("hop sql", absl::Milliseconds(150)), StatusIs(Code::kDeadlineExceeded));
        }
      });
    for (std::thread& caller : callers) caller.join();
    absl::SleepFor(absl::Seconds(1));
    EXPECT_EQ(active(), "0");
    EXPECT_LE(server.Threads(), threads + 8) << "gRPC keeps some idle";
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(server.Work("hop sql"), IsOk()) << "the table is free again";
}

// PROMISES B5: readiness follows PostgreSQL within 10 s both ways, liveness does not.
TEST(Health, FollowsTheDatabaseAndLivenessDoesNot) {
  PostgresServer postgres;
  if (!postgres.owned()) GTEST_SKIP() << "the server given can not be stopped";
  TestServer server(postgres.Url(), "server: {port: 0, metrics_port: 0}\n");
  ASSERT_TRUE(server.AwaitReady()) << server.Output();
  const std::string service = "breadthflow.test.v1.EchoService";
  EXPECT_EQ(server.Health(""), "SERVING");
  EXPECT_EQ(server.Health(service), "SERVING");
  EXPECT_EQ(server.Health("no.such.Service"), "NOT_FOUND");
  for (int outage = 0; outage < 2; ++outage) {
    postgres.Stop();
    EXPECT_TRUE(server.AwaitHealth("", "NOT_SERVING", absl::Seconds(10)));
    EXPECT_TRUE(server.AwaitHealth(service, "NOT_SERVING", absl::Seconds(1)));
    EXPECT_EQ(server.Health("liveness"), "SERVING");
    postgres.Start();
    EXPECT_TRUE(server.AwaitHealth("", "SERVING", absl::Seconds(10)));
    EXPECT_TRUE(server.AwaitHealth(service, "SERVING", absl::Seconds(1)));
  }
  EXPECT_TRUE(server.child().Running());
}

TEST(Health, AServerThatNeverSawItsDatabaseWaitsAndSaysSo) {
  TestServer server("host=/nowhere dbname=none", "server: {port: 0, metrics_port: 0}\n");
  EXPECT_FALSE(server.AwaitReady(absl::Seconds(3)));
  EXPECT_TRUE(server.child().Running());
  EXPECT_THAT(server.Output(), HasSubstr("waiting for the database"));
  server.child().Signal(SIGTERM);
  ASSERT_TRUE(server.child().Wait(absl::Seconds(10)));
  EXPECT_EQ(WEXITSTATUS(server.child().status()), 0);
}

TEST(Drain, AServerThatWaitsToMigrateStopsAtOnce) {
  TestDatabase database;
  const auto locker = postgres::Database::Open({.url = database.url(), .schema = "public", .pool_size = 1});
  const base::Sha256Digest digest = base::Sha256Of("breadthflow migration of test");
  uint64_t key = 0;
  for (int i = 0; i < 8; ++i) key = key << 8 | digest[static_cast<size_t>(i)];
  ASSERT_THAT(locker->Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(tx.Query("SELECT pg_advisory_xact_lock($1)", {static_cast<int64_t>(key)}).status());
    TestServer server(database.url(), "server: {port: 0, metrics_port: 0}\n");
    const auto waits = [&] {
      return database.Sql(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' "
                 "AND pid <> pg_backend_pid()") != "0";
    };
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    while (!waits() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(20));
    EXPECT_TRUE(waits()) << server.Output();
    const absl::Time begin = absl::Now();
    server.child().Signal(SIGTERM);
    EXPECT_TRUE(server.child().Wait(absl::Seconds(10)));
    EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
    EXPECT_EQ(WEXITSTATUS(server.child().status()), 0) << server.Output();
    return absl::OkStatus();
  }),
              IsOk());
}

TEST(Configuration, TheEnvironmentsDatabaseWinsOverTheFilesAndTheLongNameOverTheShortOne) {
  TestDatabase database;
  const std::string nowhere = "host=/nowhere dbname=none";
  ASSERT_EQ(setenv("BREADTHFLOW_DATABASE_URL", database.url().c_str(), 1), 0);
  {
    TestServer server(nowhere, "server: {port: 0, metrics_port: 0}\n");
    EXPECT_TRUE(server.AwaitReady()) << server.Output();
  }
  setenv("BREADTHFLOW_DATABASE_URL", nowhere.c_str(), 1);
  setenv("BREADTHFLOW__DATABASE__URL", database.url().c_str(), 1);
  {
    TestServer server(nowhere, "server: {port: 0, metrics_port: 0}\n");
    EXPECT_TRUE(server.AwaitReady()) << server.Output();
  }
  unsetenv("BREADTHFLOW_DATABASE_URL");
  unsetenv("BREADTHFLOW__DATABASE__URL");
}

TEST(Configuration, CallsOfOneKeyCanBeBounded) {
  TestDatabase database;
  TestServer server(database.url(), "server: {port: 0, metrics_port: 0, max_calls_per_key: 1}\n");
  ASSERT_TRUE(server.AwaitReady()) << server.Output();
  EXPECT_THAT(server.Work("sleep 1"), IsOk());
  EXPECT_FALSE(server.Work("hop sleep 1", absl::Seconds(1)).ok()) << "the second call has the same key as the first";
}

// PROMISES B7.
TEST(Drain, UnderLoadEveryCallIsServedOrRefusedAndTheExitIsClean) {
  TestDatabase database;
  TestServer server(database.url(), "server: {port: 0, metrics_port: 0, lame_duck: 300ms}\n");
  ASSERT_TRUE(server.AwaitReady()) << server.Output();
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      while (!stop) {
        const absl::Status status = server.Work("sleep 10");
        if (status.ok()) {
          ++good;
        } else {
          EXPECT_THAT(status, StatusIs(Code::kUnavailable));
          absl::SleepFor(absl::Milliseconds(10));
        }
      }
    });
  std::atomic<int> streamed{0};
  absl::Status stream;
  callers.emplace_back([&] {
    stream = server.peer().Read(&Stub::Count, CountRequest(), {}, [&](const CountResponse&) {
      ++streamed;
      return absl::OkStatus();
    });
  });
  while (good < 50 || streamed < 5) absl::SleepFor(absl::Milliseconds(5));
  const absl::Time begin = absl::Now();
  server.child().Signal(SIGTERM);
  ASSERT_TRUE(server.child().Wait(absl::Seconds(30)));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(WIFEXITED(server.child().status()));
  EXPECT_EQ(WEXITSTATUS(server.child().status()), 0) << server.Output();
  EXPECT_THAT(stream, StatusIs(Code::kUnavailable, "SHUTTING_DOWN"));
}

TEST(Drain, AStuckHandlerDoesNotKeepTheProcess) {
  TestDatabase database;
  TestServer server(database.url(), "server: {port: 0, metrics_port: 0, drain_timeout: 1s}\n");
  ASSERT_TRUE(server.AwaitReady()) << server.Output();
  std::thread caller([&] { EXPECT_FALSE(server.Work("stuck", absl::Seconds(20)).ok()); });
  absl::SleepFor(absl::Milliseconds(300));
  const absl::Time begin = absl::Now();
  server.child().Signal(SIGTERM);
  ASSERT_TRUE(server.child().Wait(absl::Seconds(15)));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(8)) << "drain_timeout and 5 s";
  EXPECT_TRUE(WIFEXITED(server.child().status()));
  EXPECT_EQ(WEXITSTATUS(server.child().status()), 0);
  caller.join();
}

TEST(Drain, ASecondSignalEndsTheProcessAtOnce) {
  TestDatabase database;
  TestServer server(database.url(), "server: {port: 0, metrics_port: 0, lame_duck: 60s}\n");
  ASSERT_TRUE(server.AwaitReady()) << server.Output();
  server.child().Signal(SIGTERM);
  ASSERT_TRUE(server.AwaitHealth("", "NOT_SERVING", absl::Seconds(5)));
  EXPECT_THAT(server.Work("sleep 1"), ::testing::AnyOf(IsOk(), StatusIs(Code::kUnavailable)));
  server.child().Signal(SIGTERM);
  EXPECT_TRUE(server.child().Wait(absl::Seconds(2)));
}

}  // namespace
}  // namespace breadthflow
