#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include <fmt/format.h>

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

// The full name for what the user gave: "" and "latest" mean the newest, which `list` asks for; `entries` takes them
// out of the response.
template <typename Service, typename List, typename Entries>
absl::StatusOr<std::string> NameOrLatest(Session& session, rpc::Peer<Service>& peer, const std::string& collection,
                                         const std::string& text, List list, Entries entries) {
  const std::string name = ResourceName(collection, text.empty() ? "latest" : text);
  if (name != "latest") return name;
  typename RequestOf<List>::Type request;
  request.set_page_size(1);
  BF_ASSIGN_OR_RETURN(const auto response, peer.Call(list, request, session.scope()));
  if (entries(response).empty()) {
    return base::MakeError(absl::StatusCode::kNotFound, "NONE_YET", fmt::format("there are no {} yet", collection));
  }
  return entries(response)[0].name();
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
