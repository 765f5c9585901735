#include <string>

#include <fmt/format.h>

#include "services/data/rpc/convert.h"

namespace breadthflow::data {

v1::Resource ToProto(const Resource& resource) {
  v1::Resource out;
  out.set_name("resources/" + resource.id);
  out.set_description(resource.description);
  for (const Field& field : resource.fields) {
    v1::Field& to = *out.add_fields();
    to.set_name(field.name);
    to.set_type(static_cast<v1::FieldType>(field.type));
    to.set_unit(field.unit);
    to.set_required(field.required);
    if (field.min) to.set_min(*field.min);
    to.set_min_exclusive(field.min_exclusive);
    to.set_description(field.description);
    if (field.max) to.set_max(*field.max);
    to.set_is_date(field.date);
    to.mutable_allowed_values()->Add(field.one_of.begin(), field.one_of.end());
  }
  out.set_frequency(resource.frequency);
  for (const std::string& rule : resource.rules) out.add_rules(rule);
  out.set_has_bars(resource.bars);
  out.set_has_repeated_times(resource.repeats);
  out.set_time_meaning(resource.time);
  for (const FieldOrder& order : resource.orders) {
    v1::FieldOrder& to = *out.add_orders();
    to.set_low(order.low);
    to.set_high(order.high);
  }
  out.set_has_prices(resource.prices);
  out.set_custom(resource.custom);
  out.mutable_identity_fields()->Add(resource.identity.begin(), resource.identity.end());
  return out;
}

Resource FromProto(const v1::CreateResourceRequest& request, base::Violations& violations) {
  const v1::Resource& from = request.resource();
  Resource resource{.id = request.resource_id(), .description = from.description()};
  for (int i = 0; i < from.fields_size(); ++i) {
    const v1::Field& one = from.fields(i);
    Field field{.name = one.name(),
                .type = static_cast<quant::ColumnType>(one.type()),
                .unit = one.unit(),
                .required = one.required(),
                .min_exclusive = one.min_exclusive(),
                .date = one.is_date(),
                .one_of = {one.allowed_values().begin(), one.allowed_values().end()},
                .description = one.description()};
    if (one.has_min()) field.min = one.min();
    if (one.has_max()) field.max = one.max();
    if (one.type() < v1::FIELD_TYPE_DOUBLE || one.type() > v1::FIELD_TYPE_TEXT) {
      violations.Add(fmt::format("resource.fields[{}].type", i), "must be a double, an int or a text");
      field.type = quant::ColumnType::kDouble;
    }
    resource.fields.push_back(std::move(field));
  }
  resource.frequency = from.frequency();
  resource.rules = {from.rules().begin(), from.rules().end()};
  for (const v1::FieldOrder& order : from.orders()) resource.orders.push_back({order.low(), order.high()});
  resource.prices = from.has_prices();
  resource.bars = from.has_bars();
  resource.repeats = from.has_repeated_times();
  resource.identity = {from.identity_fields().begin(), from.identity_fields().end()};
  resource.time = from.time_meaning();
  resource.custom = true;
  return resource;
}

}  // namespace breadthflow::data
