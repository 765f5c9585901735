#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "common/rpc/convert.h"

namespace breadthflow::rpc {

common::v1::ParamValue ToProto(const component::ParamValue& value) {
  common::v1::ParamValue proto;
  if (const auto* whole = std::get_if<int64_t>(&value)) proto.set_int_value(*whole);
  if (const auto* number = std::get_if<double>(&value)) proto.set_double_value(*number);
  if (const auto* truth = std::get_if<bool>(&value)) proto.set_bool_value(*truth);
  if (const auto* text = std::get_if<std::string>(&value)) proto.set_string_value(*text);
  return proto;
}

component::ParamValue FromProto(const common::v1::ParamValue& value, std::string_view field,
                                base::Violations& violations) {
  switch (value.kind_case()) {
    case common::v1::ParamValue::kIntValue:
      return value.int_value();
    case common::v1::ParamValue::kDoubleValue:
      if (!std::isfinite(value.double_value())) {
        violations.Add(field, "must be a finite number");
        return 0.0;
      }
      return value.double_value();
    case common::v1::ParamValue::kBoolValue:
      return value.bool_value();
    case common::v1::ParamValue::kStringValue:
      return value.string_value();
    case common::v1::ParamValue::KIND_NOT_SET:
      break;
  }
  violations.Add(field, "needs one of int_value, double_value, bool_value, string_value");
  return int64_t{0};
}

common::v1::ComponentRef ToProto(const component::ComponentRef& ref) {
  common::v1::ComponentRef proto;
  proto.set_name(ref.name);
  for (const auto& [name, value] : ref.params) (*proto.mutable_params())[name] = ToProto(value);
  return proto;
}

component::ComponentRef FromProto(const common::v1::ComponentRef& ref, std::string_view field,
                                  base::Violations& violations) {
  component::ComponentRef result{.name = ref.name(), .params = {}};
  if (ref.name().empty()) violations.Add(fmt::format("{}.name", field), "is required");
  for (const auto& [name, value] : ref.params()) {
    result.params[name] = FromProto(value, fmt::format("{}.params.{}", field, name), violations);
  }
  return result;
}

common::v1::ComponentInfo ToProto(const component::ComponentInfo& info,
                                  const std::vector<component::ParamSpec>& params) {
  common::v1::ComponentInfo proto;
  proto.set_kind(info.kind);
  proto.set_name(info.name);
  proto.set_version(info.version);
  proto.set_description(info.description);
  for (const component::ParamSpec& spec : params) {
    common::v1::ParamSpec* param = proto.add_params();
    param->set_name(spec.name);
    param->set_type(static_cast<common::v1::ParamType>(static_cast<int>(spec.type) + 1));
    if (!spec.required) *param->mutable_default_value() = ToProto(spec.default_value);
    if (spec.min) param->set_min(*spec.min);
    if (spec.max) param->set_max(*spec.max);
    for (const std::string& choice : spec.choices) param->add_choices(choice);
    param->set_required(spec.required);
    param->set_unit(spec.unit);
    param->set_description(spec.description);
  }
  return proto;
}

component::ComponentInfo FromProto(const common::v1::ComponentInfo& info, std::vector<component::ParamSpec>* params,
                                   std::string_view field, base::Violations& violations) {
  if (info.kind().empty()) violations.Add(fmt::format("{}.kind", field), "is required");
  if (info.name().empty()) violations.Add(fmt::format("{}.name", field), "is required");
  for (int i = 0; i < info.params_size(); ++i) {
    const common::v1::ParamSpec& param = info.params(i);
    const std::string param_field = fmt::format("{}.params[{}]", field, i);
    if (param.name().empty()) violations.Add(param_field + ".name", "is required");
    component::ParamSpec spec;
    spec.name = param.name();
    if (param.type() == common::v1::PARAM_TYPE_UNSPECIFIED || !common::v1::ParamType_IsValid(param.type())) {
      violations.Add(param_field + ".type", "is required");
    } else {
      spec.type = static_cast<component::ParamType>(static_cast<int>(param.type()) - 1);
    }
    spec.required = param.required();
    if (param.has_default_value()) {
      spec.default_value = FromProto(param.default_value(), param_field + ".default_value", violations);
    }
    if (param.has_min()) spec.min = param.min();
    if (param.has_max()) spec.max = param.max();
    spec.choices.assign(param.choices().begin(), param.choices().end());
    spec.unit = param.unit();
    spec.description = param.description();
    if (params) params->push_back(std::move(spec));
  }
  return {.kind = info.kind(), .name = info.name(), .version = info.version(), .description = info.description()};
}

}  // namespace breadthflow::rpc
