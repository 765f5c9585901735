#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "breadthflow/backtest/v1/backtest_service.grpc.pb.h"
#include "breadthflow/common/v1/job.pb.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include "breadthflow/orchestrator/v1/pipeline_service.grpc.pb.h"
#include "breadthflow/registry/v1/component_service.grpc.pb.h"
#include "breadthflow/signal/v1/signal_service.grpc.pb.h"
#include "breadthflow/training/v1/training_service.grpc.pb.h"

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/rpc/channels.h"
#include "common/rpc/peer.h"
#include "common/telemetry/metrics.h"
#include "services/cli/command.h"
#include "services/cli/interrupts.h"
#include "services/cli/printer.h"
#include "services/cli/progress.h"
#include "services/cli/waiting.h"

namespace breadthflow::cli {

// What every command works with: the way to the suite, where output goes, Ctrl-C.
class Session {
 public:
  struct Options {
    // HOST:PORT of a standalone suite, or "data=HOST:PORT,signal=HOST:PORT,..." for separate processes.
    std::string server;
    std::string api_key;
    Progress::Style progress = Progress::Style::kLines;
  };

  // INVALID_ARGUMENT when `options.server` can not be read.
  static absl::StatusOr<std::unique_ptr<Session>> Open(const Options& options, Printer& printer, std::ostream& people,
                                                       Interrupts& interrupts);

  rpc::Peer<data::v1::DataService>& data() { return data_; }
  rpc::Peer<signal::v1::SignalService>& signal() { return signal_; }
  rpc::Peer<backtest::v1::BacktestService>& backtest() { return backtest_; }
  rpc::Peer<training::v1::TrainingService>& training() { return training_; }
  rpc::Peer<registry::v1::ComponentService>& registry() { return registry_; }
  rpc::Peer<orchestrator::v1::PipelineService>& orchestrator() { return orchestrator_; }
  // Where one service is; empty when no address was given for it.
  std::string AddressOf(const std::string& service) const;
  // "localhost:50050", as the user gave it.
  const std::string& server() const { return options_.server; }

  Printer& out() { return printer_; }
  const base::Clock& clock() const { return clock_; }
  std::unique_ptr<Progress> MakeProgress(std::string title);
  // Around a call that may take long and tells nothing on its way: says that `title` is still at work, until it dies or
  // is finished.
  std::unique_ptr<Waiting> Wait(std::string title);

  // For calls: ends with Ctrl-C.
  rpc::Outgoing scope() const;

  // One way to watch a run. `watch` calls `seen` with each state of it until it is final or the stream breaks;
  // `cancel` asks it to stop. Shows progress, takes up the watch again when the server went away for up to a minute,
  // and on Ctrl-C cancels the run and waits for its end. OK when it SUCCEEDED; otherwise the run's own error, as
  // ABORTED (FAILED) or CANCELLED.
  using Seen = std::function<void(const common::v1::JobStatus&)>;
  absl::Status Follow(const std::string& title, const std::string& name,
                      const std::function<absl::Status(const rpc::Outgoing&, Progress&, const Seen&)>& watch,
                      const std::function<absl::Status(const rpc::Outgoing&)>& cancel);

 private:
  Session(const Options& options, Printer& printer, std::ostream& people, Interrupts& interrupts);
  absl::Status Connect();

  const Options options_;
  Printer& printer_;
  std::ostream& people_;
  Interrupts& interrupts_;
  std::map<std::string, std::string> addresses_;
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  rpc::Channels channels_;
  rpc::Peer<data::v1::DataService> data_{channels_, "data"};
  rpc::Peer<signal::v1::SignalService> signal_{channels_, "signal"};
  rpc::Peer<backtest::v1::BacktestService> backtest_{channels_, "backtest"};
  rpc::Peer<training::v1::TrainingService> training_{channels_, "training"};
  rpc::Peer<registry::v1::ComponentService> registry_{channels_, "registry"};
  rpc::Peer<orchestrator::v1::PipelineService> orchestrator_{channels_, "orchestrator"};
};

// The exit status of CONTRACT for how a command ended: 0 done, 1 the work failed, 2 bad usage, 3 cannot reach the
// server, 4 not allowed.
int ExitStatus(const absl::Status& status);

}  // namespace breadthflow::cli
