#include "common/quant/series.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <type_traits>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

template <typename T>
std::span<const T> SpanOf(const Column* column) {
  if (column == nullptr) return {};
  const auto* values = std::get_if<std::vector<T>>(&column->values);
  return values == nullptr ? std::span<const T>() : std::span<const T>(*values);
}

}  // namespace

std::string_view ToText(PriceBasis basis) {
  switch (basis) {
    case PriceBasis::kNotPrices:
      return "none";
    case PriceBasis::kRaw:
      return "raw";
    case PriceBasis::kSplitAdjusted:
      return "split";
    case PriceBasis::kSplitAndDividendAdjusted:
      return "split_dividend";
  }
  return "none";
}

absl::StatusOr<PriceBasis> ParsePriceBasis(std::string_view text) {
  for (const std::string_view anchored : {"total_return", "forward_split", "forward"}) {
    if (text.substr(0, text.find('@')) != anchored) continue;
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, "ANCHORED_PRICES",
        fmt::format(
            "prices are {}: they are anchored on the first row of the series that they were read from, made for "
            "one read, and can not be stored; export them raw, split or split_dividend to have them back",
            text.substr(0, 64)));
  }
  for (const PriceBasis basis :
       {PriceBasis::kNotPrices, PriceBasis::kRaw, PriceBasis::kSplitAdjusted, PriceBasis::kSplitAndDividendAdjusted}) {
    if (ToText(basis) == text) return basis;
  }
  return base::MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_PRICE_BASIS",
                         fmt::format("price basis must be one of none, raw, split, split_dividend, was '{}'", text));
}

const Column* Series::Find(std::string_view name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

std::span<const double> Series::Doubles(std::string_view name) const { return SpanOf<double>(Find(name)); }
std::span<const int64_t> Series::Ints(std::string_view name) const { return SpanOf<int64_t>(Find(name)); }

void Series::Add(std::string name, std::vector<double> values) {
  columns.push_back({std::move(name), std::move(values), {}});
}
void Series::Add(std::string name, std::vector<int64_t> values) {
  columns.push_back({std::move(name), std::move(values), {}});
}
void Series::Add(std::string name, std::vector<std::string> values) {
  columns.push_back({std::move(name), std::move(values), {}});
}

absl::Status Series::Validate() const {
  base::Violations violations;
  std::set<std::string> names;
  for (const Column& column : columns) {
    if (column.name.empty()) violations.Add("columns", "a column has no name");
    if (!names.insert(column.name).second) violations.Add(column.name, "column appears twice");
    if (column.size() != times.size()) {
      violations.Add(column.name, fmt::format("has {} values, times has {}", column.size(), times.size()));
      continue;
    }
    if (!column.valid.empty() && column.valid.size() != times.size()) {
      violations.Add(column.name,
                     fmt::format("has {} presence flags, times has {}", column.valid.size(), times.size()));
      continue;
    }
    if (const auto* numbers = std::get_if<std::vector<double>>(&column.values)) {
      for (size_t row = 0; row < numbers->size(); ++row) {
        if (column.present(row) && !std::isfinite((*numbers)[row])) {
          violations.Add(fmt::format("{}[{}]", column.name, row),
                         fmt::format("must be finite, was {}", (*numbers)[row]));
          break;
        }
      }
    }
  }
  for (size_t row = 1; row < times.size(); ++row) {
    if (times[row] < times[row - 1] || (times[row] == times[row - 1] && !repeats)) {
      violations.Add(fmt::format("times[{}]", row),
                     repeats ? "must not be earlier than the row before" : "must be later than the row before");
      break;
    }
  }
  return violations.ToStatus(fmt::format("invalid series {} {}", key.resource, key.symbol), "INVALID_SERIES");
}

Series Series::Rows(size_t begin, size_t end) const {
  Series out{.key = key,
             .basis = basis,
             .repeats = repeats,
             .times = {times.begin() + static_cast<ptrdiff_t>(begin), times.begin() + static_cast<ptrdiff_t>(end)},
             .columns = {}};
  const auto cut = [&](const auto& values) {
    using Values = std::decay_t<decltype(values)>;
    return Values(values.begin() + static_cast<ptrdiff_t>(begin), values.begin() + static_cast<ptrdiff_t>(end));
  };
  for (const Column& column : columns) {
    Column part{column.name, {}, {}};
    std::visit([&](const auto& values) { part.values = cut(values); }, column.values);
    if (!column.valid.empty()) part.valid = cut(column.valid);
    out.columns.push_back(std::move(part));
  }
  return out;
}

Series Series::Slice(TimeRange range) const {
  const auto first = std::lower_bound(times.begin(), times.end(), range.start_ns);
  const auto last = std::lower_bound(first, times.end(), range.end_ns);
  return Rows(static_cast<size_t>(first - times.begin()), static_cast<size_t>(last - times.begin()));
}

base::Sha256Digest Series::ContentHash() const {
  base::Sha256 hash;
  hash.Text(key.resource).Text(key.symbol).Int(static_cast<int64_t>(key.timeframe)).Int(static_cast<int64_t>(basis));
  hash.Int(static_cast<int64_t>(times.size())).Bytes(times.data(), times.size() * sizeof(int64_t));
  for (const Column& column : columns) {
    hash.Text(column.name).Int(static_cast<int64_t>(column.type()));
    const bool all_present = std::find(column.valid.begin(), column.valid.end(), false) == column.valid.end();
    hash.Int(all_present ? 1 : 0);
    for (size_t row = 0; row < column.size(); ++row) {
      if (!all_present) {
        hash.Int(column.present(row) ? 1 : 0);
        if (!column.present(row)) continue;
      }
      std::visit(
          [&](const auto& values) {
            using Value = typename std::decay_t<decltype(values)>::value_type;
            if constexpr (std::is_same_v<Value, double>)
              hash.Double(values[row]);
            else if constexpr (std::is_same_v<Value, int64_t>)
              hash.Int(values[row]);
            else
              hash.Text(values[row]);
          },
          column.values);
    }
  }
  return hash.Finish();
}

absl::Status Append(Series& head, const Series& tail) {
  if (head.columns.empty() && head.times.empty()) {
    head = tail;
    return absl::OkStatus();
  }
  if (tail.columns.size() != head.columns.size()) {
    return absl::InvalidArgumentError(
        fmt::format("expected {} columns, found {}", head.columns.size(), tail.columns.size()));
  }
  for (size_t i = 0; i < head.columns.size(); ++i) {
    if (head.columns[i].name != tail.columns[i].name || head.columns[i].type() != tail.columns[i].type()) {
      return absl::InvalidArgumentError(
          fmt::format("expected column {}, found {}", head.columns[i].name, tail.columns[i].name));
    }
  }
  if (!head.times.empty() && !tail.times.empty() && tail.times.front() <= head.times.back()) {
    return absl::InvalidArgumentError("rows to append must be later than the last row");
  }
  for (size_t i = 0; i < head.columns.size(); ++i) {
    Column& to = head.columns[i];
    const Column& from = tail.columns[i];
    if (!to.valid.empty() || !from.valid.empty()) {
      to.valid.resize(head.times.size(), true);
      if (from.valid.empty())
        to.valid.insert(to.valid.end(), tail.times.size(), true);
      else
        to.valid.insert(to.valid.end(), from.valid.begin(), from.valid.end());
    }
    std::visit(
        [&](auto& values) {
          const auto& more = std::get<std::decay_t<decltype(values)>>(from.values);
          values.insert(values.end(), more.begin(), more.end());
        },
        to.values);
  }
  head.times.insert(head.times.end(), tail.times.begin(), tail.times.end());
  head.repeats |= tail.repeats;
  return absl::OkStatus();
}

std::span<const double> SeriesView::Doubles(std::string_view name) const {
  const std::span<const double> all = series_->Doubles(name);
  return all.first(std::min(all.size(), size_));
}

std::span<const double> SeriesView::Doubles(size_t column) const {
  return std::span<const double>(std::get<std::vector<double>>(series_->columns[column].values)).first(size_);
}

int64_t BytesOf(const Series& series) {
  size_t bytes = sizeof(Series) + series.size() * sizeof(int64_t);
  for (const Column& column : series.columns) {
    bytes += sizeof(Column) + column.valid.size() / 8;
    if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
      constexpr size_t kInside = 15;  // characters that a string holds without memory of its own
      for (const std::string& text : *texts) {
        bytes += sizeof(std::string) + (text.size() > kInside ? text.size() : 0);
      }
    } else {
      bytes += column.size() * sizeof(double);
    }
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace breadthflow::quant
