#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "services/cli/session.h"
#include "services/cli/values.h"

// What all run resources have in common: create, watch, cancel, and the names people may leave out.
namespace breadthflow::cli {

template <typename Method>
struct RequestOf;
template <typename Stub, typename Result, typename Request>
struct RequestOf<Result (Stub::*)(grpc::ClientContext*, const Request&)> {
  using Type = Request;
};
template <typename Stub, typename Request, typename Response>
struct RequestOf<grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*)> {
  using Type = Request;
};

// Shows the progress of `run` until it is final; `seen` is called with each state of it. The finished run is left in
// `run` also when it did not succeed. See Session::Follow.
template <typename Service, typename Run, typename Watch, typename Cancel>
absl::Status FollowRun(Session& session, rpc::Peer<Service>& peer, const std::string& title, Watch watch, Cancel cancel,
                       Run& run, const std::function<void(const Run&, Progress&)>& seen = {}) {
  return session.Follow(
      title, run.name(),
      [&](const rpc::Outgoing& outgoing, Progress& progress, const Session::Seen& told) {
        typename RequestOf<Watch>::Type request;
        request.set_name(run.name());
        return peer.Read(watch, request, outgoing, [&](Run& state) {
          run = state;
          if (seen) seen(run, progress);
          told(run.job());
          return absl::OkStatus();
        });
      },
      [&](const rpc::Outgoing& outgoing) {
        typename RequestOf<Cancel>::Type request;
        request.set_name(run.name());
        return peer.Call(cancel, request, outgoing).status();
      });
}

// A fresh request_id, so that a create that is sent again makes nothing twice.
inline std::string NewRequestId() { return base::NewUuid(absl::Now()); }

// At least 8 and less than all 36 characters of a UUID.
inline bool IsIdPrefix(std::string_view text) {
  return text.size() >= 8 && text.size() < 36 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

// The full name for what the user gave: "" and "latest" mean the newest of those that `list` gives and `wanted`
// accepts; "collection/id", "id", or the first 8 or more characters of an id that only one has. `entries` takes them
// out of the response of `list`. NOT_FOUND NONE_YET; INVALID_ARGUMENT with the candidates when a prefix is not unique.
template <typename Service, typename List, typename Entries, typename Wanted>
absl::StatusOr<std::string> NameOrLatest(Session& session, rpc::Peer<Service>& peer, const std::string& collection,
                                         const std::string& text, List list, Entries entries, Wanted wanted) {
  const std::string name = ResourceName(collection, text.empty() ? "latest" : text);
  const bool newest = name == "latest";
  const bool prefix = name.rfind(collection + "/", 0) == 0 && IsIdPrefix(name.substr(collection.size() + 1));
  if (!newest && !prefix) return name;
  std::vector<std::string> found;
  typename RequestOf<List>::Type request;
  do {
    request.set_page_size(newest && found.empty() && request.page_token().empty() ? 20 : 1000);
    BF_ASSIGN_OR_RETURN(const auto response, peer.Call(list, request, session.scope()));
    for (const auto& entry : entries(response)) {
      if (newest ? wanted(entry) : entry.name().rfind(name, 0) == 0) found.push_back(entry.name());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && !(newest && !found.empty()));
  if (found.size() == 1 || (newest && !found.empty())) return found[0];
  if (!found.empty()) {
    base::Violations violations;
    violations.Add(text, fmt::format("begins the names of {}; say more of it", fmt::join(found, ", ")));
    return violations.ToStatus("not unique", "AMBIGUOUS_NAME");
  }
  if (prefix) return name;  // its service says best that there is none
  return base::MakeError(absl::StatusCode::kNotFound, "NONE_YET", fmt::format("there are no {} yet", collection));
}

template <typename Service, typename List, typename Entries>
absl::StatusOr<std::string> NameOrLatest(Session& session, rpc::Peer<Service>& peer, const std::string& collection,
                                         const std::string& text, List list, Entries entries) {
  return NameOrLatest(session, peer, collection, text, list, entries, [](const auto&) { return true; });
}

// Calls a List method page by page until `limit` entries are there; `take` gets each response.
template <typename Service, typename List, typename Request, typename Take>
absl::Status ListPages(Session& session, rpc::Peer<Service>& peer, List list, Request request, int limit, Take take) {
  int left = limit;
  do {
    request.set_page_size(std::min(left, 1000));
    auto response = peer.Call(list, request, session.scope());
    if (!response.ok()) return response.status();
    left -= take(*response);
    request.set_page_token(response->next_page_token());
  } while (left > 0 && !request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace breadthflow::cli
