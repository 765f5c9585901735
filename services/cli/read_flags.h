#pragma once

#include <vector>

#include "breadthflow/data/v1/data_service.pb.h"

#include "common/base/status.h"
#include "services/cli/command.h"
#include "services/cli/rehearsal.h"

// In which state and shape rows of stored series are read: what the verbs that read have in common.
namespace breadthflow::cli {

// --fields --as-of --adjustment --actions-from --resample --calendar --fill-forward --join --join-ttl --join-source
// --join-replace-by --join-period --join-skip-missing.
std::vector<Flag> ReadShapeFlags();

// Puts them into `request`.
//
// --resample  a bar size ("1week"), or ticks:N, volume:N, dollars:N, range:N.
// --join      RESOURCE.COLUMN or RESOURCE[SYMBOL].COLUMN, comma-separated and repeated; columns of one resource and
// symbol
//             are one join.
// --join-ttl, --join-source, --join-replace-by and --join-period hold for all joins, or as RESOURCE=VALUE for one.
void ParseReadShape(const Arguments& arguments, data::v1::ReadSeriesRequest& request, base::Violations& violations);

// Which flag each field of the request comes from, for MergeByFlag.
const std::vector<FlagOfField>& FlagsOfRead();

}  // namespace breadthflow::cli
