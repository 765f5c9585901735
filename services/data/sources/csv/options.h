#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "common/component/params.h"
#include "services/data/domain/source.h"
#include "services/data/sources/csv/read.h"

namespace breadthflow::data::csv {

// How a text is to be read, as parameters of a component: layout, columns, calendar, time_zone, stamp, order, spacing,
// date_order, time_unit, delimiter, skip_lines, basis, adjusted_as_of.
std::vector<component::ParamSpec> ReadParams();

// INVALID_ARGUMENT with every violation: unknown layouts, calendars and zones, mappings and lines that are none.
absl::StatusOr<ReadOptions> OptionsOf(const component::Params& params);

// What is wrong with reading that resource in that timeframe by these options, before any file is read.
// INVALID_ARGUMENT NOT_OFFERED, or with every violation of the parameters.
absl::Status CheckQuery(const SourceQuery& query, const ReadOptions& options);

}  // namespace breadthflow::data::csv
