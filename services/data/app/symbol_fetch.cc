#include "services/data/app/symbol_fetch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/domain/adjustment_drift.h"
#include "services/data/domain/asked_rows.h"
#include "services/data/domain/bar_spacing.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

constexpr size_t kMaxGaps = 8;  // beyond that the covered parts between them are asked for again

// Bodies may have other columns than those before them: what one of the two does not have is absent in its rows.
void AddColumnsOf(const quant::Series& model, quant::Series& series) {
  for (const quant::Column& column : model.columns) {
    if (series.Find(column.name) != nullptr) continue;
    quant::Column absent{.name = column.name, .values = column.values, .valid = {}};
    std::visit([&](auto& values) { values.assign(series.size(), {}); }, absent.values);
    absent.valid.assign(series.size(), false);
    series.columns.push_back(std::move(absent));
  }
}

absl::Status Join(quant::Series& all, quant::Series rows) {
  if (rows.empty() && !all.columns.empty()) return absl::OkStatus();
  if (all.empty()) {
    all = std::move(rows);
    return absl::OkStatus();
  }
  AddColumnsOf(rows, all);
  AddColumnsOf(all, rows);
  std::vector<quant::Column> ordered;
  for (const quant::Column& column : all.columns) ordered.push_back(*rows.Find(column.name));
  rows.columns = std::move(ordered);
  return quant::Append(all, rows);
}

}  // namespace

void FailAll(const absl::Status& error, FetchedSymbol& fetched) {
  Fail(error, fetched.result);
  fetched.taken.written.reset();
  for (Coverage& one : fetched.coverage) {
    one.outcome = Outcome::kFailed;
    one.rows = 0;
    one.error = fetched.result.error;
    one.retryable = fetched.result.retryable;
  }
}

absl::StatusOr<FetchedSymbol> SymbolFetch::Fetch(const SymbolTask& task, const std::vector<ReadySource>& sources,
                                                 const std::vector<SourceChoice>& order, SourceAnswers& answers) {
  FetchedSymbol all;
  std::vector<SourceAttempt> attempts;
  absl::Status failed;  // what is said when none can: the first error that may pass, else the first of all
  for (const SourceChoice& choice : order) {
    BF_RETURN_IF_ERROR(task.cancel.Check());
    const ReadySource& source = sources[choice.index];
    SourceAttempt attempt{.source = source.variant, .reason = choice.reason, .error = source.unusable};
    if (!attempts.empty()) {
      attempt.reason = fmt::format("{} could not give it ({}); {}", attempts.back().source,
                                   base::DetailsOf(attempts.back().error).reason, choice.reason);
    }
    FetchedSymbol fetched;
    if (source.source != nullptr) {
      BF_ASSIGN_OR_RETURN(fetched, FetchFrom(task, source, answers));
      attempt.error = fetched.result.error;
    }
    all.coverage.insert(all.coverage.end(), fetched.coverage.begin(), fetched.coverage.end());
    if (failed.ok() || (!base::IsTransient(failed) && base::IsTransient(attempt.error))) failed = attempt.error;
    attempts.push_back(std::move(attempt));
    if (attempts.back().error.ok()) {
      all.result = std::move(fetched.result);
      all.result.attempts = std::move(attempts);
      fetched.taken.apart = std::move(all.taken.apart);
      all.taken = std::move(fetched.taken);
      return all;
    }
    all.result = std::move(fetched.result);
    all.taken.apart = std::move(fetched.taken.apart);
    if (!CouldNotGive(attempts.back().error)) {
      failed = attempts.back().error;
      break;
    }
  }
  all.result.symbol = task.symbol;
  all.result.attempts = std::move(attempts);
  Fail(failed, all.result);
  return all;
}

absl::StatusOr<FetchedSymbol> SymbolFetch::FetchFrom(const SymbolTask& task, const ReadySource& source,
                                                     SourceAnswers& answers) {
  const FetchSpec& spec = task.spec;
  const quant::SeriesKey key{spec.resource, task.symbol, spec.timeframe, source.variant};
  FetchedSymbol fetched;
  fetched.result.symbol = task.symbol;
  fetched.result.source = source.variant;
  static const std::vector<Coverage> kNothing;
  const auto found = task.known.find(source.variant);
  const std::vector<Coverage>& known = found == task.known.end() ? kNothing : found->second;
  Dropped dropped;
  if (!known.empty()) {
    BF_ASSIGN_OR_RETURN(dropped, DroppedOf(key));
  }
  const std::vector<Coverage> there = Since(known, dropped.before_ns);
  std::vector<quant::TimeRange> gaps = {spec.range};
  if (!spec.refetch) {
    gaps = Missing(spec.range, known, source.parameters, source.entry->revisions, policy_, clock_.Now());
    std::vector<quant::TimeRange> wanted = WithoutDropped(gaps, known, dropped.before_ns, dropped.back);
    if (wanted != gaps) AddNote("rows that were dropped were not asked for: refetch to have them", fetched.result);
    gaps = std::move(wanted);
  }
  if (gaps.empty()) {
    BF_ASSIGN_OR_RETURN(const bool stored, IsStored(key, spec.range, known));
    fetched.result.outcome = stored ? Outcome::kOk : Outcome::kEmptyConfirmed;
    return fetched;
  }
  const bool adjusted = task.resource.prices && source.entry->revisions == Revisions::kRecent;
  if (adjusted) gaps = WithNeighbours(std::move(gaps), there);
  // Of a source that says what is gone, one answer replaces one range.
  // Of rows that count by two days, the answers for two ranges may have the same ones.
  const bool whole = source.source->authoritative() || !task.resource.takes_effect.empty();
  if (gaps.size() > kMaxGaps || whole) gaps = {{gaps.front().start_ns, gaps.back().end_ns}};

  quant::Series rows;
  BF_RETURN_IF_ERROR(Gather(task, source, gaps, answers, fetched, rows));
  if (adjusted && fetched.result.error.ok()) {
    const quant::TimeRange hull = Hull(gaps, there);
    bool anew = false;
    if (gaps != std::vector{hull}) {
      BF_ASSIGN_OR_RETURN(anew, AdjustedAnew(key, gaps, rows));
    }
    if (anew) {
      gaps = {hull};
      AddNote("prices were adjusted anew since they were fetched: all of the series was asked for again",
              fetched.result);
      fetched.coverage.clear();
      rows = {};
      BF_RETURN_IF_ERROR(Gather(task, source, gaps, answers, fetched, rows));
    }
  }
  // Here all rows of the symbol are read and none is stored.
  if (!fetched.result.error.ok()) return fetched;
  const quant::TimeRange asked{gaps.front().start_ns, gaps.back().end_ns};
  BF_RETURN_IF_ERROR(Store(task, source, asked, std::move(rows), fetched));
  if (!fetched.result.error.ok()) FailAll(absl::Status(fetched.result.error), fetched);
  return fetched;
}

absl::Status SymbolFetch::Gather(const SymbolTask& task, const ReadySource& source,
                                 const std::vector<quant::TimeRange>& ranges, SourceAnswers& answers,
                                 FetchedSymbol& fetched, quant::Series& rows) {
  for (const quant::TimeRange& range : ranges) {
    fetched.result.fetched_ranges.push_back(range);
    Coverage like{.key = {task.spec.resource, task.symbol, task.spec.timeframe, source.variant},
                  .run = task.run,
                  .fetch_time = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now())),
                  .parameters = source.parameters};
    const absl::StatusOr<SourceAnswer> answer = Ask(task, source, range, clock_, answers);
    if (answer.ok()) {
      if (!source.entry->provider.empty()) {
        BF_RETURN_IF_ERROR(bodies_.Keep(answer->sha256, answer->body->bytes, absl::InfiniteFuture()));
      }
      like.fetch_time = answer->asked;
      like.body_sha256 = fetched.result.body_sha256 = answer->sha256;
    }
    absl::StatusOr<SourceData> data =
        answer.ok() ? Read(*source.source, *answer) : absl::StatusOr<SourceData>(answer.status());
    if (data.ok()) {
      fetched.adjusted_as_of = data->adjusted_as_of;
      fetched.basis_assumed |= data->basis_assumed && !data->series.empty();
      for (const std::string& note : data->notes) {
        const std::vector<std::string>& told = fetched.result.notes;  // of another range
        if (std::find(told.begin(), told.end(), note) == told.end()) AddNote(note, fetched.result);
      }
      if (data->market) fetched.market = data->market;
      like.basis = data->series.basis;
      const std::vector<Coverage> covered =
          Covered(like, range, InstantsWithin(task.resource, range, data->series), source.entry->revisions, policy_);
      fetched.coverage.insert(fetched.coverage.end(), covered.begin(), covered.end());
    }
    const absl::Status ended = data.ok() ? Join(rows, std::move(data->series)) : data.status();
    if (ended.ok()) continue;
    // Only this range is known to have failed: nothing of the others is stored, and nothing said of them.
    like.outcome = Outcome::kFailed;
    like.error = ended;
    like.retryable = base::IsTransient(ended);
    fetched.coverage = Covered(like, range, {}, source.entry->revisions, policy_);
    Fail(ended, fetched.result);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SymbolFetch::AdjustedAnew(const quant::SeriesKey& key, const std::vector<quant::TimeRange>& ranges,
                                               const quant::Series& rows) {
  for (const quant::TimeRange& range : ranges) {
    const absl::StatusOr<quant::Series> stored = series_.chunks().Read(key, columnar::ReadOptions{.range = range});
    if (absl::IsNotFound(stored.status())) return false;
    BF_RETURN_IF_ERROR(stored.status());
    if (PricesDiffer(*stored, rows)) return true;
  }
  return false;
}

absl::StatusOr<SourceAnswer> SymbolFetch::Ask(const SymbolTask& task, const ReadySource& source,
                                              const quant::TimeRange& range, const base::Clock& clock,
                                              SourceAnswers& answers) {
  const SourceQuery query{.resource = task.spec.resource,
                          .symbol = task.symbol,
                          .timeframe = task.spec.timeframe,
                          .range = range,
                          .definition = &task.resource,
                          .now = clock.Now()};
  BF_ASSIGN_OR_RETURN(SourceRequest request, source.source->TransformQuery(query));
  const auto extract = [&]() -> absl::StatusOr<SourceAnswer> {
    SourceAnswer answer;
    answer.asked = absl::FromUnixMicros(absl::ToUnixMicros(clock.Now()));
    BF_ASSIGN_OR_RETURN(RawBody body, source.source->Extract(request, task.cancel));
    answer.sha256 = base::Sha256HexOf(body.bytes);
    answer.body = std::make_shared<const RawBody>(std::move(body));
    return answer;
  };
  const std::pair<std::string, std::string> question(source.variant, request.locator);
  auto known = answers.find(question);
  if (known == answers.end()) known = answers.emplace(question, extract()).first;
  absl::StatusOr<SourceAnswer> answer = known->second;
  if (answer.ok()) answer->request = std::move(request);
  return answer;
}

absl::StatusOr<SourceData> SymbolFetch::Read(const Source& source, const SourceAnswer& answer) {
  BF_ASSIGN_OR_RETURN(SourceData data, source.TransformData(answer.request, *answer.body));
  const SourceQuery& query = answer.request.query;
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  data.series.repeats = resource->repeats;
  BF_RETURN_IF_ERROR(data.series.Validate());
  const auto label = [&](size_t row) {
    return row < data.labels.size() ? data.labels[row] : fmt::format("row {}", row);
  };
  base::Violations violations;
  CheckSeries(*resource, data.series, label, violations);
  if (const auto larger = FindLargerBars(data.series.times, query.timeframe); larger && resource->bars) {
    TellOfSpacing(*larger, data.notes);  // the source was asked for that size
  }
  BF_RETURN_IF_ERROR(violations.ToStatus(fmt::format("{} is not valid {}", query.symbol, resource->id)));
  return data;
}

}  // namespace breadthflow::data
