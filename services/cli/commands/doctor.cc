#include <cstdlib>

#include <nlohmann/json.hpp>
#include <sys/statvfs.h>
#include <unistd.h>

#include "services/cli/health.h"
#include "services/cli/runs.h"

namespace breadthflow::cli {
namespace {

struct Finding {
  std::string check;
  bool good = true;
  std::string text;
};

Finding CheckPostgres() {
  for (const char* folder :
       {"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"}) {
    if (access(fmt::format("{}/initdb", folder).c_str(), X_OK) == 0) return {"private PostgreSQL", true, folder};
  }
  return {"private PostgreSQL", false,
          "no initdb under /usr/lib/postgresql: breadthflow-standalone needs the package postgresql-15, or a database "
          "by BREADTHFLOW_DATABASE_URL"};
}

Finding CheckSpace() {
  struct statvfs space {};
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  const std::string folder = geteuid() == 0 || home == nullptr ? "/var/lib" : home;
  if (statvfs(folder.c_str(), &space) != 0) return {"disk", false, "can not look at " + folder};
  const double free_gb = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize) / 1e9;
  return {"disk", free_gb > 1,
          fmt::format("{:.1f} GB free in {}{}", free_gb, folder, free_gb > 1 ? "" : ": less than 1 GB")};
}

Finding CheckComponents(Session& session) {
  registry::v1::ListComponentsRequest request;
  request.set_page_size(1000);
  const auto response =
      session.registry().Call(&registry::v1::ComponentService::Stub::ListComponents, request, session.scope());
  if (!response.ok()) return {"components", false, base::Message(response.status())};
  return {"components", response->components_size() > 0, fmt::format("{} announced", response->components_size())};
}

absl::Status Run(Session& session, const Arguments&) {
  std::vector<Finding> findings{
      {"program", true, fmt::format("breadthflow {}", BREADTHFLOW_VERSION)}, CheckPostgres(), CheckSpace()};
  const std::vector<ServiceHealth> health = CheckHealth(session);
  const absl::Status reached = Verdict(health);
  findings.push_back(
      {"server " + session.server(), reached.ok(), reached.ok() ? DescribeServed(health) : base::Message(reached)});
  // A registry by itself knows what others told it once, perhaps nothing.
  if (ServesEverything(health)) findings.push_back(CheckComponents(session));
  bool good = true;
  for (const Finding& finding : findings) good = good && finding.good;
  session.out().Result(
      [&] {
        nlohmann::ordered_json json = nlohmann::ordered_json::array();
        for (const Finding& finding : findings)
          json.push_back({{"check", finding.check}, {"good", finding.good}, {"text", finding.text}});
        return json.dump(1) + "\n";
      },
      [&] {
        Table table{.columns = {"check", "", "found"}};
        for (const Finding& finding : findings)
          table.rows.push_back({finding.check, finding.good ? "good" : "BAD", finding.text});
        session.out().Show(table);
      });
  if (!reached.ok()) return reached;
  return good ? absl::OkStatus()
              : base::MakeError(absl::StatusCode::kFailedPrecondition, "UNHEALTHY", "something is not as it should be");
}

}  // namespace

Command Doctor() {
  return {.group = "", .verb = "doctor", .summary = "what this machine and the server are missing", .run = Run};
}

}  // namespace breadthflow::cli
