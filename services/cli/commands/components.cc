#include "services/cli/components.h"

#include <set>
#include <string>

#include <fmt/ranges.h>

#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = registry::v1::ComponentService::Stub;

absl::Status List(Session& session, const Arguments& arguments) {
  registry::v1::ListComponentsRequest request;
  request.set_kind(arguments.Text("kind"));
  registry::v1::ListComponentsResponse all;
  BF_RETURN_IF_ERROR(
      ListPages(session, session.registry(), &Stub::ListComponents, request, 100000, [&](const auto& page) {
        all.mutable_components()->MergeFrom(page.components());
        return page.components_size();
      }));
  if (all.components().empty() && arguments.Has("kind")) {
    std::set<std::string> kinds;
    BF_RETURN_IF_ERROR(ListPages(session, session.registry(), &Stub::ListComponents,
                                 registry::v1::ListComponentsRequest(), 100000, [&](const auto& page) {
                                   for (const registry::v1::Component& component : page.components())
                                     kinds.insert(component.info().kind());
                                   return page.components_size();
                                 }));
    base::Violations violations;
    violations.Add("--kind",
                   fmt::format("there is no kind '{}'; known are {}", arguments.Text("kind"), fmt::join(kinds, ", ")));
    return violations.ToStatus("wrong flags", "USAGE");
  }
  session.out().Result(all, [&] {
    Table table{.columns = {"kind", "name", "version", "service", "parameters", "description"}};
    for (const registry::v1::Component& component : all.components()) {
      table.rows.push_back({component.info().kind(), component.info().name(), component.info().version(),
                            component.service(), std::to_string(component.info().params_size()),
                            FirstSentence(component.info().description())});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Show(Session& session, const Arguments& arguments) {
  registry::v1::GetComponentRequest request;
  const std::string& text = arguments.argument();
  request.set_name(text.rfind("components/", 0) == 0 ? text : "components/" + text);
  BF_ASSIGN_OR_RETURN(const registry::v1::Component component,
                      session.registry().Call(&Stub::GetComponent, request, session.scope()));
  session.out().Result(component, [&] {
    session.out().Say(fmt::format("{}  of {}, known since {}", component.name(), component.service(),
                                  Instant(component.create_time())));
    ShowComponent(session.out(), component.info());
  });
  return absl::OkStatus();
}

}  // namespace

Command ComponentsList() {
  return {.group = "components",
          .verb = "list",
          .summary = "everything that can be chosen by name",
          .flags = {{.name = "kind",
                     .value = "KIND",
                     .description = "data_source, indicator, strategy, execution_engine, risk_manager, model ..."}},
          .run = List};
}

Command ComponentsShow() {
  return {.group = "components",
          .verb = "show",
          .summary = "what a component is and accepts: KIND/NAME or KIND/NAME/VERSION",
          .argument = "COMPONENT",
          .argument_required = true,
          .run = Show};
}

}  // namespace breadthflow::cli
