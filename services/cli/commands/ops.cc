#include <nlohmann/json.hpp>

#include "services/cli/health.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

absl::Status Health(Session& session, const Arguments&) {
  const std::vector<ServiceHealth> health = CheckHealth(session);
  session.out().Result(
      [&] {
        nlohmann::ordered_json json = nlohmann::ordered_json::array();
        for (const ServiceHealth& entry : health) {
          json.push_back({{"service", entry.service}, {"status", entry.status}, {"detail", entry.detail}});
        }
        return json.dump(1) + "\n";
      },
      [&] {
        Table table{.columns = {"service", "status", ""}};
        for (const ServiceHealth& entry : health) {
          table.rows.push_back({entry.service.empty() ? "(server)" : entry.service, entry.status, entry.detail});
        }
        session.out().Show(table);
      });
  return Verdict(health);
}

}  // namespace

Command OpsHealth() {
  return {
      .group = "ops", .verb = "health", .summary = "whether every service serves; exit status 3 if not", .run = Health};
}

}  // namespace breadthflow::cli
