#include "services/cli/line_reader.h"

#include <fmt/format.h>

#include "common/quant/series.h"
#include "common/quant/timeframe.h"
#include "common/rpc/convert.h"

namespace breadthflow::cli {
namespace {

constexpr size_t kMostFaults = 100;

}  // namespace

absl::StatusOr<bool> LineReader::Next(common::v1::SeriesMessage& message) {
  while (true) {
    if (!pending_) pending_ = ReadRow();
    if (!pending_ || batch_.Ends(symbol_) || (!batch_.empty() && day_ != batch_day_)) {
      const bool any = batch_.Take(message, lines_);
      if (any && faults_ == 0) {
        Describe(message);
        return true;
      }
      if (!pending_) return End();
    }
    pending_ = false;
    batch_day_ = day_;
    if (CheckDescription()) PutRow();
  }
}

const common::v1::SeriesMessage& LineReader::First() {
  if (!pending_) pending_ = ReadRow();
  if (pending_) CheckDescription();
  return said_;
}

void LineReader::Complain(int64_t line, std::string_view text) {
  if (++faults_ <= kMostFaults) violations_.Add(fmt::format("{}:{}", file_, line), text);
}

bool LineReader::Check(const absl::Status& status) {
  for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
    if (++faults_ <= kMostFaults) violations_.Add(one.field, one.description);
  }
  return status.ok();
}

absl::StatusOr<bool> LineReader::End() {
  if (bytes_.broken()) Complain(line_ + 1, "the file can not be read on: the archive is damaged or cut off");
  if (faults_ == 0) return false;
  if (faults_ > kMostFaults) violations_.Add(file_, fmt::format("and {} more violations", faults_ - kMostFaults));
  return violations_.ToStatus(fmt::format("{} can not be read", file_), "INVALID_FILE");
}

bool LineReader::CheckDescription() {
  const auto [calendar, is_new] = calendars_.try_emplace(symbol_, calendar_);
  if (!is_new && calendar->second != calendar_) {
    Complain(begin_, fmt::format("calendar is '{}', but '{}' in the rows of {} before it: a series has one",
                                 calendar_.substr(0, 64), calendar->second.substr(0, 64), symbol_));
    return false;
  }
  if (first_) {
    TakeDescription();
    return true;
  }
  for (size_t i = 0; i < kDescription.size(); ++i) {
    if (description_[i] == all_[i]) continue;
    Complain(begin_, fmt::format("{} is '{}', but '{}' in the first row: a file has rows of one kind", kDescription[i],
                                 description_[i].substr(0, 64), all_[i].substr(0, 64)));
    return false;
  }
  return true;
}

void LineReader::TakeDescription() {
  first_ = false;
  all_ = description_;
  common::v1::SeriesKey& key = *said_.mutable_first_of();
  key.set_resource(all_[0]);
  if (!all_[1].empty()) {
    const auto timeframe = quant::ParseTimeframe(all_[1]);
    if (timeframe.ok()) key.set_timeframe(rpc::ToProto(*timeframe));
    if (!timeframe.ok()) Complain(begin_, base::Message(timeframe.status()));
  }
  if (!all_[2].empty()) {
    const auto basis = quant::ParsePriceBasis(all_[2]);
    if (basis.ok()) said_.set_basis(rpc::ToProto(*basis));
    if (!basis.ok()) Complain(begin_, base::Message(basis.status()));
  }
  if (key.ByteSizeLong() == 0) said_.clear_first_of();
}

void LineReader::Describe(common::v1::SeriesMessage& message) const {
  common::v1::ColumnarBatch& batch = *message.mutable_packed();
  batch.set_basis(said_.basis());
  if (const auto calendar = calendars_.find(batch.key().symbol());
      calendar != calendars_.end() && !calendar->second.empty()) {
    message.mutable_origin()->set_calendar(calendar->second);
  }
  if (!batch_day_.empty()) {
    common::v1::AdjustedRows& rows = *message.mutable_origin()->add_adjusted_as_of();
    rows.set_first_time_unix_ns(batch.times_unix_ns(0));
    rows.set_adjusted_as_of(batch_day_);
  }
  if (!said_.has_first_of()) return;
  batch.mutable_key()->set_resource(said_.first_of().resource());
  batch.mutable_key()->set_timeframe(said_.first_of().timeframe());
}

}  // namespace breadthflow::cli
