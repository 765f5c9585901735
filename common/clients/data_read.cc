#include "common/clients/data_read.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"

namespace breadthflow::clients {
namespace {

using common::v1::SeriesMessage;

data::v1::Resampling ToProto(const Resampling& resampling) {
  data::v1::Resampling out;
  switch (resampling.rule) {
    case quant::BarRule::kTime:
      out.set_timeframe(rpc::ToProto(resampling.timeframe));
      break;
    case quant::BarRule::kTicks:
      out.set_ticks(resampling.size);
      break;
    case quant::BarRule::kVolume:
      out.set_volume(resampling.size);
      break;
    case quant::BarRule::kDollar:
      out.set_dollars(resampling.size);
      break;
    case quant::BarRule::kRange:
      out.set_range(resampling.size);
      break;
  }
  out.set_calendar(resampling.calendar);
  out.set_fill_forward(resampling.fill_forward);
  return out;
}

data::v1::AsOfJoin ToProto(const AsOfJoin& join) {
  data::v1::AsOfJoin out;
  out.set_resource(join.resource);
  out.mutable_fields()->Add(join.fields.begin(), join.fields.end());
  out.set_source(join.source);
  if (join.ttl != absl::InfiniteDuration()) *out.mutable_ttl() = rpc::ToProto(join.ttl);
  out.set_skip_missing(join.skip_missing);
  out.set_replace_by(join.replace_by);
  out.set_symbol(join.symbol);
  out.set_period(join.period);
  return out;
}

}  // namespace

data::v1::ReadSeriesRequest ToProto(const ReadQuery& query) {
  data::v1::ReadSeriesRequest request;
  request.mutable_symbols()->Add(query.symbols.begin(), query.symbols.end());
  if (query.snapshot.empty()) {
    request.set_resource(query.resource);
    request.set_timeframe(rpc::ToProto(query.timeframe));
  } else {
    request.set_snapshot(query.snapshot);
  }
  *request.mutable_range() = rpc::ToProto(query.range);
  if (query.as_of != absl::InfiniteFuture()) *request.mutable_as_of_time() = rpc::ToProto(query.as_of);
  request.set_source(query.source);
  request.set_encoding(common::v1::SERIES_ENCODING_STORED);
  if (query.adjustment) {
    request.set_adjustment(static_cast<common::v1::Adjustment>(*query.adjustment));
  } else if (query.basis) {
    request.set_adjustment(static_cast<common::v1::Adjustment>(*query.basis));
  }
  request.set_keep_adjusted(query.keep_adjusted);
  request.set_actions_from(query.actions_from);
  if (query.resampling) *request.mutable_resampling() = ToProto(*query.resampling);
  for (const AsOfJoin& join : query.joins) *request.add_joins() = ToProto(join);
  return request;
}

absl::Status BadAnswer(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_ANSWER", fmt::format("the data service's answer: {}", what));
}

SeriesAssembler::SeriesAssembler(const ReadQuery& query, const std::function<absl::Status(quant::Series)>& fn)
    : columns_(query.fields), fn_(fn) {
  if (columns_.empty()) return;
  for (const AsOfJoin& join : query.joins) {
    const std::string of = join.symbol.empty() ? join.resource : fmt::format("{}[{}]", join.resource, join.symbol);
    for (const std::string& field : join.fields) columns_.push_back(fmt::format("{}.{}", of, field));
  }
}

absl::Status SeriesAssembler::Add(const SeriesMessage& message) {
  if (message.has_first_of()) {
    BF_RETURN_IF_ERROR(Finish());
    base::Violations violations;
    quant::Series series;
    BF_ASSIGN_OR_RETURN(series.key, rpc::FromProto(message.first_of()));
    series.basis = rpc::FromProto(message.basis(), "basis", violations);
    if (!violations.empty()) return BadAnswer(violations.list().front().description);
    series.repeats = message.repeated_times();
    // Room is only reserved: a wrong number costs nothing until rows come.
    constexpr int64_t kMostReserved = int64_t{1} << 24;
    series.times.reserve(static_cast<size_t>(std::clamp(message.max_row_count(), int64_t{0}, kMostReserved)));
    series_ = std::move(series);
  }
  if (!series_) return BadAnswer("rows before the series they are of");
  resume_token_ = message.resume_token();
  if (message.payload_case() == SeriesMessage::PAYLOAD_NOT_SET) return absl::OkStatus();
  if (message.payload_case() != SeriesMessage::kStored) return BadAnswer("not the encoding that was asked for");
  const bool repeats = series_->repeats;
  BF_RETURN_IF_ERROR(columnar::AppendChunk(message.stored(), {}, columns_, *series_));
  return series_->repeats == repeats ? absl::OkStatus() : BadAnswer("rows share an instant and were not said to");
}

absl::Status SeriesAssembler::Finish() {
  if (!series_) return absl::OkStatus();
  quant::Series done = *std::move(series_);
  series_.reset();
  return fn_(std::move(done));
}

}  // namespace breadthflow::clients
