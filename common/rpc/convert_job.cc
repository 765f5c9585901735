#include "common/rpc/convert_job.h"

#include "google/rpc/status.pb.h"

#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::rpc {

common::v1::JobStatus ToProto(const jobs::Job& job) {
  common::v1::JobStatus proto;
  proto.set_state(static_cast<common::v1::JobStatus::State>(job.state));
  proto.set_progress(job.progress);
  proto.set_stage(job.stage);
  proto.set_attempt_count(job.attempt);
  if (!job.error.ok()) *proto.mutable_error() = ToProto(job.error);
  const auto set = [](absl::Time time, auto mutable_time) {
    if (time != absl::InfinitePast()) *mutable_time() = ToProto(time);
  };
  set(job.create_time, [&] { return proto.mutable_create_time(); });
  set(job.start_time, [&] { return proto.mutable_start_time(); });
  set(job.end_time, [&] { return proto.mutable_end_time(); });
  return proto;
}

bool IsFinal(const common::v1::JobStatus& status) {
  return status.state() == common::v1::JobStatus::STATE_SUCCEEDED ||
         status.state() == common::v1::JobStatus::STATE_FAILED ||
         status.state() == common::v1::JobStatus::STATE_CANCELLED;
}

}  // namespace breadthflow::rpc
