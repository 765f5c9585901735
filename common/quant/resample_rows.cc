#include "common/quant/resample_rows.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace breadthflow::quant {

Numbers::Numbers(const Series& series, std::string_view name) : column_(series.Find(name)) {
  if (column_ == nullptr) return;
  if (const auto* doubles = std::get_if<std::vector<double>>(&column_->values)) {
    values_ = *doubles;
  } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&column_->values)) {
    converted_.assign(ints->begin(), ints->end());
    values_ = converted_;
  } else {
    return;
  }
  there_ = values_.size() == series.size();
}

void Numbers::Require(std::string_view name, base::Violations& violations) const {
  if (!there_) {
    violations.Add(name, "must be a column of numbers, one a row");
    return;
  }
  for (size_t row = 0; row < values_.size(); ++row) {
    if (present(row) && std::isfinite(values_[row])) continue;
    violations.Add(name, fmt::format("value is missing or no finite number at row {}", row));
    return;
  }
}

absl::StatusOr<SourceRows> SourceRows::Of(const Series& series) {
  SourceRows rows;
  rows.trades = series.Find("price") != nullptr && series.Find("size") != nullptr;
  rows.raw = series.basis == PriceBasis::kRaw;
  rows.times = series.times;
  base::Violations violations;
  if (rows.trades) {
    rows.close = Numbers(series, "price");
    rows.volume = Numbers(series, "size");
    rows.close.Require("price", violations);
    rows.volume.Require("size", violations);
  } else {
    for (const auto& [name, numbers] :
         {std::pair("open", &rows.open), std::pair("high", &rows.high), std::pair("low", &rows.low),
          std::pair("close", &rows.close), std::pair("volume", &rows.volume)}) {
      *numbers = Numbers(series, name);
      numbers->Require(name, violations);
    }
    rows.vwap = Numbers(series, "vwap");
    rows.trade_count = Numbers(series, "trade_count");
    rows.adj_close = Numbers(series, "adj_close");
    rows.dividend = Numbers(series, "dividend");
    rows.split_ratio = Numbers(series, "split_ratio");
    rows.is_filled = Numbers(series, "is_filled");
  }
  for (size_t row = 1; row < rows.size(); ++row) {
    if (rows.times[row - 1] < rows.times[row] || (rows.trades && rows.times[row - 1] == rows.times[row])) continue;
    violations.Add("times", fmt::format("row {} does not follow the row before", row));
    break;
  }
  for (size_t row = 0; row < rows.size() && rows.volume.there(); ++row) {
    if (!(rows.volume[row] < 0)) continue;
    violations.Add(rows.trades ? "size" : "volume", fmt::format("must not be below 0, is {}", rows.volume[row]));
    break;
  }
  for (size_t row = 0; row < rows.size() && rows.split_ratio.there(); ++row) {
    if (!rows.split_ratio.present(row) || rows.split_ratio[row] > 0) continue;
    violations.Add("split_ratio", fmt::format("must be above 0, is {}", rows.split_ratio[row]));
    break;
  }
  BF_RETURN_IF_ERROR(violations.ToStatus(
      fmt::format("{} of {} are neither trades nor bars that can be combined", series.key.resource, series.key.symbol),
      "INVALID_RESAMPLE"));
  return rows;
}

double SourceRows::value(size_t row) const { return (vwap.present(row) ? vwap[row] : close[row]) * volume[row]; }

namespace {

void AddTo(Known& sum, const Numbers& numbers, size_t row) {
  if (!numbers.present(row))
    sum.known = false;
  else
    sum.value += numbers[row];
}

}  // namespace

void PartialBar::Add(const SourceRows& source, size_t row) {
  const double last = source.close[row];
  const double first = source.trades ? last : source.open[row];
  const double top = source.trades ? last : source.high[row];
  const double bottom = source.trades ? last : source.low[row];
  if (source.split_ratio.present(row)) {
    const double ratio = source.split_ratio[row];
    split_ratio.value *= ratio;
    if (source.raw && ratio != 1) {
      for (double* price : {&open, &high, &low, &dividend.value}) *price /= ratio;
      volume *= ratio;
    }
  } else {
    split_ratio.known = false;
  }
  open = rows == 0 ? first : open;
  high = rows == 0 ? top : std::max(high, top);
  low = rows == 0 ? bottom : std::min(low, bottom);
  close = last;
  volume += source.volume[row];
  // A bar without volume has no average price and needs none.
  value.value += source.value(row);
  if (!source.trades && !source.vwap.present(row) && source.volume[row] > 0) value.known = false;
  if (source.trades)
    trade_count.value += 1;
  else
    AddTo(trade_count, source.trade_count, row);
  AddTo(dividend, source.dividend, row);
  adj_close = {source.adj_close.present(row) ? source.adj_close[row] : 0, source.adj_close.present(row)};
  ++rows;
}

BarWriter::BarWriter(const SourceRows& source, bool mark_filled)
    : trades_(source.trades),
      vwap_(source.trades || source.vwap.there()),
      trade_count_(source.trades || source.trade_count.there()),
      adj_close_(source.adj_close.there()),
      dividend_(source.dividend.there()),
      split_ratio_(source.split_ratio.there()),
      mark_filled_(mark_filled) {}

void BarWriter::Optional::Push(Known value) {
  values.push_back(value.known ? value.value : 0);
  valid.push_back(value.known);
}

void BarWriter::Write(int64_t time, const PartialBar& bar) {
  bars_.times.push_back(time);
  open_.push_back(bar.open);
  high_.push_back(bar.high);
  low_.push_back(bar.low);
  close_.push_back(bar.close);
  volume_.push_back(bar.volume);
  vwaps_.Push(bar.volume > 0 ? Known{bar.value.value / bar.volume, bar.value.known} : Known{0, false});
  trade_counts_.Push(bar.trade_count);
  adj_closes_.Push(bar.adj_close);
  dividends_.Push(bar.dividend);
  split_ratios_.Push(bar.split_ratio);
  filled_.push_back(0);
}

void BarWriter::Fill(int64_t time) {
  PartialBar bar;
  bar.open = bar.high = bar.low = bar.close = close_.back();
  bar.adj_close = {adj_closes_.values.back(), adj_closes_.valid.back()};
  Write(time, bar);
  filled_.back() = 1;
}

void BarWriter::AddOptional(std::string_view name, Optional column) {
  Column& added = bars_.columns.emplace_back(Column{std::string(name), std::move(column.values), {}});
  if (std::find(column.valid.begin(), column.valid.end(), false) != column.valid.end()) {
    added.valid = std::move(column.valid);
  }
}

Series BarWriter::Finish(SeriesKey key, PriceBasis basis) && {
  bars_.key = std::move(key);
  bars_.basis = basis;
  bars_.Add("open", std::move(open_));
  bars_.Add("high", std::move(high_));
  bars_.Add("low", std::move(low_));
  bars_.Add("close", std::move(close_));
  bars_.Add("volume", std::move(volume_));
  if (vwap_) AddOptional("vwap", std::move(vwaps_));
  if (trade_count_) {
    AddOptional("trade_count", std::move(trade_counts_));
    Column& counts = bars_.columns.back();
    const auto& values = std::get<std::vector<double>>(counts.values);
    counts.values = std::vector<int64_t>(values.begin(), values.end());
  }
  if (adj_close_) AddOptional("adj_close", std::move(adj_closes_));
  if (dividend_) AddOptional("dividend", std::move(dividends_));
  if (split_ratio_) AddOptional("split_ratio", std::move(split_ratios_));
  if (mark_filled_) bars_.Add("is_filled", std::move(filled_));
  return std::move(bars_);
}

}  // namespace breadthflow::quant
