#include <fstream>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/cli/bars.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;
constexpr size_t kShownDigits = 16;

std::string OutcomeText(const data::v1::Coverage& one) {
  switch (one.outcome()) {
    case data::v1::FetchResult::OUTCOME_OK:
      return "OK";
    case data::v1::FetchResult::OUTCOME_EMPTY_CONFIRMED:
      return "EMPTY_CONFIRMED";
    default:
      return fmt::format("FAILED{}: {}", one.retryable() ? " (try again)" : "", one.error().message());
  }
}

absl::Status ShowCoverage(Session& session, const Arguments& arguments) {
  base::Violations violations;
  data::v1::ListCoverageRequest request;
  request.set_resource(arguments.Text("resource"));
  request.set_symbol(arguments.argument());
  if (arguments.Has("timeframe")) request.set_timeframe(ParseTimeframeFlag(arguments, violations));
  request.set_source(arguments.Text("source"));
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  data::v1::ListCoverageResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListCoverage, request, 100000, [&](const auto& page) {
    all.mutable_coverage()->MergeFrom(page.coverage());
    return page.coverage_size();
  }));
  session.out().Result(all, [&] {
    Table table{
        .columns = {"symbol", "resource", "timeframe", "source", "from", "to", "rows", "fetched", "body", "outcome"}};
    for (const data::v1::Coverage& one : all.coverage()) {
      table.rows.push_back({one.key().symbol(), one.key().resource(), TimeframeText(one.key().timeframe()),
                            one.source(), Instant(one.range().start_time()), Instant(one.range().end_time()),
                            Grouped(one.row_count()), Instant(one.fetch_time()),
                            one.body_sha256().substr(0, kShownDigits), OutcomeText(one)});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

// The bytes as they came: to standard output, which takes nothing else, or to a file that appears when it is whole.
absl::Status Body(Session& session, const Arguments& arguments) {
  data::v1::ReadRawBodyRequest request;
  request.set_body_sha256(arguments.argument());
  const std::string& path = arguments.Text("out");
  const std::string unfinished = path + ".part";
  std::ofstream file;
  if (!path.empty()) {
    file.open(unfinished, std::ios::binary | std::ios::trunc);
    if (!file) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "USAGE", fmt::format("can not write {}", unfinished));
    }
  }
  std::ostream& out = path.empty() ? std::cout : file;
  int64_t bytes = 0;
  absl::Status read = session.data().Read(
      &Stub::ReadRawBody, request, session.scope(), [&](data::v1::ReadRawBodyResponse& message) -> absl::Status {
        out.write(message.content().data(), static_cast<std::streamsize>(message.content().size()));
        bytes += static_cast<int64_t>(message.content().size());
        if (out) return absl::OkStatus();
        return base::MakeError(absl::StatusCode::kUnavailable, "CAN_NOT_WRITE", "the body can not be written");
      });
  out.flush();
  if (read.ok() && !out) {
    read = base::MakeError(absl::StatusCode::kUnavailable, "CAN_NOT_WRITE", "the body can not be written");
  }
  if (path.empty()) return read;
  file.close();
  if (read.ok() && std::rename(unfinished.c_str(), path.c_str()) != 0) {
    read = base::MakeError(absl::StatusCode::kInvalidArgument, "USAGE", fmt::format("can not write {}", path));
  }
  if (!read.ok()) {
    std::remove(unfinished.c_str());
    return read;
  }
  session.out().Say(fmt::format("{} bytes in {}", Grouped(bytes), path));
  return absl::OkStatus();
}

}  // namespace

Command DataCoverage() {
  return {.group = "data",
          .verb = "coverage",
          .summary = "which ranges were asked of which source, and what came of it",
          .argument = "SYMBOL",
          .argument_default = "all of them",
          .flags = {{.name = "resource", .value = "KIND", .description = "only this kind of data"},
                    TimeframeFlag(),
                    SourceFlag("only of this source")},
          .run = ShowCoverage};
}

Command DataBody() {
  return {.group = "data",
          .verb = "body",
          .summary = "what a provider answered, as it came",
          .argument = "SHA256",
          .argument_required = true,
          .flags = {{.name = "out", .value = "FILE", .description = "write it there; default standard output"}},
          .run = Body};
}

}  // namespace breadthflow::cli
