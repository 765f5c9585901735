#include "common/http/json.h"

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::http {

absl::StatusOr<nlohmann::json> ParseJson(std::string_view body) {
  constexpr int kDeepest = 64;
  bool too_deep = false;
  const auto watch_depth = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json&) {
    const bool opens =
        event == nlohmann::json::parse_event_t::object_start || event == nlohmann::json::parse_event_t::array_start;
    too_deep = too_deep || (opens && depth >= kDeepest);
    return !too_deep;
  };
  try {
    nlohmann::json document = nlohmann::json::parse(body, watch_depth);
    if (!too_deep) return document;
    return base::MakeError(absl::StatusCode::kDataLoss, "BAD_JSON",
                           fmt::format("JSON is nested deeper than {} levels", kDeepest));
  } catch (const nlohmann::json::parse_error& error) {
    return base::MakeError(absl::StatusCode::kDataLoss, "BAD_JSON",
                           fmt::format("not JSON: error at byte {}", error.byte));
  } catch (const nlohmann::json::exception& error) {
    return base::MakeError(absl::StatusCode::kDataLoss, "BAD_JSON", fmt::format("not JSON: error {}", error.id));
  }
}

}  // namespace breadthflow::http
