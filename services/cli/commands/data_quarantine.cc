#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/cli/quality.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

std::string StateOf(const data::v1::Quarantine& quarantine) {
  std::string state = data::v1::Quarantine::State_Name(quarantine.state());
  return state.rfind("STATE_", 0) == 0 ? state.substr(6) : state;
}

// The checks that failed: "unit_mixups, ohlc_order".
std::string FailedChecks(const data::v1::Quarantine& quarantine) {
  std::string names;
  for (const data::v1::QualityFinding& finding : quarantine.findings()) {
    if (finding.severity() != data::v1::QualityFinding::SEVERITY_ERROR) continue;
    names += (names.empty() ? "" : ", ") + finding.check();
  }
  return names;
}

void Describe(Session& session, const data::v1::Quarantine& quarantine) {
  Printer& out = session.out();
  Table findings{.title = fmt::format("{}  {}  {} {} from {}, {} rows, {}", quarantine.name(), StateOf(quarantine),
                                      quarantine.key().resource(), quarantine.key().symbol(), quarantine.source(),
                                      Grouped(quarantine.row_count()), quarantine.origin()),
                 .columns = {"severity", "check", "rows", "share", "finding"}};
  for (const data::v1::QualityFinding& finding : quarantine.findings()) {
    const bool counted = finding.affected_row_count() > 0;
    findings.rows.push_back({SeverityText(finding), finding.check(),
                             counted ? Grouped(finding.affected_row_count()) : "-",
                             counted ? Percent(finding.affected_share()) : "-", finding.message() + Examples(finding)});
  }
  out.Show(findings);
  if (quarantine.proposals_size() > 0) {
    Table proposals{.title = "proposed repairs (none is made by itself)",
                    .columns = {"time", "field", "value", "proposed", "why"}};
    for (const data::v1::RepairProposal& one : quarantine.proposals()) {
      proposals.rows.push_back({Instant(one.time()), one.field(), fmt::format("{:g}", one.value()),
                                fmt::format("{:g}", one.proposed_value()), one.reason()});
    }
    out.Show(proposals);
  }
  if (quarantine.arrival_count() > 1) {
    out.Say(fmt::format("  they came {} times, the last time at {} by {}", quarantine.arrival_count(),
                        Instant(quarantine.last_time()), quarantine.last_origin()));
  }
  if (quarantine.state() == data::v1::Quarantine::STATE_HELD) {
    const std::string id = quarantine.name().substr(quarantine.name().find('/') + 1);
    if (quarantine.outdated()) {
      out.Say("  the series has other rows since: these can be given up, or released when they have come again");
    }
    out.Say(fmt::format("  to store the rows: breadthflow data quarantine {} --release --comment WHY", id));
    out.Say(fmt::format("  to give them up:   breadthflow data quarantine {} --discard", id));
  } else {
    out.Say(fmt::format("  {} by {} at {}{}", StateOf(quarantine),
                        quarantine.resolved_by().empty() ? "somebody without a name" : quarantine.resolved_by(),
                        Instant(quarantine.resolve_time()),
                        quarantine.comment().empty() ? "" : ": " + quarantine.comment()));
  }
}

absl::Status List(Session& session, const Arguments& arguments) {
  base::Violations violations;
  data::v1::ListQuarantinesRequest request;
  const std::string& state = arguments.Text("state");
  if (state == "held") request.set_state(data::v1::Quarantine::STATE_HELD);
  if (state == "released") request.set_state(data::v1::Quarantine::STATE_RELEASED);
  if (state == "discarded") request.set_state(data::v1::Quarantine::STATE_DISCARDED);
  const int limit = ParseCount(arguments, "limit", 1, 10000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  data::v1::ListQuarantinesResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListQuarantines, request, limit, [&](const auto& page) {
    all.mutable_quarantines()->MergeFrom(page.quarantines());
    return page.quarantines_size();
  }));
  session.out().Result(all, [&] {
    Table table{.columns = {"quarantine", "state", "symbol", "resource", "source", "rows", "made", "failed checks"}};
    for (const data::v1::Quarantine& one : all.quarantines()) {
      table.rows.push_back({one.name(), StateOf(one), one.key().symbol(), one.key().resource(), one.source(),
                            Grouped(one.row_count()), Instant(one.create_time()), FailedChecks(one)});
    }
    session.out().Show(table);
    if (all.quarantines_size() == 0) session.out().Say("  no rows are kept apart");
  });
  return absl::OkStatus();
}

absl::Status Run(Session& session, const Arguments& arguments) {
  const bool release = arguments.Switch("release");
  const bool discard = arguments.Switch("discard");
  base::Violations violations;
  if (release && discard) violations.Add("--discard", "is the opposite of --release");
  if ((release || discard) && arguments.argument().empty()) {
    violations.Add("QUARANTINE", "must be named for a decision");
  }
  if (arguments.Has("comment") && !release && !discard) violations.Add("--comment", "is for --release and --discard");
  if (release && arguments.Text("comment").empty()) violations.Add("--comment", "must say why the rows may stand");
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong use of `data quarantine`", "USAGE"));
  if (arguments.argument().empty()) return List(session, arguments);
  BF_ASSIGN_OR_RETURN(const std::string name,
                      NameOrLatest(session, session.data(), "quarantines", arguments.argument(), &Stub::ListQuarantines,
                                   [](const auto& page) { return page.quarantines(); }));
  absl::StatusOr<data::v1::Quarantine> quarantine;
  if (release) {
    data::v1::ReleaseQuarantineRequest request;
    request.set_name(name);
    request.set_comment(arguments.Text("comment"));
    quarantine = session.data().Call(&Stub::ReleaseQuarantine, request, session.scope());
  } else if (discard) {
    data::v1::DiscardQuarantineRequest request;
    request.set_name(name);
    request.set_comment(arguments.Text("comment"));
    quarantine = session.data().Call(&Stub::DiscardQuarantine, request, session.scope());
  } else {
    data::v1::GetQuarantineRequest request;
    request.set_name(name);
    quarantine = session.data().Call(&Stub::GetQuarantine, request, session.scope());
  }
  BF_RETURN_IF_ERROR(quarantine.status());
  session.out().Result(*quarantine, [&] { Describe(session, *quarantine); });
  return absl::OkStatus();
}

}  // namespace

Command DataQuarantine() {
  return {.group = "data",
          .verb = "quarantine",
          .summary = "rows that were kept apart since no market can have made them: list, show, release, discard",
          .argument = "QUARANTINE",
          .argument_default = "a list of them; `latest` is the newest",
          .flags = {{.name = "release", .description = "store the rows after all; needs --comment"},
                    {.name = "discard", .description = "give the rows up"},
                    {.name = "comment", .value = "TEXT", .description = "why; kept with the decision"},
                    {.name = "state",
                     .value = "STATE",
                     .description = "only those in this state",
                     .default_value = "all",
                     .choices = {"all", "held", "released", "discarded"}},
                    PageFlag()},
          .run = Run};
}

}  // namespace breadthflow::cli
