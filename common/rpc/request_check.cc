#include "common/rpc/request_check.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "common/base/status.h"

namespace breadthflow::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMaxListed = 100;

void FindNul(const Message& message, const std::string& path, base::Violations& violations) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool text = field->type() == FieldDescriptor::TYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count && violations.list().size() < kMaxListed; ++i) {
      const auto name = [&] {
        const std::string own = path.empty() ? field->name() : fmt::format("{}.{}", path, field->name());
        return field->is_repeated() ? fmt::format("{}[{}]", own, i) : own;
      };
      if (text) {
        std::string scratch;
        const std::string& value = field->is_repeated()
                                       ? reflection.GetRepeatedStringReference(message, field, i, &scratch)
                                       : reflection.GetStringReference(message, field, &scratch);
        if (value.find('\0') != std::string::npos) violations.Add(name(), "must not hold a NUL character");
      } else if (field->is_repeated()) {
        FindNul(reflection.GetRepeatedMessage(message, field, i), name(), violations);
      } else {
        FindNul(reflection.GetMessage(message, field), name(), violations);
      }
    }
  }
}

}  // namespace

absl::Status CheckRequest(const Message& request, int64_t max_bytes) {
  const auto bytes = static_cast<int64_t>(request.ByteSizeLong());
  if (bytes > max_bytes) {
    return base::MakeError(absl::StatusCode::kInvalidArgument,
                           fmt::format("a request may have {} bytes, has {}", max_bytes, bytes),
                           {.reason = "MESSAGE_TOO_LARGE",
                            .metadata = {{"limit_bytes", std::to_string(max_bytes)}, {"bytes", std::to_string(bytes)}},
                            .violations = {},
                            .retry_after = {}});
  }
  base::Violations violations;
  FindNul(request, "", violations);
  return violations.ToStatus("a text of the request can not be kept", "NUL_IN_TEXT");
}

}  // namespace breadthflow::rpc
