#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

// The whole digest for the digits that `data coverage` shows, or more of them.
absl::StatusOr<std::string> WholeDigest(Session& session, const std::string& text) {
  constexpr size_t kWhole = 64;
  constexpr size_t kFewest = 8;
  if (text.size() >= kWhole || text.size() < kFewest) return text;
  std::set<std::string> found;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListCoverage, data::v1::ListCoverageRequest(), 100000,
                               [&](const auto& page) {
                                 for (const data::v1::Coverage& one : page.coverage()) {
                                   if (one.body_sha256().rfind(text, 0) == 0) found.insert(one.body_sha256());
                                 }
                                 return page.coverage_size();
                               }));
  if (found.size() == 1) return *found.begin();
  if (found.empty()) {
    return base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_BODY",
                           fmt::format("no body that data coverage shows begins with {}", text));
  }
  base::Violations violations;
  violations.Add(text, fmt::format("begins {}; say more of it", fmt::join(found, ", ")));
  return violations.ToStatus("not unique", "AMBIGUOUS_NAME");
}

// The bytes as they came: to standard output, which takes nothing else, or to a file that appears when it is whole.
absl::Status Body(Session& session, const Arguments& arguments) {
  data::v1::ReadRawBodyRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_body_sha256(), WholeDigest(session, arguments.argument()));
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
