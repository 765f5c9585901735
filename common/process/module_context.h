#pragma once

#include "breadthflow/config/v1/config.pb.h"

#include "common/base/clock.h"
#include "common/jobs/observer.h"
#include "common/jobs/runner.h"
#include "common/postgres/database.h"
#include "common/rpc/channels.h"
#include "common/rpc/guard.h"
#include "common/rpc/module.h"
#include "common/rpc/page_token.h"
#include "common/telemetry/metrics.h"

namespace breadthflow::process {

// What the process lends to a module. All of it outlives the module.
//
//   // services/data/module.h
//   class DataModule final : public rpc::Module {
//    public:
//     static constexpr std::string_view kName = "data";   // program breadthflow-data, schema data, channel "data"
//     using Config = config::v1::DataConfig;
//     DataModule(const Config& config, const process::ModuleContext& context);
//     std::string name() const override { return std::string(kName); }
//     std::vector<grpc::Service*> services() override { return {&rpc_}; }
//     absl::Status Start(const base::CancelToken& cancel) override;   // postgres::Migrate(...), then runner_.Start()
//     void Drain(absl::Duration grace) override { runner_.Drain(grace); }
//     std::vector<component::Announcement> announcements() const override;
//    private:
//     ... stores, use cases, jobs::Runner runner_{context.database, context.job_options, &context.job_observer},
//     and last the gRPC service, in the order of construction ...
//   };
//
//   // services/data/main.cc
//   int main(int argc, char** argv) { return breadthflow::process::RunModule<breadthflow::data::DataModule>(argc,
//   argv); }
struct ModuleContext {
  const config::v1::ProcessConfig& config;  // the sections that all processes share, with their defaults filled in
  const base::Clock& clock;
  telemetry::Metrics& metrics;
  postgres::Database& database;  // of the module's own schema
  rpc::Channels& channels;
  rpc::Guard& guard;
  const rpc::PageTokens& page_tokens;
  jobs::RunnerOptions job_options;  // from the section `jobs`
  jobs::Observer& job_observer;     // metrics and log lines of the module's jobs
};

}  // namespace breadthflow::process
