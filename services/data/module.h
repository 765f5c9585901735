#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "breadthflow/config/v1/config.pb.h"

#include "common/http/http_client.h"
#include "common/jobs/runner.h"
#include "common/process/module_context.h"
#include "common/rpc/module.h"
#include "services/data/app/drop_range.h"
#include "services/data/app/fetcher.h"
#include "services/data/app/importer.h"
#include "services/data/app/maintenance.h"
#include "services/data/app/provider_client.h"
#include "services/data/app/quarantines.h"
#include "services/data/app/reader.h"
#include "services/data/app/streamer.h"
#include "services/data/rpc/data_service.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/quarantine_store.h"
#include "services/data/store/rate_limit_store.h"
#include "services/data/store/raw_body_store.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"
#include "services/data/store/snapshot_store.h"

namespace breadthflow::data {

// The data service: fetches market data, keeps it and serves it as it was known at any instant.
class DataModule final : public rpc::Module {
 public:
  static constexpr std::string_view kName = "data";
  using Config = config::v1::DataConfig;

  DataModule(const Config& config, const process::ModuleContext& context);

  std::string name() const override { return std::string(kName); }
  std::vector<grpc::Service*> services() override { return {&rpc_}; }
  absl::Status Start(const base::CancelToken& cancel) override;
  void Drain(absl::Duration grace) override {
    streamer_.Stop();
    maintenance_.Stop();
    runner_.Drain(grace);
  }
  std::vector<component::Announcement> announcements() const override;

 private:
  postgres::Database& database_;
  ResourceStore resources_;
  SeriesStore series_;
  FetchStore runs_;
  CoverageStore coverage_;
  RawBodyStore bodies_;
  SnapshotStore snapshots_;
  QuarantineStore kept_apart_;
  Quarantines quarantines_;
  RangeDrops drops_;
  const absl::StatusOr<int> symbols_at_once_;
  RateLimitStore limits_;
  const absl::StatusOr<std::vector<ProviderSettings>> provider_settings_;
  const std::unique_ptr<http::HttpClient> http_;
  ProviderClient providers_;
  jobs::Runner runner_;
  Fetcher fetcher_;
  Importer importer_;
  const absl::StatusOr<ReadLimits> read_limits_;
  Reader reader_;
  absl::StatusOr<MaintenanceOptions> maintenance_options_;
  Maintenance maintenance_;
  Streamer streamer_;
  DataService rpc_;
};

}  // namespace breadthflow::data
