#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/quant/series.h"
#include "services/cli/components.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

std::string LimitText(const data::v1::Source& source) {
  if (!source.has_limit()) return "-";
  const double per_minute = source.limit().per_second() * 60;
  std::string text = per_minute < 60 ? fmt::format("{:g} a minute", per_minute)
                                     : fmt::format("{:g} a second", source.limit().per_second());
  if (source.limit().per_day() > 0) text += fmt::format(", {} a day", source.limit().per_day());
  return text;
}

std::string TimeframesText(const data::v1::SourceCapability& capability) {
  std::vector<std::string> names;
  for (const int timeframe : capability.timeframes()) {
    names.push_back(TimeframeText(static_cast<common::v1::Timeframe>(timeframe)));
  }
  return fmt::format("{}", fmt::join(names, " "));
}

void ShowAll(Printer& out, const data::v1::ListSourcesResponse& all) {
  Table table{.columns = {"source", "ready", "key", "asked at most", "resources"}};
  for (const data::v1::Source& source : all.sources()) {
    std::vector<std::string> resources;
    for (const data::v1::SourceCapability& one : source.capabilities()) {
      const bool told = std::count(resources.begin(), resources.end(), one.resource()) > 0;
      if (!told) resources.push_back(one.resource());  // one that it has in several forms is told of once
    }
    table.rows.push_back({source.component().name(), source.ready() ? "yes" : "no",
                          source.credential().empty() ? "-" : source.credential(), LimitText(source),
                          fmt::format("{}", fmt::join(resources, ", "))});
  }
  out.Show(table);
  for (const data::v1::Source& source : all.sources()) {
    if (!source.ready())
      out.Say(fmt::format("{} is not ready: {}", source.component().name(), source.not_ready_reason()));
  }
  out.Say("data sources NAME says what each offers and its parameters");
}

void ShowOne(Printer& out, const data::v1::Source& source) {
  ShowComponent(out, source.component());
  Table table{.title = "offers", .columns = {"resource", "timeframes", "prices"}};
  for (const data::v1::SourceCapability& one : source.capabilities()) {
    const std::string basis = one.basis() == common::v1::PRICE_BASIS_UNSPECIFIED
                                  ? ""
                                  : std::string(quant::ToText(static_cast<quant::PriceBasis>(one.basis())));
    table.rows.push_back({one.resource(), TimeframesText(one), basis});
  }
  out.Show(table);
  out.Say(source.has_limit() ? fmt::format("asked at most {}", LimitText(source)) : "asks nobody");
  if (!source.credential().empty()) out.Say(fmt::format("key: {}", source.credential()));
  out.Say(source.authoritative() ? "what it does not have any more is taken away from what is stored"
                                 : "what it does not have any more stays stored");
  if (!source.ready()) out.Say(fmt::format("not ready: {}", source.not_ready_reason()));
}

absl::Status Sources(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const data::v1::ListSourcesResponse all,
                      session.data().Call(&Stub::ListSources, data::v1::ListSourcesRequest(), session.scope()));
  if (arguments.argument().empty()) {
    session.out().Result(all, [&] { ShowAll(session.out(), all); });
    return absl::OkStatus();
  }
  std::vector<std::string> names;
  for (const data::v1::Source& source : all.sources()) {
    names.push_back(source.component().name());
    if (names.back() != arguments.argument()) continue;
    session.out().Result(source, [&] { ShowOne(session.out(), source); });
    return absl::OkStatus();
  }
  return base::MakeError(
      absl::StatusCode::kNotFound, "UNKNOWN_SOURCE",
      fmt::format("there is no source {}; there are {}", arguments.argument(), fmt::join(names, ", ")));
}

}  // namespace

Command DataSources() {
  return {.group = "data",
          .verb = "sources",
          .summary = "where data can be fetched from, or what one source offers",
          .argument = "SOURCE",
          .argument_default = "all of them",
          .run = Sources};
}

}  // namespace breadthflow::cli
