#include "services/cli/components.h"
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

void Describe(Session& session, const data::v1::Resource& resource) {
  Table table{.title = fmt::format("{}  {}", resource.name(), resource.description()),
              .columns = {"field", "type", "unit", "required", "description"}};
  for (const data::v1::Field& field : resource.fields()) {
    table.rows.push_back(
        {field.name(), FieldTypeText(field.type()), field.unit(), field.required() ? "yes" : "", field.description()});
  }
  session.out().Show(table);
  for (const std::string& rule : resource.rules()) session.out().Say("  rule: " + rule);
}

absl::Status Resources(Session& session, const Arguments& arguments) {
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
    Table table{.columns = {"resource", "fields", "frequency", "description"}};
    for (const data::v1::Resource& resource : all.resources()) {
      table.rows.push_back(
          {resource.name(), std::to_string(resource.fields_size()), resource.frequency(), resource.description()});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Sources(Session& session, const Arguments&) {
  BF_ASSIGN_OR_RETURN(const data::v1::ListSourcesResponse response,
                      session.data().Call(&Stub::ListSources, data::v1::ListSourcesRequest(), session.scope()));
  session.out().Result(response, [&] {
    for (const data::v1::Source& source : response.sources()) ShowComponent(session.out(), source.component());
  });
  return absl::OkStatus();
}

}  // namespace

Command DataResources() {
  return {.group = "data",
          .verb = "resources",
          .summary = "kinds of data, or the columns of one",
          .argument = "RESOURCE",
          .argument_default = "all of them",
          .run = Resources};
}

Command DataSources() {
  return {.group = "data", .verb = "sources", .summary = "where data can be fetched from", .run = Sources};
}

}  // namespace breadthflow::cli
