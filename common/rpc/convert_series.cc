#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "common/rpc/convert.h"

namespace breadthflow::rpc {
namespace {

absl::Status BadBatch(const std::string& message) {
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_BATCH", message);
}

void AddValues(const quant::Column& column, size_t begin, size_t end, common::v1::Column& proto) {
  if (const auto* numbers = std::get_if<std::vector<double>>(&column.values)) {
    proto.mutable_double_values()->Add(numbers->data() + begin, numbers->data() + end);
  } else if (const auto* whole = std::get_if<std::vector<int64_t>>(&column.values)) {
    proto.mutable_int_values()->Add(whole->data() + begin, whole->data() + end);
  } else {
    const auto& texts = std::get<std::vector<std::string>>(column.values);
    for (size_t row = begin; row < end; ++row) proto.add_text_values(texts[row]);
  }
}

absl::StatusOr<quant::Column> ColumnOf(const common::v1::Column& proto, int rows) {
  const int filled = (proto.double_values_size() > 0) + (proto.int_values_size() > 0) + (proto.text_values_size() > 0);
  const int size = proto.double_values_size() + proto.int_values_size() + proto.text_values_size();
  if (filled > 1 || size != rows) {
    return BadBatch(fmt::format("column '{}' has {} values in {} lists for {} rows", proto.name(), size, filled, rows));
  }
  quant::Column column{.name = proto.name(), .values = {}, .valid = {}};
  if (proto.int_values_size() > 0) {
    column.values = std::vector<int64_t>(proto.int_values().begin(), proto.int_values().end());
  } else if (proto.text_values_size() > 0) {
    column.values = std::vector<std::string>(proto.text_values().begin(), proto.text_values().end());
  } else {
    column.values = std::vector<double>(proto.double_values().begin(), proto.double_values().end());
  }
  if (proto.missing_rows_size() > 0) column.valid.assign(static_cast<size_t>(rows), true);
  for (const int32_t row : proto.missing_rows()) {
    if (row < 0 || row >= rows) {
      return BadBatch(fmt::format("column '{}' misses row {} of {}", proto.name(), row, rows));
    }
    column.valid[static_cast<size_t>(row)] = false;
  }
  return column;
}

}  // namespace

common::v1::SeriesKey ToProto(const quant::SeriesKey& key) {
  common::v1::SeriesKey proto;
  proto.set_resource(key.resource);
  proto.set_symbol(key.symbol);
  proto.set_timeframe(ToProto(key.timeframe));
  return proto;
}

absl::StatusOr<quant::SeriesKey> FromProto(const common::v1::SeriesKey& key) {
  base::Violations violations;
  quant::SeriesKey result{.resource = key.resource(),
                          .symbol = key.symbol(),
                          .timeframe = FromProto(key.timeframe(), "timeframe", violations),
                          .variant = {}};
  if (key.resource().empty()) violations.Add("resource", "is required");
  BF_RETURN_IF_ERROR(violations.ToStatus("bad series key"));
  return result;
}

common::v1::ColumnarBatch ToProto(const quant::Series& series, size_t begin, size_t end) {
  common::v1::ColumnarBatch batch;
  *batch.mutable_key() = ToProto(series.key);
  batch.set_basis(ToProto(series.basis));
  batch.mutable_times_unix_ns()->Add(series.times.data() + begin, series.times.data() + end);
  for (const quant::Column& column : series.columns) {
    common::v1::Column* proto = batch.add_columns();
    proto->set_name(column.name);
    AddValues(column, begin, end, *proto);
    if (column.valid.empty()) continue;
    for (size_t row = begin; row < end; ++row) {
      if (!column.valid[row]) proto->add_missing_rows(static_cast<int32_t>(row - begin));
    }
  }
  return batch;
}

absl::StatusOr<quant::Series> FromProto(const common::v1::ColumnarBatch& batch, bool repeats) {
  absl::StatusOr<quant::SeriesKey> key = FromProto(batch.key());
  if (!key.ok()) return BadBatch(base::Message(key.status()));
  if (!common::v1::PriceBasis_IsValid(batch.basis())) {
    return BadBatch(fmt::format("{} is not a price basis", static_cast<int>(batch.basis())));
  }
  quant::Series series{.key = *std::move(key),
                       .basis = static_cast<quant::PriceBasis>(batch.basis()),
                       .repeats = repeats,
                       .times = {batch.times_unix_ns().begin(), batch.times_unix_ns().end()},
                       .columns = {}};
  for (const common::v1::Column& proto : batch.columns()) {
    BF_ASSIGN_OR_RETURN(quant::Column column, ColumnOf(proto, batch.times_unix_ns_size()));
    series.columns.push_back(std::move(column));
  }
  if (const absl::Status valid = series.Validate(); !valid.ok()) return BadBatch(base::Message(valid));
  return series;
}

}  // namespace breadthflow::rpc
