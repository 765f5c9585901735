#include "services/cli/session.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::cli {
namespace {

constexpr const char* kServices[] = {"data", "signal", "backtest", "training", "registry", "orchestrator"};
constexpr absl::Duration kPatience = absl::Seconds(60);

bool Final(const common::v1::JobStatus& job) { return job.state() >= common::v1::JobStatus::STATE_SUCCEEDED; }

absl::Status Outcome(const std::string& name, const common::v1::JobStatus& job) {
  if (job.state() == common::v1::JobStatus::STATE_SUCCEEDED) return absl::OkStatus();
  if (job.state() == common::v1::JobStatus::STATE_CANCELLED) {
    return base::MakeError(absl::StatusCode::kCancelled, "CANCELLED", fmt::format("{} was cancelled", name));
  }
  const absl::Status error = rpc::FromProto(job.error());
  base::ErrorDetails details = base::DetailsOf(error);
  if (error.ok()) details.reason = "WORK_FAILED";
  // ABORTED: the call was right, the work was not done, so that it is not mistaken for bad usage.
  return base::MakeError(absl::StatusCode::kAborted, fmt::format("{} failed: {}", name, base::Message(error)), details);
}

bool MayComeBack(const absl::Status& status) {
  return status.ok() || status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const Options& options, Printer& printer, std::ostream& people,
                                                       Interrupts& interrupts) {
  std::unique_ptr<Session> session(new Session(options, printer, people, interrupts));
  BF_RETURN_IF_ERROR(session->Connect());
  return session;
}

Session::Session(const Options& options, Printer& printer, std::ostream& people, Interrupts& interrupts)
    : options_(options),
      printer_(printer),
      people_(people),
      interrupts_(interrupts),
      channels_(rpc::Channels::Options{.service_key = options.api_key, .policies = rpc::SuitePolicies()}, metrics_) {}

absl::Status Session::Connect() {
  const std::string& server = options_.server;
  base::Violations violations;
  if (server.find_first_not_of(' ') == std::string::npos) {
    violations.Add("--server", "must be HOST:PORT or SERVICE=HOST:PORT,..., was empty");
  }
  if (const absl::Status key = rpc::CheckApiKeyText(options_.api_key); !key.ok()) {
    violations.Add("--api-key", base::Message(key));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong use of the flags of every command", "USAGE"));
  if (server.find('=') == std::string::npos) {
    for (const char* name : kServices) addresses_[name] = server;
  }
  for (size_t begin = 0; addresses_.size() < std::size(kServices) && begin <= server.size();) {
    const size_t end = std::min(server.find(',', begin), server.size());
    const std::string entry = server.substr(begin, end - begin);
    const size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (equals == std::string::npos ||
        std::find(std::begin(kServices), std::end(kServices), name) == std::end(kServices)) {
      violations.Add("--server", fmt::format("must be HOST:PORT or SERVICE=HOST:PORT,..., was '{}'", entry));
    } else {
      addresses_[name] = entry.substr(equals + 1);
    }
    begin = end + 1;
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong address", "USAGE"));
  for (const auto& [name, address] : addresses_) {
    // What resolves it would take the port modulo 65536.
    const size_t colon = address.rfind(':');
    const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
    int number = 0;
    const bool digits = !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
    if (digits && (!absl::SimpleAtoi(port, &number) || number < 1 || number > 65535)) {
      violations.Add("--server", fmt::format("the port must be 1 to 65535, was {} in '{}'", port, address));
      break;
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong address", "USAGE"));
  for (const auto& [name, address] : addresses_) channels_.Connect(name, address);
  return absl::OkStatus();
}

std::string Session::AddressOf(const std::string& service) const {
  const auto found = addresses_.find(service);
  return found == addresses_.end() ? "" : found->second;
}

std::unique_ptr<Progress> Session::MakeProgress(std::string title) {
  return std::make_unique<Progress>(options_.progress, people_, clock_, std::move(title));
}

std::unique_ptr<Waiting> Session::Wait(std::string title) {
  auto waiting = std::make_unique<Waiting>(options_.progress, people_, clock_, std::move(title));
  waiting->Start();
  return waiting;
}

rpc::Outgoing Session::scope() const {
  rpc::Outgoing outgoing;
  outgoing.cancel = interrupts_.token();
  return outgoing;
}

absl::Status Session::Follow(const std::string& title, const std::string& name,
                             const std::function<absl::Status(const rpc::Outgoing&, Progress&, const Seen&)>& watch,
                             const std::function<absl::Status(const rpc::Outgoing&)>& cancel) {
  const std::unique_ptr<Progress> progress = MakeProgress(title);
  common::v1::JobStatus job;
  absl::Time heard = clock_.Now();
  bool away = false;
  int told_attempt = 0;
  while (true) {
    const rpc::Outgoing outgoing = scope();
    const absl::Status status = watch(outgoing, *progress, [&](const common::v1::JobStatus& seen) {
      job = seen;
      heard = clock_.Now();
      if (away) progress->Note(title + ": the server is back");
      away = false;
      if (!Final(job) && job.error().code() != 0 && job.attempt_count() != told_attempt) {
        told_attempt = job.attempt_count();
        progress->Note(fmt::format("{}: attempt {} did not succeed and is made again: {}", title, told_attempt,
                                   base::Message(rpc::FromProto(job.error()))));
      }
      progress->Update(job.state() == common::v1::JobStatus::STATE_SUCCEEDED ? 1.0 : job.progress(), job.stage());
    });
    if (Final(job)) break;
    if (outgoing.cancel.cancelled()) {
      interrupts_.Renew();
      progress->Note(fmt::format("{}: asking {} to stop; Ctrl-C again leaves at once", title, name));
      BF_RETURN_IF_ERROR(cancel(scope()));
      continue;
    }
    if (!MayComeBack(status)) return status;
    if (clock_.Now() - heard > kPatience) {
      return status.ok() ? base::MakeError(absl::StatusCode::kUnavailable, "LOST", "the server ended the watch early")
                         : status;
    }
    if (!status.ok() && !away) {
      away = true;
      progress->Note(fmt::format("{}: the server does not answer; trying again for a minute", title));
    }
    absl::SleepFor(absl::Milliseconds(300));
  }
  progress->Finish();
  return Outcome(name, job);
}

int ExitStatus(const absl::Status& status) {
  // An address that was not given.
  if (base::DetailsOf(status).reason == "NO_PEER") return 2;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
      return 2;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return 3;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return 4;
    default:
      return 1;
  }
}

}  // namespace breadthflow::cli
