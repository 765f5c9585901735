#include "services/data/rpc/series_source.h"

#include <deque>
#include <span>
#include <utility>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"

namespace breadthflow::data {
namespace {

using common::v1::SeriesMessage;

constexpr size_t kOpenedAtOnce = 16;  // series, each with its first chunk: about 1.5 MB

class SeriesSource final : public rpc::Source<SeriesMessage> {
 public:
  SeriesSource(Reader& reader, SeriesStore& store, std::vector<PlannedSeries> planned, SeriesStreamOptions options)
      : reader_(reader), store_(store), planned_(std::move(planned)), options_(std::move(options)) {}

  absl::StatusOr<rpc::Step> Next(SeriesMessage* message) override {
    message->Clear();
    while (next_ < planned_.size()) {
      const bool first = !open_;
      if (first) BF_RETURN_IF_ERROR(Begin());
      BF_ASSIGN_OR_RETURN(const bool more, Fill(*message));
      if (first) {
        // The first message says what follows, even when nothing does.
        *message->mutable_first_of() = rpc::ToProto(planned_[next_].key);
        message->set_max_row_count(planned_[next_].max_rows);
        message->set_repeated_times(adjusted_ ? whole_.repeats : cursor_->repeats());
        message->set_basis(rpc::ToProto(adjusted_ ? *options_.basis : planned_[next_].basis));
      }
      if (!more) End();
      if (more || first) return rpc::Step::Message();
    }
    return rpc::Step::End();
  }

 private:
  absl::Status Begin() {
    const PlannedSeries& planned = planned_[next_];
    adjusted_ = Adjusts(planned);
    if (adjusted_) {
      BF_ASSIGN_OR_RETURN(whole_, reader_.ReadAdjusted(planned, *options_.basis, options_.fields, options_.deadline));
      row_ = 0;
    } else {
      if (opened_.empty()) BF_RETURN_IF_ERROR(OpenNext());
      cursor_.emplace(std::move(opened_.front()));
      opened_.pop_front();
    }
    open_ = true;
    return absl::OkStatus();
  }

  // Opens this series and those behind it that are read as they are stored.
  absl::Status OpenNext() {
    const PlannedSeries& first = planned_[next_];
    size_t end = next_ + 1;
    while (end < planned_.size() && end - next_ < kOpenedAtOnce && planned_[end].range == first.range &&
           !Adjusts(planned_[end])) {
      ++end;
    }
    BF_ASSIGN_OR_RETURN(std::vector<SeriesCursor> cursors,
                        SeriesCursor::Open(store_, std::span(planned_).subspan(next_, end - next_), options_.deadline));
    for (SeriesCursor& cursor : cursors) opened_.push_back(std::move(cursor));
    return absl::OkStatus();
  }

  bool Adjusts(const PlannedSeries& planned) const {
    return options_.basis.has_value() && *options_.basis != planned.basis;
  }

  void End() {
    cursor_.reset();
    whole_ = {};
    open_ = false;
    ++next_;
  }

  // False when the series has no more rows.
  absl::StatusOr<bool> Fill(SeriesMessage& message) {
    if (adjusted_) {
      if (row_ == whole_.size()) return false;
      const size_t end = columnar::ChunkEnd(whole_.times, row_);
      if (options_.stored) {
        BF_ASSIGN_OR_RETURN(*message.mutable_stored(), columnar::EncodeChunk(whole_, row_, end));
      } else {
        *message.mutable_packed() = rpc::ToProto(whole_, row_, end);
      }
      row_ = end;
      return true;
    }
    if (options_.stored) {
      BF_ASSIGN_OR_RETURN(std::optional<std::string> bytes, cursor_->NextStored());
      if (!bytes) return false;
      message.set_stored(*std::move(bytes));
      return true;
    }
    BF_ASSIGN_OR_RETURN(const std::optional<quant::Series> rows, cursor_->NextRows(options_.fields));
    if (!rows) return false;
    *message.mutable_packed() = rpc::ToProto(*rows, 0, rows->size());
    return true;
  }

  Reader& reader_;
  SeriesStore& store_;
  const std::vector<PlannedSeries> planned_;
  const SeriesStreamOptions options_;
  size_t next_ = 0;
  bool open_ = false;
  bool adjusted_ = false;
  std::deque<SeriesCursor> opened_;
  std::optional<SeriesCursor> cursor_;
  quant::Series whole_;
  size_t row_ = 0;
};

}  // namespace

std::unique_ptr<rpc::Source<SeriesMessage>> MakeSeriesSource(Reader& reader, SeriesStore& store,
                                                             std::vector<PlannedSeries> planned,
                                                             SeriesStreamOptions options) {
  return std::make_unique<SeriesSource>(reader, store, std::move(planned), std::move(options));
}

}  // namespace breadthflow::data
