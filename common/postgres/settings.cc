#include "common/postgres/settings.h"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "common/base/status.h"

namespace breadthflow::postgres {
namespace {

std::string Quoted(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

int64_t Milliseconds(absl::Duration timeout) {
  return std::clamp<int64_t>(absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1))), 1, 86'400'000);
}

}  // namespace

absl::StatusOr<std::string> ConnectionString(const DatabaseOptions& options) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(options.url.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);
  if (parsed == nullptr) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "DATABASE_URL",
                           "the database url is neither a postgresql:// URI nor a list of key=value");
  }
  std::map<std::string, std::string> settings = {
      {"connect_timeout", fmt::format("{}", std::max<int64_t>(2, absl::ToInt64Seconds(options.connect_timeout)))},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "15000"},
  };
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  settings["client_encoding"] = "UTF8";
  settings["application_name"] = options.application_name;
  std::string out;
  for (const auto& [key, value] : settings) out += fmt::format("{}={} ", key, Quoted(value));
  return out;
}

std::string ShownMilliseconds(int64_t ms) {
  if (ms == 0) return "0";
  static constexpr std::pair<int64_t, const char*> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}};
  for (const auto& [size, unit] : kUnits) {
    if (ms % size == 0) return fmt::format("{}{}", ms / size, unit);
  }
  return fmt::format("{}ms", ms);
}

BeginStatement MakeBegin(const DatabaseOptions& options, absl::Duration statement_timeout, bool read_only) {
  const int64_t statement_ms = Milliseconds(statement_timeout);
  const int64_t lock_ms = Milliseconds(options.lock_timeout);
  const int64_t idle_ms = Milliseconds(options.idle_in_transaction_timeout);
  BeginStatement begin;
  begin.sql = fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED{}; SELECT ", read_only ? " READ ONLY" : "");
  const auto set = [&](const char* name, const std::string& value, const std::string& shown) {
    begin.sql += fmt::format("{}set_config('{}','{}',true)", begin.expected.empty() ? "" : ",", name, value);
    begin.expected.emplace_back(name, shown);
  };
  set("search_path", options.schema, options.schema);
  set("statement_timeout", std::to_string(statement_ms), ShownMilliseconds(statement_ms));
  set("lock_timeout", std::to_string(lock_ms), ShownMilliseconds(lock_ms));
  set("idle_in_transaction_session_timeout", std::to_string(idle_ms), ShownMilliseconds(idle_ms));
  set("TimeZone", "UTC", "UTC");
  set("DateStyle", "ISO, YMD", "ISO, YMD");
  set("bytea_output", "hex", "hex");
  set("extra_float_digits", "1", "1");
  return begin;
}

absl::Status VerifySettings(const BeginStatement& begin, const std::vector<std::string>& values) {
  for (size_t i = 0; i < begin.expected.size(); ++i) {
    const auto& [name, expected] = begin.expected[i];
    const std::string found = i < values.size() ? values[i] : "nothing";
    if (found != expected) {
      return base::MakeError(absl::StatusCode::kInternal, "SESSION_SETTINGS",
                             fmt::format("the session's {} must be {}, was {}", name, expected, found));
    }
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::postgres
