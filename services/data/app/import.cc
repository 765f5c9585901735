#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/jobs/submit.h"
#include "services/data/app/import_answer.h"
#include "services/data/app/importer.h"
#include "services/data/app/write_again.h"
#include "services/data/domain/bar_spacing.h"
#include "services/data/domain/price_basis.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kStatement = absl::Seconds(60);

}  // namespace

// What is held from now on.
absl::Status Import::Hold(int64_t bytes) {
  if (bytes > importer_.limits_.import_bytes) {
    return base::MakeError(
        absl::StatusCode::kResourceExhausted,
        fmt::format("one import may hold {} MiB of rows and text: import the data in parts (fewer symbols or a shorter "
                    "range each)",
                    importer_.limits_.import_bytes >> 20),
        {.reason = "IMPORT_TOO_LARGE",
         .metadata = {{"limit_bytes", std::to_string(importer_.limits_.import_bytes)}},
         .violations = {},
         .retry_after = {}});
  }
  if (!held_.Set(bytes)) {
    return base::MakeError(absl::StatusCode::kResourceExhausted,
                           fmt::format("imports at work hold {} MiB, which is the limit of all together: try again",
                                       importer_.limits_.all_bytes >> 20),
                           {.reason = "IMPORTS_BUSY",
                            .metadata = {{"limit_bytes", std::to_string(importer_.limits_.all_bytes)}},
                            .violations = {},
                            .retry_after = absl::Seconds(5)});
  }
  return absl::OkStatus();
}

absl::Status Import::AddFault(std::string_view field, std::string_view description) {
  faults_.Add(field, description);
  return faults_.full() ? faults_.ToStatus() : absl::OkStatus();
}

absl::Status Import::AddBadRows(std::string_view field, std::string_view description) {
  BF_RETURN_IF_ERROR(EndFile());
  return AddFault(fmt::format("packed[{}]{}", messages_++, field), description);
}

// Files are looked through as a whole, by their readers; messages one by one.
void Import::CheckSpacing(const quant::Series& rows, const std::string& name, bool says_timeframe) {
  if (!resource_->bars) return;
  const auto add = [&](size_t row, const std::string& text) {
    faults_.Add(fmt::format("{}.rows[{}]", name, row), text);
  };
  if (const auto fault = FindSpacingFault(rows.times, spec_.timeframe)) {
    // A note is of bars that may be of that size: what says it is believed.
    if (fault->note.empty()) return add(fault->row, fault->text);
    const auto spacing = spec_.csv_params.find(kSpacing);
    const bool any =
        spacing != spec_.csv_params.end() && spacing->second == component::ParamValue(std::string(kAnySpacing));
    if (says_timeframe || any) return TellOfSpacing(*fault, notes_[rows.key.symbol]);
    return add(fault->row,
               fmt::format("{0}; bars of {1} all the same are taken where the rows say their size, or by the "
                           "parameter {2}={3} (--set {2}={3})",
                           fault->text, quant::ToText(spec_.timeframe), kSpacing, kAnySpacing));
  }
  if (says_timeframe || spec_.timeframe != quant::Timeframe::kDay) return;
  const auto odd = FindOddDays(rows.times);
  if (!odd) return;
  if (!spec_.timeframe_said) return add(odd->row, fmt::format("{}: {}", odd->text, kSayTimeframe));
  notes_[rows.key.symbol].push_back(fmt::format("a row {}: they are taken for bars of 1day, as was said", odd->text));
}

// Checks rows by the resource and takes them.
absl::Status Import::Keep(quant::Series rows, const std::string& name, const std::vector<std::string>& labels,
                          bool says_timeframe) {
  if (const auto fault = SymbolFault(rows.key.symbol)) return AddFault(name + ".symbol", *fault);
  rows.key = {spec_.resource, rows.key.symbol, spec_.timeframe, spec_.source};
  rows.repeats = resource_->repeats;
  const bool unsaid = resource_->prices && rows.basis == quant::PriceBasis::kNotPrices;
  if (unsaid) {
    rows.basis = spec_.basis.value_or(AssumeBasis(ColumnsOf(rows)).basis);  // until all of the symbol is there
  } else if (spec_.basis && rows.basis != *spec_.basis) {
    return AddFault(name + ".basis", fmt::format("the prices are {}, but the spec says {}", quant::ToText(rows.basis),
                                                 quant::ToText(*spec_.basis)));
  }
  if (const absl::Status valid = rows.Validate(); !valid.ok()) return AddFault(name, base::Message(valid));
  const auto label = [&](size_t row) {
    return row < labels.size() ? labels[row] : fmt::format("{}.rows[{}]", name, row);
  };
  base::Violations violations;
  CheckSeries(*resource_, rows, label, violations);
  for (size_t row = 0; spec_.replaces && row < rows.size(); ++row) {
    if (!spec_.replaces->Contains(rows.times[row])) violations.Add(label(row), "is outside of the range it replaces");
  }
  if (labels.empty()) CheckSpacing(rows, name, says_timeframe);
  for (const base::FieldViolation& violation : violations.list()) faults_.Add(violation.field, violation.description);
  if (faults_.full()) return faults_.ToStatus();
  if (!faults_.empty()) return absl::OkStatus();  // only mistakes are looked for now
  rows_.Add(std::move(rows), name, unsaid && !spec_.basis);
  return Hold(rows_.bytes());
}

absl::Status Import::AddRows(quant::Series rows, const SaidOfRows& said) {
  BF_RETURN_IF_ERROR(EndFile());
  const base::Sha256Digest digest = rows.ContentHash();
  hash_.Int(1).Text(rows.key.symbol).Int(static_cast<int64_t>(rows.basis)).Bytes(digest.data(), digest.size());
  const std::string name = fmt::format("packed[{}]", messages_++);
  TakeMarket(rows.key.symbol, name, said.calendar);
  TakeDays(rows, name, said.adjusted_as_of);
  return Keep(std::move(rows), name, {}, said.timeframe);
}

absl::Status Import::AddStored(const std::string& symbol, std::string_view bytes, const SaidOfRows& said) {
  BF_RETURN_IF_ERROR(EndFile());
  hash_.Int(2).Text(symbol).Text(bytes);
  const std::string name = fmt::format("stored[{}]", messages_++);
  TakeMarket(symbol, name, said.calendar);
  const absl::StatusOr<columnar::ChunkInfo> info = columnar::InspectChunk(bytes);
  if (!info.ok()) return AddFault(name, base::Message(info.status()));
  const auto cells = static_cast<int64_t>(info->rows * (info->columns.size() + 1));
  BF_RETURN_IF_ERROR(Hold(rows_.bytes() + cells * static_cast<int64_t>(sizeof(int64_t))));
  absl::StatusOr<quant::Series> rows = columnar::DecodeChunk(bytes);
  if (!rows.ok()) return AddFault(name, base::Message(rows.status()));
  rows->key.symbol = symbol;
  TakeDays(*rows, name, said.adjusted_as_of);
  return Keep(*std::move(rows), name, {}, spec_.timeframe_said);  // they were stored in that size before
}

absl::StatusOr<std::vector<FetchResult>> Import::Finish(const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(EndFile());
  if (rows_.empty() && faults_.empty()) faults_.Add("payload", "there are no rows: nothing came after the spec");
  if (!faults_.empty()) return faults_.ToStatus();
  const jobs::SubmitKey key{submission_.principal, "breadthflow.data.v1.DataService/ImportSeries",
                            submission_.request_id, hash_.FinishHex()};
  const postgres::TransactOptions options{
      .deadline = submission_.deadline, .cancel = cancel, .statement_timeout = kStatement};
  BF_ASSIGN_OR_RETURN(const std::optional<std::string> known, jobs::FindSubmitted(importer_.database_, key, options));
  if (known) return FromAnswer(*known);
  const std::vector<quant::Series> all = rows_.Take(*resource_, faults_);
  JudgeDays();
  if (!faults_.empty()) return faults_.ToStatus();
  for (const std::string& symbol : rows_.assumed()) {
    basis_assumed_.insert(symbol);
    if (DaysOf(symbol).empty()) notes_[symbol].push_back(AssumedBasisNote());
  }

  const std::string id = base::NewUuid(importer_.clock_.Now());
  for (int attempt = 1;; ++attempt) {
    BF_ASSIGN_OR_RETURN(const NamedCalendars calendars, CalendarsOf(all));
    BF_ASSIGN_OR_RETURN(const std::vector<Outgoing> outgoing, Write(all, id, calendars, cancel));
    std::vector<FetchResult> results;
    std::vector<const Taken*> taken;
    results.reserve(outgoing.size());
    taken.reserve(outgoing.size());
    for (const Outgoing& one : outgoing) {
      results.push_back(one.result);
      taken.push_back(&one.taken);
    }
    BF_RETURN_IF_ERROR(cancel.Check());
    const absl::StatusOr<std::string> answer = jobs::SubmitOnce(
        importer_.database_, key,
        [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
          BF_RETURN_IF_ERROR(CommitTaken(importer_.series_, importer_.quarantines_, tx, taken));
          return ToAnswer(results);
        },
        options);
    if (answer.ok()) return FromAnswer(*answer);
    BF_RETURN_IF_ERROR(WaitToWriteAgain(answer.status(), attempt, submission_.deadline, cancel));
  }
}

}  // namespace breadthflow::data
