#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/config/config.h"
#include "services/cli/resource_file.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

std::string FieldTypeText(data::v1::FieldType type) {
  switch (type) {
    case data::v1::FIELD_TYPE_DOUBLE:
      return "number";
    case data::v1::FIELD_TYPE_INT:
      return "whole number";
    case data::v1::FIELD_TYPE_TEXT:
      return "text";
    default:
      return "";
  }
}

// "> 0, <= 1", "a day", "one of buy, sell".
std::string ValuesText(const data::v1::Field& field) {
  std::vector<std::string> parts;
  if (field.has_min()) parts.push_back(fmt::format("{} {:g}", field.min_exclusive() ? ">" : ">=", field.min()));
  if (field.has_max()) parts.push_back(fmt::format("<= {:g}", field.max()));
  if (field.is_date()) parts.emplace_back("a day");
  if (field.allowed_values_size() > 0) {
    parts.push_back(fmt::format("one of {}", fmt::join(field.allowed_values(), ", ")));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void Describe(Session& session, const data::v1::Resource& resource) {
  Table table{.title = fmt::format("{}  {}", resource.name(), resource.description()),
              .columns = {"field", "type", "unit", "required", "values", "description"}};
  for (const data::v1::Field& field : resource.fields()) {
    table.rows.push_back({field.name(), FieldTypeText(field.type()), field.unit(), field.required() ? "yes" : "",
                          ValuesText(field), field.description()});
  }
  session.out().Show(table);
  if (!resource.frequency().empty()) session.out().Say("  frequency: " + resource.frequency());
  if (!resource.time_meaning().empty()) session.out().Say("  time: " + resource.time_meaning());
  for (const std::string& rule : resource.rules()) session.out().Say("  rule: " + rule);
  // Those of the predefined ones are among their rules.
  for (const data::v1::FieldOrder& order : resource.orders()) {
    if (resource.custom()) session.out().Say(fmt::format("  rule: {} <= {}", order.low(), order.high()));
  }
  if (resource.has_repeated_times()) {
    session.out().Say(fmt::format("  rule: several rows may share their instant; what tells them apart: {}",
                                  resource.identity_fields().empty()
                                      ? "all their values"
                                      : fmt::format("{}", fmt::join(resource.identity_fields(), ", "))));
  }
}

// The definition in a file, whose `name` is the id.
absl::Status Create(Session& session, const Arguments& arguments) {
  data::v1::CreateResourceRequest request;
  const std::string& file = arguments.Text("create");
  base::Violations violations;
  violations.Merge("", config::Load(file, {}, *request.mutable_resource()));
  constexpr std::string_view kCollection = "resources/";
  const std::string& name = request.resource().name();
  request.set_resource_id(name.starts_with(kCollection) ? name.substr(kCollection.size()) : name);
  request.mutable_resource()->clear_name();
  request.set_request_id(NewRequestId());
  // What the service would say of the rest is said together with what the file alone shows.
  request.set_validate_only(arguments.Switch("validate-only") || !violations.empty());
  const absl::StatusOr<data::v1::Resource> answer =
      session.data().Call(&Stub::CreateResource, request, session.scope());
  if (absl::IsInvalidArgument(answer.status())) MergeByLine(answer.status(), file, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus(fmt::format("{} is no definition of a resource", file), "USAGE"));
  BF_RETURN_IF_ERROR(answer.status());
  const data::v1::Resource& made = *answer;
  session.out().Result(made, [&] {
    Describe(session, made);
    session.out().Say(request.validate_only()
                          ? "nothing is wrong with it; it was not made (--validate-only)"
                          : fmt::format("made; fetch it with --resource {}", request.resource_id()));
  });
  return absl::OkStatus();
}

absl::Status Resources(Session& session, const Arguments& arguments) {
  if (arguments.Has("create") && !arguments.argument().empty()) {
    base::Violations violations;
    violations.Add("--create", "the name stands in the file");
    return violations.ToStatus("wrong use of `data resources`", "USAGE");
  }
  if (arguments.Has("validate-only") && !arguments.Has("create")) {
    base::Violations violations;
    violations.Add("--validate-only", "is for --create FILE");
    return violations.ToStatus("wrong use of `data resources`", "USAGE");
  }
  if (arguments.Has("create")) return Create(session, arguments);
  if (!arguments.argument().empty()) {
    data::v1::GetResourceRequest request;
    request.set_name(ResourceName("resources", arguments.argument()));
    BF_ASSIGN_OR_RETURN(const data::v1::Resource resource,
                        session.data().Call(&Stub::GetResource, request, session.scope()));
    session.out().Result(resource, [&] { Describe(session, resource); });
    return absl::OkStatus();
  }
  data::v1::ListResourcesResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListResources, data::v1::ListResourcesRequest(), 10000,
                               [&](const auto& page) {
                                 all.mutable_resources()->MergeFrom(page.resources());
                                 return page.resources_size();
                               }));
  session.out().Result(all, [&] {
    Table table{.columns = {"resource", "made", "fields", "frequency", "description"}};
    for (const data::v1::Resource& resource : all.resources()) {
      table.rows.push_back({resource.name(), resource.custom() ? "at run time" : "",
                            std::to_string(resource.fields_size()), resource.frequency(), resource.description()});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

}  // namespace

Command DataResources() {
  return {.group = "data",
          .verb = "resources",
          .summary = "kinds of data, the columns of one, or a new one (--create)",
          .argument = "RESOURCE",
          .argument_default = "all of them",
          .flags = {{.name = "create",
                     .value = "FILE",
                     .description = "make the kind of data that a YAML file defines: name, description, fields (name, "
                                    "type double|int|text, unit, required, min, max, allowed_values ...), orders, "
                                    "has_bars ...; see config/resources"},
                    {.name = "validate-only", .description = "with --create: only say what is wrong with the file"}},
          .run = Resources};
}

}  // namespace breadthflow::cli
