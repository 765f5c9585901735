#include "services/data/sources/row_builder.h"

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "services/data/domain/asked_rows.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

template <typename T>
std::vector<T> Permuted(const std::vector<T>& values, const std::vector<size_t>& order) {
  std::vector<T> out;
  out.reserve(order.size());
  for (const size_t row : order) out.push_back(values[row]);
  return out;
}

}  // namespace

RowBuilder::RowBuilder(const SourceQuery& query, quant::PriceBasis basis, absl::Time known_by)
    : query_(query), basis_(basis), known_by_(known_by) {}

void RowBuilder::Begin(int64_t time_ns, std::string label) {
  times_.push_back(time_ns);
  labels_.push_back(std::move(label));
}

template <typename T>
void RowBuilder::Put(std::string_view name, T value) {
  auto found = std::find_if(columns_.begin(), columns_.end(), [&](const auto& column) { return column.name == name; });
  if (found == columns_.end()) {
    columns_.push_back({.name = std::string(name), .values = std::vector<T>(), .valid = {}});
    found = columns_.end() - 1;
  }
  auto* values = std::get_if<std::vector<T>>(&found->values);
  if (values == nullptr || values->size() == times_.size()) {
    Complain(fmt::format("{} is given twice, or in two types", name));
    return;
  }
  values->resize(times_.size() - 1);
  values->push_back(std::move(value));
  found->valid.resize(times_.size() - 1, false);
  found->valid.push_back(true);
}

void RowBuilder::Set(std::string_view column, double value) { Put(column, value); }
void RowBuilder::Set(std::string_view column, int64_t value) { Put(column, value); }
void RowBuilder::Set(std::string_view column, std::string value) { Put(column, std::move(value)); }

void RowBuilder::SetNumber(std::string_view column, const Json* value, double scale) {
  if (value == nullptr || value->is_null()) return;
  if (value->is_number()) {
    Put(column, value->get<double>() * scale);
  } else if (value->is_string()) {
    SetNumber(column, std::string_view(value->get_ref<const std::string&>()), scale);
  } else {
    Complain(fmt::format("{} is no number", column));
  }
}

void RowBuilder::SetNumber(std::string_view column, std::string_view text, double scale) {
  if (IsNone(text)) return;
  if (const std::optional<double> number = ParseNumber(text)) {
    Put(column, *number * scale);
  } else {
    Complain(fmt::format("{} is no number: '{}'", column, text.substr(0, 32)));
  }
}

void RowBuilder::SetCount(std::string_view column, const Json* value) {
  if (value == nullptr || value->is_null()) return;
  const bool fits = value->is_number_integer() && !(value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX);
  if (fits) {
    Put(column, value->get<int64_t>());
  } else {
    Complain(fmt::format("{} is no whole number", column));
  }
}

void RowBuilder::SetDay(std::string_view column, std::string_view text) {
  if (IsNone(text)) return;
  if (ParseDay(text)) {
    Put(column, std::string(text));
  } else {
    Complain(fmt::format("{} is no date YYYY-MM-DD: '{}'", column, text.substr(0, 32)));
  }
}

void RowBuilder::SetText(std::string_view column, std::string_view text) {
  if (!IsNone(text)) Put(column, std::string(text));
}

void RowBuilder::Complain(std::string_view description) { violations_.Add(labels_.back(), description); }
void RowBuilder::Complain(std::string_view field, std::string_view description) { violations_.Add(field, description); }

bool RowBuilder::InFuture(int64_t start_ns, std::string_view label) {
  if (known_by_ == absl::InfiniteFuture() || quant::FromNanos(start_ns) <= known_by_ + absl::Hours(1)) return false;
  Complain(label, "lies in the future");
  return true;
}

void RowBuilder::LeaveOut(std::string_view kind, std::string_view label) {
  constexpr size_t kNamed = 5;
  auto found = std::find_if(left_out_.begin(), left_out_.end(), [&](const LeftOut& one) { return one.kind == kind; });
  if (found == left_out_.end()) found = left_out_.insert(left_out_.end(), {std::string(kind), 0, ""});
  if (++found->count <= kNamed) found->labels += fmt::format("{}{}", found->labels.empty() ? "" : ", ", label);
}

absl::StatusOr<SourceData> RowBuilder::Finish(std::string_view provider) && {
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query_));
  std::vector<size_t> order(times_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return times_[a] < times_[b]; });

  SourceData data;
  data.series.key = {query_.resource, query_.symbol, query_.timeframe, ""};
  data.series.basis = basis_;
  data.series.repeats = resource->repeats;
  data.series.times = Permuted(times_, order);
  data.labels = Permuted(labels_, order);
  for (quant::Column& column : columns_) {
    std::visit(
        [&](auto& values) {
          values.resize(times_.size());
          values = Permuted(values, order);
        },
        column.values);
    column.valid.resize(times_.size(), false);
    column.valid = Permuted(column.valid, order);
    if (std::all_of(column.valid.begin(), column.valid.end(), [](bool valid) { return valid; })) column.valid.clear();
    data.series.columns.push_back(std::move(column));
  }
  CheckSeries(
      *resource, data.series, [&](size_t row) { return data.labels[row]; }, violations_);
  BF_RETURN_IF_ERROR(
      violations_.ToStatus(fmt::format("{} sent invalid rows for {}", provider, query_.symbol), "INVALID_ROWS"));

  const int64_t known_ns = known_by_ == absl::InfiniteFuture() ? INT64_MAX : quant::ToNanos(known_by_);
  size_t known = data.series.size();
  for (; known > 0 && data.series.times[known - 1] > known_ns; --known) {
    if (query_.range.Contains(data.series.times[known - 1]))
      LeaveOut("not complete or not surely public when it was received", data.labels[known - 1]);
  }
  if (known < data.series.size()) {
    data.series = data.series.Rows(0, known);
    data.labels.resize(known);
  }
  data.labels = Permuted(data.labels, KeepAsked(*resource, query_.range, data.series));
  // A column of which no row has anything says nothing, and would only make the series look as if it had it.
  std::erase_if(data.series.columns, [](const quant::Column& column) {
    return !column.valid.empty() && std::none_of(column.valid.begin(), column.valid.end(), [](bool v) { return v; });
  });
  for (const LeftOut& one : left_out_) {
    data.notes.push_back(
        fmt::format("{} left out, {}: {}{}", one.count, one.kind, one.labels, one.count > 5 ? ", ..." : ""));
  }
  return data;
}

}  // namespace breadthflow::data
