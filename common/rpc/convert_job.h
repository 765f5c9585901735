#pragma once

#include "breadthflow/common/v1/job.pb.h"

#include "common/jobs/job.h"

namespace breadthflow::rpc {

// How a job looks in the resource it works for. A job that is between attempts shows the error of the last one.
common::v1::JobStatus ToProto(const jobs::Job& job);

// SUCCEEDED, FAILED or CANCELLED: nothing will change any more, a watcher may go.
bool IsFinal(const common::v1::JobStatus& status);

}  // namespace breadthflow::rpc
