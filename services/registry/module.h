#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "breadthflow/config/v1/config.pb.h"

#include "common/process/module_context.h"
#include "services/registry/app/components.h"
#include "services/registry/rpc/component_service.h"
#include "services/registry/store/component_store.h"

namespace breadthflow::registry {

// The registry, assembled.
class RegistryModule final : public rpc::Module {
 public:
  static constexpr std::string_view kName = "registry";
  using Config = config::v1::RegistryConfig;

  RegistryModule(const Config& config, const process::ModuleContext& context);

  std::string name() const override { return std::string(kName); }
  std::vector<grpc::Service*> services() override { return {&service_}; }
  absl::Status Start(const base::CancelToken& cancel) override;
  void Drain(absl::Duration) override {}
  std::vector<component::Announcement> announcements() const override { return {}; }

 private:
  postgres::Database& database_;
  ComponentStore store_;
  Components components_;
  ComponentService service_;
};

}  // namespace breadthflow::registry
