#include "services/data/sources/csv/row_sink.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "services/data/domain/asked_rows.h"
#include "services/data/domain/bar_spacing.h"
#include "services/data/domain/bar_stamps.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/publication.h"

namespace breadthflow::data::csv {
namespace {

template <typename T>
std::vector<T> Permuted(std::vector<T>& values, const std::vector<size_t>& order) {
  std::vector<T> out;
  out.reserve(order.size());
  for (const size_t row : order) out.push_back(std::move(values[row]));
  return out;
}

std::vector<bool> Permuted(const std::vector<bool>& values, const std::vector<size_t>& order) {
  std::vector<bool> out;
  out.reserve(order.size());
  for (const size_t row : order) out.push_back(values[row]);
  return out;
}

}  // namespace

size_t RowSink::Index(std::string_view name, quant::ColumnType type_of_others) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  const Field* field = resource_.Find(name);
  quant::Column column{.name = std::string(name), .values = {}, .valid = {}};
  const quant::ColumnType type = field != nullptr ? field->type : type_of_others;
  if (type == quant::ColumnType::kInt64) column.values = std::vector<int64_t>();
  if (type == quant::ColumnType::kText) column.values = std::vector<std::string>();
  columns_.push_back(std::move(column));
  fields_.push_back(field);
  return columns_.size() - 1;
}

void RowSink::Begin(int64_t time_ns, std::string_view file, int64_t line) {
  if (files_.empty() || files_.back() != file) files_.emplace_back(file);
  times_.push_back(time_ns);
  places_.push_back({files_.size() - 1, line});
}

void RowSink::BeginPeriod(absl::CivilDay period_end, bool annual, std::string_view file, int64_t line) {
  if (annual) year_ends_.insert(period_end);
  periods_.push_back({times_.size(), period_end, annual});
  Begin(0, file, line);
  if (resource_.Find(kPublicationEstimated) != nullptr) {
    Put(Index(kPublicationEstimated, quant::ColumnType::kInt64), int64_t{1});
  }
}

template <typename T>
void RowSink::PutValue(size_t index, T value) {
  quant::Column& column = columns_[index];
  auto& values = std::get<std::vector<T>>(column.values);
  if (values.size() == times_.size()) {  // the row has it already: the later one holds
    values.back() = std::move(value);
    return;
  }
  if (values.size() + 1 < times_.size() || !column.valid.empty()) {
    column.valid.resize(values.size(), true);
    column.valid.resize(times_.size() - 1, false);
    column.valid.push_back(true);
  }
  values.resize(times_.size() - 1);
  values.push_back(std::move(value));
}

void RowSink::Put(size_t column, double value) { PutValue(column, value); }
void RowSink::Put(size_t column, int64_t value) { PutValue(column, value); }
void RowSink::Put(size_t column, std::string value) { PutValue(column, std::move(value)); }

// Empty where the row does not say it.
std::string_view RowSink::CurrencyOf(size_t row) const {
  for (const quant::Column& column : columns_) {
    const auto* texts = std::get_if<std::vector<std::string>>(&column.values);
    if (column.name == "currency" && texts != nullptr && row < texts->size() && column.present(row))
      return (*texts)[row];
  }
  return {};
}

void RowSink::Sort() {
  if (std::is_sorted(times_.begin(), times_.end())) return;
  std::vector<size_t> order(times_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return times_[a] < times_[b]; });
  times_ = Permuted(times_, order);
  places_ = Permuted(places_, order);
  for (quant::Column& column : columns_) {
    std::visit([&](auto& values) { values = Permuted(values, order); }, column.values);
    if (!column.valid.empty()) column.valid = Permuted(std::as_const(column.valid), order);
  }
}

void RowSink::Declare(const AssumedBasis& basis, bool says_timeframe, std::string_view file, Faults& faults) {
  says_timeframe_ = says_timeframe_ && says_timeframe;
  if (basis_file_.empty()) {
    basis_ = basis;
    basis_file_ = file;
  } else if (basis.basis != basis_.basis) {
    faults.Add(file, 1,
               fmt::format("prices are {} here and {} in {}: say how all were adjusted by {}",
                           quant::ToText(basis.basis), quant::ToText(basis_.basis), basis_file_,
                           HowToSay(fmt::format("basis={}", quant::ToText(basis_.basis)))));
  } else {
    basis_.told = basis_.told && basis.told;
  }
}

void RowSink::DeclareMarket(const SeriesMarket& market, std::string_view file, Faults& faults) {
  if (!market_) {
    market_ = market;
    market_file_ = file;
  } else if (*market_ != market) {
    faults.Add(file, 1,
               fmt::format("the calendar is {} here and {} in {}", ToText(market), ToText(*market_), market_file_));
  }
}

void RowSink::DeclareDay(const std::optional<absl::CivilDay>& adjusted_as_of, std::string_view file, Faults& faults) {
  const auto text = [](const std::optional<absl::CivilDay>& day) {
    return day ? std::string(absl::FormatCivilTime(*day)) : std::string("no day");
  };
  if (day_file_.empty()) {
    adjusted_as_of_ = adjusted_as_of;
    day_file_ = file;
  } else if (adjusted_as_of_ != adjusted_as_of) {
    faults.Add(
        file, 1,
        fmt::format("prices are adjusted as of {} here and as of {} in {}: a fetch takes files of one day; those "
                    "of several are for data import FILE",
                    text(adjusted_as_of), text(adjusted_as_of_), day_file_));
  }
}

void RowSink::CheckSpacing(const SourceQuery& query, bool any, Faults& faults, std::vector<std::string>& notes) const {
  if (!resource_.bars || !faults.empty()) return;
  const auto add = [&](size_t row, const std::string& text) {
    faults.Add(files_[places_[row].file], places_[row].line, text);
  };
  if (const auto fault = FindSpacingFault(times_, query.timeframe)) {
    if (fault->note.empty()) return add(fault->row, fault->text);
    if (says_timeframe_ || any) return TellOfSpacing(*fault, notes);
    return add(fault->row,
               fmt::format("{}; bars of {} all the same are taken by {}", fault->text, quant::ToText(query.timeframe),
                           HowToSay(fmt::format("{}={}", kSpacing, kAnySpacing))));
  }
  if (says_timeframe_ || query.timeframe != quant::Timeframe::kDay) return;
  const auto odd = FindOddDays(times_);
  if (!odd) return;
  if (!query.timeframe_said) return add(odd->row, fmt::format("{}: {}", odd->text, kSayTimeframe));
  notes.push_back(fmt::format("{}:{} {}: they are taken for bars of 1day, as asked for", files_[places_[odd->row].file],
                              places_[odd->row].line, odd->text));
}

void RowSink::CheckStamps(const SourceQuery& query, const std::optional<SeriesMarket>& named, Faults& faults,
                          std::vector<std::string>& notes) const {
  if (!ends_assumed_ || times_.empty() || !faults.empty()) return;
  std::span<const double> volumes;
  for (const quant::Column& column : columns_) {
    const auto* values = std::get_if<std::vector<double>>(&column.values);
    if (column.name == "volume" && values != nullptr) volumes = *values;
  }
  const quant::Calendar* calendar = nullptr;
  if (const std::optional<SeriesMarket>& market = named ? named : market_) {
    const auto found = quant::FindCalendar(market->calendar);
    calendar = found.ok() ? *found : &quant::UtcDays();
  }
  const quant::SeriesKey key{query.resource, query.symbol, query.timeframe, ""};
  if (const auto fault = FindBarStarts(times_, volumes, query.timeframe, CalendarOf(key, times_, calendar))) {
    return faults.Add(files_[places_[fault->row].file], places_[fault->row].line,
                      fmt::format("{}: say so by {}, or that they are the ends all the same by stamp=bar_end",
                                  fault->text, HowToSay("stamp=bar_start")));
  }
  notes.push_back(
      fmt::format("{}: whether they are is said by {} or stamp=bar_start", kTakenForEnds, HowToSay("stamp=bar_end")));
}

SourceData RowSink::Finish(const SourceQuery& query, const Taking& taking, Faults& faults) && {
  // A column of which no row has anything says nothing.
  std::erase_if(columns_, [](const quant::Column& column) { return column.size() == 0; });
  for (quant::Column& column : columns_) {
    if (column.size() == times_.size()) continue;
    column.valid.resize(column.size(), true);
    column.valid.resize(times_.size(), false);
    std::visit([&](auto& values) { values.resize(times_.size()); }, column.values);
  }
  for (const Period& period : periods_) {
    times_[period.row] =
        FilingDeadline(period.end, period.annual || EndsAYear(year_ends_, period.end), FilerBy(CurrencyOf(period.row)));
  }
  if (taking.sort || !periods_.empty()) Sort();
  const auto label = [&](size_t row) { return fmt::format("{}:{}", files_[places_[row].file], places_[row].line); };
  if (!resource_.repeats) {
    for (size_t row = 1; row < times_.size(); ++row) {
      if (times_[row] != times_[row - 1]) continue;
      faults.Add(files_[places_[row].file], places_[row].line, fmt::format("has the time of {}", label(row - 1)));
    }
  }
  SourceData data;
  CheckSpacing(query, taking.any_spacing, faults, data.notes);
  CheckStamps(query, taking.market, faults, data.notes);
  data.basis_assumed = !basis_.told;
  if (data.basis_assumed) data.notes.push_back(AssumedBasisNote());
  data.series = {
      .key = {query.resource, query.symbol, query.timeframe, ""}, .basis = basis_.basis, .repeats = resource_.repeats};
  data.market = market_;
  data.adjusted_as_of = adjusted_as_of_;
  data.series.times = std::move(times_);
  data.series.columns = std::move(columns_);
  const std::vector<size_t> kept = KeepAsked(resource_, query.range, data.series);
  data.labels.reserve(kept.size());
  for (const size_t row : kept) data.labels.push_back(label(row));
  return data;
}

}  // namespace breadthflow::data::csv
