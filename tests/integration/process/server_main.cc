// A server of the test service, made of the same parts as the suite's own. Work does what the request's text says:
//   "sleep MS"  polls its token meanwhile      "stuck"     computes and never looks at its token
//   "sql"       reads the table `blocked`      "hop TEXT"  calls itself with TEXT, as another service would
#include <cstdlib>

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/postgres/migrate.h"
#include "common/process/run_module.h"
#include "tests/support/echo/echo_service.h"

namespace breadthflow {
namespace {

struct Scope {
  absl::Time deadline;
  std::string traceparent;
  base::CancelToken cancel;
};

class TestModule final : public rpc::Module {
 public:
  explicit TestModule(const process::ModuleContext& context)
      : database_(context.database), peer_(context.channels, "test"), service_(context.guard) {
    service_.work = [this](const rpc::Call& call, const testing::WorkRequest& request, auto&) {
      return Work(call, request.text());
    };
    service_.open = [](const rpc::Call&, const testing::CountRequest&) {
      return rpc::MakeSource<testing::CountResponse>([next = int64_t{1}](auto* message) mutable {
        message->set_number(next++);
        return next % 2 == 0 ? rpc::Step::Message() : rpc::Step::Wait(absl::Milliseconds(10));
      });
    };
  }
  std::string name() const override { return "test"; }
  std::vector<grpc::Service*> services() override { return {&service_}; }
  absl::Status Start(const base::CancelToken& cancel) override {
    BF_RETURN_IF_ERROR(postgres::Migrate(database_, {}, {.cancel = cancel}));
    return database_.Transact([](postgres::Transaction& tx) { return tx.Query("SELECT 1").status(); });
  }
  void Drain(absl::Duration) override {}
  std::vector<component::Announcement> announcements() const override { return {}; }

 private:
  absl::Status Work(const rpc::Call& call, const std::string& what) {
    if (what.starts_with("sleep ")) {
      const absl::Time until = absl::Now() + absl::Milliseconds(std::atoi(what.c_str() + 6));
      while (absl::Now() < until) {
        BF_RETURN_IF_ERROR(call.cancel.Check());
        absl::SleepFor(absl::Milliseconds(5));
      }
    } else if (what == "stuck") {
      while (true) absl::SleepFor(absl::Milliseconds(50));
    } else if (what == "sql") {
      return database_.Transact(
          [](postgres::Transaction& tx) { return tx.Query("SELECT * FROM public.blocked").status(); },
          {.deadline = call.deadline, .cancel = call.cancel, .statement_timeout = absl::Seconds(60)});
    } else if (what.starts_with("hop ")) {
      testing::WorkRequest request;
      request.set_text(what.substr(4));
      return peer_.Call(&test::v1::EchoService::Stub::Work, request, call.As<Scope>()).status();
    }
    return absl::OkStatus();
  }

  postgres::Database& database_;
  rpc::Peer<test::v1::EchoService> peer_;
  testing::EchoService service_;
};

int Main(int argc, char** argv) {
  const process::HostOptions options{
      .program = "breadthflow-test", .in_process_peers = true, .policies = testing::EchoPolicies()};
  int exit_status = process::kExitOk;
  const auto flags = process::ParseFlags(options, argc, argv, &exit_status);
  if (!flags) return exit_status;
  config::v1::ProcessConfig config;
  const auto shared = process::LoadProcessConfig(options, *flags, config);
  if (!shared) return process::kExitBadConfig;
  if (flags->check_config) return process::CheckDatabase(*shared);
  process::Host host(options, *shared);
  host.Add("test", [](const process::ModuleContext& context) { return std::make_unique<TestModule>(context); });
  return host.Run();
}

}  // namespace
}  // namespace breadthflow

int main(int argc, char** argv) { return breadthflow::Main(argc, argv); }
