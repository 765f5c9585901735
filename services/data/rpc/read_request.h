#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "breadthflow/common/v1/series.pb.h"
#include "breadthflow/data/v1/data_service.pb.h"

#include "common/base/status.h"
#include "common/rpc/call.h"
#include "common/rpc/page_token.h"
#include "common/rpc/source.h"
#include "services/data/app/reader.h"
#include "services/data/domain/read_query.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What a request asks for, without its encoding and resume_token. Adds its violations.
ReadQuery FromProto(const v1::ReadSeriesRequest& request, base::Violations& violations);

// What a read needs; must outlive its stream.
struct ReadParts {
  Reader& reader;
  SeriesStore& series;
  const rpc::PageTokens& page_tokens;
};

// The stream that answers ReadSeries. Errors as Reader::Plan; INVALID_ARGUMENT with everything that is wrong with the
// request; ABORTED SERIES_MOVED when a read can not go on as it began, since a change was just being committed then.
absl::StatusOr<std::unique_ptr<rpc::Source<common::v1::SeriesMessage>>> OpenRead(const rpc::Call& call,
                                                                                 const v1::ReadSeriesRequest& request,
                                                                                 const ReadParts& parts);

}  // namespace breadthflow::data
