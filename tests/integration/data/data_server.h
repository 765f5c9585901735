#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/postgres/database.h"
#include "common/rpc/channels.h"
#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "common/rpc/server.h"
#include "services/data/module.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {

// A PostgreSQL that has begun before the parts of a test which need it: a base before theirs.
struct OwnDatabase {
  testing::TestDatabase database_server_;
};

// The data service as a process has it: the whole module behind a gRPC server, on the database at `url`. For tests that
// derive from it and use its parts. It lets nobody in any more and drains the module when it goes, after all that they
// made of it.
class DataServer {
 public:
  DataServer(const DataServer&) = delete;
  DataServer& operator=(const DataServer&) = delete;

 protected:
  // `clock`: null is the system's. `port`: 0 is a free one.
  explicit DataServer(const std::string& url, const base::Clock* clock = nullptr, rpc::GuardOptions options = {},
                      int port = 0)
      : database_(postgres::Database::Open({.url = url, .schema = "data", .pool_size = 8})),
        clock_(clock == nullptr ? system_clock_ : *clock),
        guard_(std::move(options), *authenticator_, metrics_, clock_) {
    job_options_.poll_interval = absl::Milliseconds(20);
    module_ = std::make_unique<DataModule>(
        config_, process::ModuleContext{process_config_, clock_, metrics_, *database_, channels_, guard_, page_tokens_,
                                        job_options_, observer_});
    EXPECT_THAT(module_->Start({}), testing::IsOk());
    auto server = rpc::Server::Start({.port = port}, module_->services(), guard_);
    EXPECT_THAT(server, testing::IsOk());
    server_ = *std::move(server);
    for (const std::string& service : server_->services()) server_->SetServing(service, true);
    channels_.Attach("data", server_->InProcessChannel());
  }
  ~DataServer() {
    guard_.RefuseNew();
    guard_.EndStreams();
    module_->Drain(absl::Seconds(5));
    channels_.Attach("data", nullptr);
    server_.reset();
  }

  std::unique_ptr<postgres::Database> database_;
  base::SystemClock system_clock_;
  const base::Clock& clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_;
  rpc::PageTokens page_tokens_{"a secret of the test"};
  rpc::Channels channels_{{}, metrics_};
  config::v1::ProcessConfig process_config_;
  jobs::RunnerOptions job_options_;
  jobs::Observer observer_;
  config::v1::DataConfig config_;
  std::unique_ptr<DataModule> module_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace breadthflow::data
