#include "common/config/field_value.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include "common/base/file.h"
#include "common/base/status.h"

namespace breadthflow::config {
namespace {

using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;

absl::Status Expected(std::string_view what, std::string_view found, const FieldDescriptor& field) {
  if (IsSecret(field)) return absl::InvalidArgumentError(fmt::format("must be {}", what));
  return absl::InvalidArgumentError(fmt::format("must be {}, was '{}'", what, found));
}

template <typename Number>
bool ParseNumber(std::string_view text, Number& number) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && at == text.data() + text.size();
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

// By full name, or by what follows the prefix that all values share ("FILE" for "AUTH_MODE_FILE").
const EnumValueDescriptor* FindEnumValue(std::string_view text, const FieldDescriptor& field) {
  const std::string wanted = Upper(text);
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const std::string& name = field.enum_type()->value(i)->name();
    if (name == wanted || (name.size() > wanted.size() && name.ends_with("_" + wanted)))
      return field.enum_type()->value(i);
  }
  return nullptr;
}

// A value as people write it: in lower case, without the prefix that all values share. Empty for the one that says
// nothing.
std::string NameToWrite(const google::protobuf::EnumDescriptor& type, int index) {
  constexpr std::string_view kNothing = "UNSPECIFIED";
  const std::string& nothing = type.value(0)->name();
  std::string name = type.value(index)->name();
  if (nothing.ends_with(kNothing)) {
    if (index == 0) return "";
    const std::string prefix = nothing.substr(0, nothing.size() - kNothing.size());
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

template <typename Number, typename Set>
absl::Status SetNumber(std::string_view text, const FieldDescriptor& field, std::string_view what, Set set) {
  Number number{};
  if (!ParseNumber(text, number)) return Expected(what, text, field);
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) return Expected(what, text, field);
  }
  set(number);
  return absl::OkStatus();
}

absl::Status SetDuration(std::string_view text, const FieldDescriptor& field, Message& message) {
  const absl::StatusOr<absl::Duration> value = ParseDuration(text);
  if (!value.ok()) return Expected("a duration like 100ms, 5s or 1h30m", text, field);
  auto* duration = static_cast<google::protobuf::Duration*>(
      field.is_repeated() ? message.GetReflection()->AddMessage(&message, &field)
                          : message.GetReflection()->MutableMessage(&message, &field));
  duration->set_seconds(absl::ToInt64Seconds(*value));
  duration->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(*value % absl::Seconds(1))));
  return absl::OkStatus();
}

}  // namespace

bool IsSecret(const FieldDescriptor& field) {
  for (const char* word : {"key", "password", "secret", "token", "url"}) {
    // A path to a secret is no secret.
    if (field.name().find(word) != std::string::npos && !field.name().ends_with("_file")) return true;
  }
  return false;
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  absl::Duration value;
  if (!absl::ParseDuration(std::string(text), &value) || value < absl::ZeroDuration() ||
      value == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError("not a duration");
  }
  return value;
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  BF_ASSIGN_OR_RETURN(std::string text, base::ReadFile(path));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

absl::Status SetFromText(std::string_view text, const FieldDescriptor& field, Message& message) {
  const auto* reflection = message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (repeated)
        reflection->AddString(&message, &field, std::string(text));
      else
        reflection->SetString(&message, &field, std::string(text));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL: {
      if (text != "true" && text != "false") return Expected("true or false", text, field);
      if (repeated)
        reflection->AddBool(&message, &field, text == "true");
      else
        reflection->SetBool(&message, &field, text == "true");
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return SetNumber<int32_t>(text, field, "a whole number of 32 bits", [&](int32_t number) {
        if (repeated)
          reflection->AddInt32(&message, &field, number);
        else
          reflection->SetInt32(&message, &field, number);
      });
    case FieldDescriptor::CPPTYPE_INT64:
      return SetNumber<int64_t>(text, field, "a whole number", [&](int64_t number) {
        if (repeated)
          reflection->AddInt64(&message, &field, number);
        else
          reflection->SetInt64(&message, &field, number);
      });
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return SetNumber<double>(text, field, "a finite number", [&](double number) {
        if (repeated)
          reflection->AddDouble(&message, &field, number);
        else
          reflection->SetDouble(&message, &field, number);
      });
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = FindEnumValue(text, field);
      if (value == nullptr) {
        std::string known;
        for (int i = 0; i < field.enum_type()->value_count(); ++i) {
          if (const std::string name = NameToWrite(*field.enum_type(), i); !name.empty()) {
            known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
          }
        }
        return Expected("one of " + known, text, field);
      }
      if (repeated)
        reflection->AddEnum(&message, &field, value);
      else
        reflection->SetEnum(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (field.message_type()->full_name() == "google.protobuf.Duration") return SetDuration(text, field, message);
      return Expected("a section with keys of its own", text, field);
    default:
      return absl::InternalError(fmt::format("configuration field {} has a type that is not supported", field.name()));
  }
}

}  // namespace breadthflow::config
