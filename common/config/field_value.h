#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace breadthflow::config {

// Writes the text form of one value into `field` of `message`: sets it, or adds to it when repeated. INVALID_ARGUMENT
// with what was expected; the value is quoted unless the field's name says that it is a secret.
absl::Status SetFromText(std::string_view text, const google::protobuf::FieldDescriptor& field,
                         google::protobuf::Message& message);

// True for fields whose value must not be shown: names with key, password, secret, token or url in them.
bool IsSecret(const google::protobuf::FieldDescriptor& field);

// 100ms, 5s, 2m, 1h30m; not negative.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// The content of a file without its last newline; an error that names the file otherwise.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace breadthflow::config
