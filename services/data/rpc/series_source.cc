#include "services/data/rpc/series_source.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"

#include "common/base/memory_budget.h"
#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"
#include "services/data/rpc/series_pieces.h"

namespace breadthflow::data {
namespace {

using common::v1::SeriesMessage;

constexpr size_t kOpenedAtOnce = 16;  // series, each with its first chunk: about 1.5 MB

common::v1::Adjustment ToProto(Adjustment anchored) {
  if (anchored == Adjustment::kTotalReturn) return common::v1::ADJUSTMENT_TOTAL_RETURN;
  return anchored == Adjustment::kForwardSplit ? common::v1::ADJUSTMENT_FORWARD_SPLIT : common::v1::ADJUSTMENT_FORWARD;
}

common::v1::SeriesOrigin ToProto(ReadOrigin origin) {
  common::v1::SeriesOrigin out;
  out.set_source(std::move(origin.source));
  out.set_splits_source(std::move(origin.splits_source));
  out.set_dividends_source(std::move(origin.dividends_source));
  out.set_made_up(origin.made_up);
  out.set_calendar(std::move(origin.calendar));
  if (origin.anchored) {
    out.set_anchored(ToProto(*origin.anchored));
    out.set_anchor_time_unix_ns(origin.anchor_ns);
  }
  for (const AnchoredRows& one : origin.adjusted_as_of) {
    common::v1::AdjustedRows& rows = *out.add_adjusted_as_of();
    rows.set_first_time_unix_ns(one.first_ns);
    rows.set_adjusted_as_of(std::string(absl::FormatCivilTime(one.as_of)));
  }
  for (std::string& notice : origin.notices) out.add_notices(std::move(notice));
  return out;
}

class SeriesSource final : public rpc::Source<SeriesMessage> {
 public:
  SeriesSource(Reader& reader, SeriesStore& store, ReadPlan plan, SeriesStreamOptions options)
      : reader_(reader), store_(store), plan_(std::move(plan)), options_(std::move(options)), at_(options_.from) {
    if (at_.begun && plan_.IsPlain(at_.series)) {
      quant::TimeRange& range = plan_.series[at_.series].range;
      range.start_ns = std::max(range.start_ns, at_.sent_until_ns + 1);
    }
  }

  absl::StatusOr<rpc::Step> Next(SeriesMessage* message) override {
    message->Clear();
    while (at_.series < plan_.series.size()) {
      // The first message says what follows, even when nothing does.
      const bool first = !at_.begun;
      if (!open_) BF_RETURN_IF_ERROR(Begin(*message));
      at_.begun = true;
      BF_ASSIGN_OR_RETURN(const bool more, Fill(*message));
      if (!more) End();
      if (!more && !first) continue;
      message->set_resume_token(options_.token(at_));
      return rpc::Step::Message();
    }
    return rpc::Step::End();
  }

 private:
  absl::Status Begin(SeriesMessage& message) {
    const PlannedSeries& planned = plan_.series[at_.series];
    made_ = !plan_.IsPlain(at_.series);
    ReadOrigin origin = plan_.OriginOf(at_.series);
    if (made_) {
      BF_ASSIGN_OR_RETURN(ReadRows read, reader_.Read(plan_, at_.series, options_.deadline));
      rows_ = std::move(read.rows);
      held_ = std::move(read.held);
      origin = std::move(read.origin);
      row_ = !at_.begun
                 ? 0
                 : static_cast<size_t>(std::upper_bound(rows_.times.begin(), rows_.times.end(), at_.sent_until_ns) -
                                       rows_.times.begin());
    } else {
      if (opened_.empty()) BF_RETURN_IF_ERROR(OpenNext());
      cursor_.emplace(std::move(opened_.front()));
      opened_.pop_front();
    }
    open_ = true;
    if (at_.begun) return absl::OkStatus();
    *message.mutable_origin() = ToProto(std::move(origin));
    *message.mutable_first_of() = rpc::ToProto(made_ ? rows_.key : planned.key);
    message.set_max_row_count(made_ ? static_cast<int64_t>(rows_.size()) : planned.max_rows);
    message.set_repeated_times(made_ ? rows_.repeats : cursor_->repeats());
    message.set_basis(rpc::ToProto(made_ ? rows_.basis : planned.basis));
    return absl::OkStatus();
  }

  // Opens this series and those behind it that are read as they are stored.
  absl::Status OpenNext() {
    const size_t first = at_.series;
    size_t end = first + 1;
    while (end < plan_.series.size() && end - first < kOpenedAtOnce &&
           plan_.series[end].range == plan_.series[first].range && plan_.IsPlain(end)) {
      ++end;
    }
    BF_ASSIGN_OR_RETURN(
        std::vector<SeriesCursor> cursors,
        SeriesCursor::Open(store_, std::span(plan_.series).subspan(first, end - first), options_.deadline));
    for (SeriesCursor& cursor : cursors) opened_.push_back(std::move(cursor));
    return absl::OkStatus();
  }

  void End() {
    cursor_.reset();
    rows_ = {};
    held_ = {};
    row_ = 0;
    open_ = false;
    at_ = {.series = at_.series + 1};
  }

  // False when the series has no more rows.
  absl::StatusOr<bool> Fill(SeriesMessage& message) {
    if (row_ == rows_.size() && !made_) {
      BF_ASSIGN_OR_RETURN(const bool passed, PassOn(message));
      if (passed) return true;
    }
    if (row_ == rows_.size()) return false;
    BF_ASSIGN_OR_RETURN(row_, FillMessage(rows_, row_, options_.stored, message));
    at_.sent_until_ns = rows_.times[row_ - 1];
    return true;
  }

  // True when the next chunk is in the message as it is; else its rows are in rows_, none at the end.
  absl::StatusOr<bool> PassOn(SeriesMessage& message) {
    rows_ = {};
    row_ = 0;
    if (!options_.stored) {
      BF_ASSIGN_OR_RETURN(std::optional<quant::Series> rows, cursor_->NextRows(plan_.shape.fields));
      if (rows) rows_ = *std::move(rows);
      return false;
    }
    BF_ASSIGN_OR_RETURN(std::optional<columnar::EncodedChunk> chunk, cursor_->NextStored());
    if (!chunk) return false;
    if (chunk->bytes.size() > kWholeBytes) {
      const PlannedSeries& planned = plan_.series[at_.series];
      rows_ = {.key = planned.key, .basis = planned.basis, .repeats = cursor_->repeats()};
      BF_RETURN_IF_ERROR(columnar::AppendChunk(chunk->bytes, {}, {}, rows_));
      return false;
    }
    at_.sent_until_ns = chunk->last_time_ns;
    message.set_stored(std::move(chunk->bytes));
    return true;
  }

  Reader& reader_;
  SeriesStore& store_;
  ReadPlan plan_;
  const SeriesStreamOptions options_;
  ReadPosition at_;
  bool open_ = false;
  bool made_ = false;  // not as stored: rows_ has the whole series
  std::deque<SeriesCursor> opened_;
  std::optional<SeriesCursor> cursor_;
  quant::Series rows_;
  base::MemoryBudget::Hold held_;  // of rows_ that are not as stored
  size_t row_ = 0;                 // of rows_, the next to send
};

}  // namespace

std::unique_ptr<rpc::Source<SeriesMessage>> MakeSeriesSource(Reader& reader, SeriesStore& store, ReadPlan plan,
                                                             SeriesStreamOptions options) {
  return std::make_unique<SeriesSource>(reader, store, std::move(plan), std::move(options));
}

}  // namespace breadthflow::data
