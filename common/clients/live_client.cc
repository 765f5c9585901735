#include "common/clients/live_client.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"

namespace breadthflow::clients {
namespace {

using data::v1::StreamSeriesRequest;
using data::v1::StreamSeriesResponse;
using Stub = data::v1::DataService::Stub;

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(5);
constexpr absl::Duration kLook = absl::Milliseconds(20);

StreamSeriesRequest ToProto(const LiveQuery& query) {
  StreamSeriesRequest request;
  request.set_resource(query.resource);
  request.mutable_symbols()->Add(query.symbols.begin(), query.symbols.end());
  request.set_timeframe(rpc::ToProto(query.timeframe));
  request.set_source(query.source);
  if (query.start) *request.mutable_start_time() = rpc::ToProto(*query.start);
  if (query.poll) {
    *request.mutable_poll()->mutable_source() = rpc::ToProto(query.poll->source);
    if (query.poll->interval != absl::ZeroDuration()) {
      *request.mutable_poll()->mutable_interval() = rpc::ToProto(query.poll->interval);
    }
  }
  if (query.replay) {
    *request.mutable_replay()->mutable_range() = rpc::ToProto(query.replay->range);
    request.mutable_replay()->set_speed(query.replay->speed);
    if (query.replay->as_of != absl::InfiniteFuture()) {
      *request.mutable_replay()->mutable_as_of_time() = rpc::ToProto(query.replay->as_of);
    }
  }
  request.set_conflate(query.conflate);
  if (query.silence_after) *request.mutable_silence_after() = rpc::ToProto(*query.silence_after);
  request.set_calendar(query.calendar);
  return request;
}

absl::StatusOr<LiveRows> FromProto(const data::v1::LiveRows& rows) {
  LiveRows out{.arrival = rpc::FromProto(rows.arrival_time()),
               .backfill = rows.backfill(),
               .conflated_rows = rows.conflated_row_count(),
               .continues_instant = rows.continues_instant()};
  // The message does not say whether the series repeats; its rows do.
  const auto& times = rows.rows().times_unix_ns();
  const bool repeats = rows.continues_instant() || std::adjacent_find(times.begin(), times.end()) != times.end();
  BF_ASSIGN_OR_RETURN(out.rows, rpc::FromProto(rows.rows(), repeats));
  return out;
}

// Absent for a heartbeat, and for what people should know: that nothing is stored yet, or a poll failed.
absl::StatusOr<std::optional<LiveMessage>> FromProto(const StreamSeriesResponse& response) {
  LiveMessage message{.payload = LiveRows(), .resume_token = response.resume_token()};
  if (response.has_rows()) {
    BF_ASSIGN_OR_RETURN(message.payload, FromProto(response.rows()));
  } else if (response.has_gap()) {
    base::Violations violations;
    LiveGap gap{.range = rpc::FromProto(response.gap().range(), false, "gap.range", violations),
                .expected_rows = response.gap().expected_row_count(),
                .reason = response.gap().reason()};
    if (!violations.empty()) return base::MakeError(absl::StatusCode::kDataLoss, "BAD_ANSWER", "a gap of no range");
    BF_ASSIGN_OR_RETURN(gap.key, rpc::FromProto(response.gap().key()));
    message.payload = std::move(gap);
  } else if (response.has_withdrawal()) {
    const data::v1::LiveWithdrawal& told = response.withdrawal();
    LiveWithdrawal withdrawal{.times = {told.times_unix_ns().begin(), told.times_unix_ns().end()},
                              .arrival = rpc::FromProto(told.arrival_time()),
                              .backfill = told.backfill(),
                              .conflated_rows = told.conflated_row_count()};
    BF_ASSIGN_OR_RETURN(withdrawal.key, rpc::FromProto(told.key()));
    message.payload = std::move(withdrawal);
  } else if (response.has_silence()) {
    const data::v1::LiveSilence& told = response.silence();
    LiveSilence silence;
    BF_ASSIGN_OR_RETURN(silence.key, rpc::FromProto(told.key()));
    if (told.has_last_time()) silence.last_time = rpc::FromProto(told.last_time());
    if (told.has_last_arrival_time()) silence.last_arrival = rpc::FromProto(told.last_arrival_time());
    message.payload = std::move(silence);
  } else {
    return std::nullopt;
  }
  return message;
}

class GrpcLiveClient final : public LiveClient {
 public:
  explicit GrpcLiveClient(rpc::Channels& channels) : peer_(channels, "data") {}

  absl::Status Follow(const LiveQuery& query, const std::function<absl::Status(LiveMessage)>& fn,
                      const CallScope& scope, absl::Duration patience) override {
    StreamSeriesRequest request = ToProto(query);
    std::string token = query.resume_token;
    absl::Time alive = absl::Now();
    absl::Duration pause = kFirstPause;
    while (true) {
      request.set_resume_token(token);
      absl::Status stopped;
      const absl::Status ended =
          peer_.Read(&Stub::StreamSeries, request, scope, [&](const StreamSeriesResponse& response) -> absl::Status {
            alive = absl::Now();
            pause = kFirstPause;
            auto message = FromProto(response);
            stopped = message.status();
            if (stopped.ok() && message->has_value()) stopped = fn(**std::move(message));
            if (stopped.ok()) token = response.resume_token();
            return stopped;
          });
      if (!stopped.ok()) return stopped;
      const bool lost = absl::IsUnavailable(ended) || base::DetailsOf(ended).reason == "STREAM_IDLE" ||
                        base::DetailsOf(ended).reason == "SLOW_READER";
      if (!lost || absl::Now() - alive > patience) return ended;
      const absl::Time again = std::min(absl::Now() + pause, scope.deadline);
      while (absl::Now() < again && !scope.cancel.cancelled()) absl::SleepFor(kLook);
      BF_RETURN_IF_ERROR(scope.cancel.Check());
      pause = std::min(pause * 2, kLongestPause);
    }
  }

 private:
  rpc::Peer<data::v1::DataService> peer_;
};

}  // namespace

std::unique_ptr<LiveClient> MakeLiveClient(rpc::Channels& channels) {
  return std::make_unique<GrpcLiveClient>(channels);
}

}  // namespace breadthflow::clients
