#pragma once

#include "absl/status/statusor.h"
#include "breadthflow/training/v1/model.pb.h"
#include "breadthflow/training/v1/training_service.pb.h"

#include "common/base/status.h"
#include "services/training/domain/records.h"
#include "services/training/domain/training_spec.h"

namespace breadthflow::training {

// What the proto can hold and the domain can not is added to `violations` with its field ("spec.range"); everything
// else is checked by Complete().
TrainingSpec FromProto(const v1::TrainingSpec& spec, base::Violations& violations);

v1::TrainingSpec ToProto(const TrainingSpec& spec);
v1::TrainingRun ToProto(const TrainingRun& run);
v1::Model ToProto(const Model& model);

}  // namespace breadthflow::training
