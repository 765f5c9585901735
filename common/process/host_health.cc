// How the modules of a Host start, and how health follows the database from then on.
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/clients/component_announcer.h"
#include "common/process/host_state.h"
#include "common/telemetry/log.h"

namespace breadthflow::process {
namespace {

constexpr absl::Duration kHealthInterval = absl::Seconds(1);
constexpr absl::Duration kPingTimeout = absl::Seconds(2);
constexpr absl::Duration kReportInterval = absl::Minutes(1);

}  // namespace

void Host::State::KeepHealthy() {
  bool ready = false;
  absl::Time reported = absl::InfinitePast();
  do {
    bool all_started = true;
    for (const auto& slot : slots) {
      if (!slot->started && !StartModule(*slot, reported)) return;
      all_started = all_started && slot->started;
    }
    if (all_started) CheckDatabase();
    for (const auto& slot : slots) slot->pool_in_use.Set(slot->database->stats().in_use);
    CountDroppedLines();
    if (all_started && !ready) {
      ready = true;
      PrintReady();
    }
  } while (!stop.WaitForNotificationWithTimeout(kHealthInterval));
}

// False when the process can not go on, or is to stop.
bool Host::State::StartModule(Slot& slot, absl::Time& reported) {
  const absl::Status status = slot.module->Start(starting);
  if (starting.cancelled()) return false;
  if (status.ok()) {
    slot.started = true;
    for (const std::string& service : slot.services) guard.SetReady(service, true);
    Announce(slot);
    return true;
  }
  if (status.code() != absl::StatusCode::kUnavailable) {
    fmt::print(stderr, "{}: {} can not start: {}\n", options.program, slot.name, base::Message(status));
    exit_status = kExitFailed;
    return false;
  }
  if (clock.Now() - reported >= kReportInterval) {
    reported = clock.Now();
    telemetry::LogWarning("waiting for the database", {{"module", slot.name}, {"error", base::Message(status)}});
  }
  return true;
}

void Host::State::CheckDatabase() {
  const absl::Status status = probe->Ping(kPingTimeout);
  for (const auto& slot : slots) SetServing(*slot, status);
}

void Host::State::SetServing(Slot& slot, const absl::Status& database) {
  if (database.ok() == slot.serving) return;
  slot.serving = database.ok();
  for (const std::string& service : slot.services) server->SetServing(service, slot.serving);
  if (slot.serving)
    telemetry::LogInfo("serving", {{"module", slot.name}});
  else
    telemetry::LogWarning("not serving: the database is gone",
                          {{"module", slot.name}, {"error", base::Message(database)}});
}

void Host::State::CountDroppedLines() {
  const double more = static_cast<double>(telemetry::DroppedLogLines()) - dropped_lines.Value();
  if (more > 0) dropped_lines.Increment(more);
}

void Host::State::Announce(Slot& slot) {
  slot.registry = clients::MakeRegistryClient(channels);
  const std::string name = slot.name;
  slot.announcer = std::make_unique<clients::ComponentAnnouncer>(
      *slot.registry, name, slot.module->announcements(), [name](const absl::Status& status) {
        if (status.ok())
          telemetry::LogInfo("components announced", {{"module", name}});
        else if (status.code() == absl::StatusCode::kUnavailable)
          telemetry::LogDebug("registry not reached", {{"module", name}});
        else
          telemetry::LogError("components were not accepted", {{"module", name}, {"error", base::Message(status)}});
      });
  slot.announcer->Start();
}

void Host::State::PrintReady() {
  fmt::print("ready grpc={}:{} metrics={}:{}\n", config.server().host(), port.load(), config.server().metrics_host(),
             metrics_port.load());
  std::fflush(stdout);
}

}  // namespace breadthflow::process
