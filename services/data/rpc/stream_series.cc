#include "services/data/rpc/stream_series.h"

#include <string>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/data/rpc/data_service.h"

namespace breadthflow::data {
namespace {

using v1::StreamSeriesRequest;
using v1::StreamSeriesResponse;

class EncodedLiveRows final : public EncodedRows {
 public:
  explicit EncodedLiveRows(const LivePiece& piece) {
    *rows_.mutable_rows() = rpc::ToProto(piece.rows, 0, piece.rows.size());
    *rows_.mutable_arrival_time() = rpc::ToProto(piece.arrival);
    rows_.set_continues_instant(piece.continues);
  }
  const v1::LiveRows& rows() const { return rows_; }

 private:
  v1::LiveRows rows_;
};

LiveSpec SpecOf(const StreamSeriesRequest& request, base::Violations& violations) {
  LiveSpec spec;
  if (!request.resource().empty()) spec.resource = request.resource();
  spec.symbols.assign(request.symbols().begin(), request.symbols().end());
  spec.timeframe = rpc::FromProto(request.timeframe(), "timeframe", violations);
  spec.default_timeframe = request.timeframe() == common::v1::TIMEFRAME_UNSPECIFIED;
  spec.source = request.source();
  if (request.has_start_time()) spec.start = rpc::FromProto(request.start_time(), "start_time", violations);
  if (request.has_poll()) {
    spec.poll = {.source = rpc::FromProto(request.poll().source(), "poll.source", violations)};
    if (request.poll().has_interval()) {
      spec.poll->interval = rpc::FromProto(request.poll().interval());
      if (spec.poll->interval == absl::ZeroDuration()) violations.Add("poll.interval", "must be at least 1 s, was 0 s");
    }
  }
  if (request.has_replay()) {
    spec.replay = {.range = rpc::FromProto(request.replay().range(), false, "replay.range", violations),
                   .speed = request.replay().speed()};
    if (request.replay().has_as_of_time()) {
      spec.replay->as_of = rpc::FromProto(request.replay().as_of_time(), "replay.as_of_time", violations);
    }
  }
  if (!request.calendar().empty()) {
    const absl::StatusOr<const quant::Calendar*> calendar = quant::FindCalendar(request.calendar());
    if (calendar.ok()) {
      spec.calendar = *calendar;
    } else {
      violations.Add("calendar", base::Message(calendar.status()));
    }
  }
  spec.conflate = request.conflate();
  if (request.has_silence_after()) spec.silence_after = rpc::FromProto(request.silence_after());
  return spec;
}

// A token is good for the request that it was given to.
std::string QueryOf(StreamSeriesRequest request) {
  request.clear_resume_token();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);  // maps too
    request.SerializeToCodedStream(&coded);
  }
  return "StreamSeries|" + base::Sha256HexOf(bytes);
}

class StreamSource final : public rpc::Source<StreamSeriesResponse> {
 public:
  StreamSource(std::unique_ptr<LiveSource> live, const rpc::PageTokens& tokens, std::string query)
      : live_(std::move(live)), tokens_(tokens), query_(std::move(query)) {}

  absl::StatusOr<rpc::Step> Next(StreamSeriesResponse* message) override {
    LiveEvent event;
    BF_ASSIGN_OR_RETURN(const LiveStep step, live_->Next(event));
    if (step.kind == LiveStep::Kind::kEnd) return rpc::Step::End();
    if (step.kind == LiveStep::Kind::kWait) return rpc::Step::Wait(step.wait);
    message->set_resume_token(tokens_.Encode(query_, event.cursor.ToText()));
    for (const LiveChoice& choice : event.choices) {
      v1::LiveChoice& told = *message->add_choices();
      told.set_source(choice.source);
      told.set_reason(choice.reason);
      told.mutable_symbols()->Add(choice.symbols.begin(), choice.symbols.end());
    }
    switch (event.kind) {
      case LiveEvent::Kind::kRows:
        SetRows(event, *message->mutable_rows());
        break;
      case LiveEvent::Kind::kWithdrawal:
        SetWithdrawal(event, *message->mutable_withdrawal());
        break;
      case LiveEvent::Kind::kGap:
        *message->mutable_gap()->mutable_key() = rpc::ToProto(event.gap.key);
        *message->mutable_gap()->mutable_range() = rpc::ToProto(event.gap.range);
        message->mutable_gap()->set_expected_row_count(event.gap.expected_rows);
        message->mutable_gap()->set_reason(event.gap.reason);
        break;
      case LiveEvent::Kind::kSilence:
        *message->mutable_silence()->mutable_key() = rpc::ToProto(event.silence.key);
        if (event.silence.last_time_ns) {
          *message->mutable_silence()->mutable_last_time() =
              rpc::ToProto(quant::FromNanos(*event.silence.last_time_ns));
        }
        if (event.silence.last_arrival) {
          *message->mutable_silence()->mutable_last_arrival_time() = rpc::ToProto(*event.silence.last_arrival);
        }
        break;
      case LiveEvent::Kind::kAwaited:
        message->mutable_awaited()->mutable_symbols()->Add(event.awaited.begin(), event.awaited.end());
        break;
      case LiveEvent::Kind::kPollFailure:
        SetPollFailure(event.poll_failure, *message->mutable_poll_failure());
        break;
      case LiveEvent::Kind::kHeartbeat:
        *message->mutable_heartbeat_time() = rpc::ToProto(event.heartbeat);
        break;
    }
    return rpc::Step::Message();
  }

 private:
  static void SetRows(const LiveEvent& event, v1::LiveRows& rows) {
    if (event.rows->encoded != nullptr) {
      rows = static_cast<const EncodedLiveRows&>(*event.rows->encoded).rows();
    } else {
      rows = EncodedLiveRows(*event.rows).rows();
    }
    rows.set_backfill(event.backfill);
    rows.set_conflated_row_count(event.conflated_rows);
  }

  static void SetWithdrawal(const LiveEvent& event, v1::LiveWithdrawal& withdrawal) {
    *withdrawal.mutable_key() = rpc::ToProto(event.rows->rows.key);
    withdrawal.mutable_times_unix_ns()->Add(event.rows->withdrawn.begin(), event.rows->withdrawn.end());
    *withdrawal.mutable_arrival_time() = rpc::ToProto(event.rows->arrival);
    withdrawal.set_backfill(event.backfill);
    withdrawal.set_conflated_row_count(event.conflated_rows);
  }

  static void SetPollFailure(const LivePollFailure& failure, v1::LivePollFailure& told) {
    told.mutable_symbols()->Add(failure.symbols.begin(), failure.symbols.end());
    *told.mutable_error() = rpc::ToProto(failure.error);
  }

  const std::unique_ptr<LiveSource> live_;
  const rpc::PageTokens& tokens_;
  const std::string query_;
};

}  // namespace

std::shared_ptr<const EncodedRows> EncodeLiveRows(const LivePiece& piece) {
  return std::make_shared<const EncodedLiveRows>(piece);
}

grpc::ServerWriteReactor<StreamSeriesResponse>* DataService::StreamSeries(grpc::CallbackServerContext* context,
                                                                          const StreamSeriesRequest* request) {
  return parts_.guard.Stream<StreamSeriesResponse>(
      context, request,
      [this](const rpc::Call&,
             const StreamSeriesRequest& asked) -> absl::StatusOr<std::unique_ptr<rpc::Source<StreamSeriesResponse>>> {
        base::Violations violations;
        const LiveSpec spec = SpecOf(asked, violations);
        if (!violations.empty()) {
          violations.Merge("", CheckSpec(spec));
          return violations.ToStatus("invalid stream");
        }
        std::string query = QueryOf(asked);
        const auto resume = parts_.page_tokens.Decode(query, asked.resume_token());
        if (!resume.ok()) {
          return base::MakeError(absl::StatusCode::kInvalidArgument, "resume_token is not one that this stream gave",
                                 {.reason = "INVALID_RESUME_TOKEN",
                                  .metadata = {},
                                  .violations = {{"resume_token", "must be one that a stream of the same query gave"}},
                                  .retry_after = {}});
        }
        BF_ASSIGN_OR_RETURN(std::unique_ptr<LiveSource> live, parts_.streamer.Open(spec, *resume));
        return std::make_unique<StreamSource>(std::move(live), parts_.page_tokens, std::move(query));
      });
}

}  // namespace breadthflow::data
