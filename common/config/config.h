#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

// Boot configuration: a YAML file read into a typed message of config.v1, then overridden by the environment.
//
//   server:                      message ServerConfig server
//     port: 50051                int32, int64, double, bool, string, enum (by name, also without its prefix)
//     lame_duck: 5s              google.protobuf.Duration: 100ms, 5s, 2m, 1h30m
//   peers: {data: "data:50051"}
//   csv_roots: [/srv/csv]        repeated
//
// Environment: BREADTHFLOW__SERVER__PORT=50061 sets server.port (repeated fields: comma-separated; case of the names
// does not matter), and BREADTHFLOW__AUTH__SERVICE_KEY__FILE=/run/secrets/key sets auth.service_key to the content of
// that file without its last newline. In the file itself, `service_key: {file: /run/secrets/key}` and
// `{env: NAME}` do the same for any text field: secrets are not written into configuration files.
namespace breadthflow::config {

using Variables = std::map<std::string, std::string>;

// The environment of this process.
Variables ProcessEnvironment();

// Reads `file` (may be empty: none), then the overrides among `environment`, into `message`. INVALID_ARGUMENT
// `BAD_CONFIG` with every violation: unknown keys (with the known ones), wrong types, numbers out of range, duplicate
// keys, unreadable secrets; the field of a violation is "file:line", or the name of the variable. Values are not quoted
// in errors when the field's name says that it is a secret (key, password, secret, token, url).
absl::Status Load(const std::string& file, const Variables& environment, google::protobuf::Message& message);

}  // namespace breadthflow::config
