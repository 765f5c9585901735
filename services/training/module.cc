#include "services/training/module.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/training/domain/models/catalog.h"

namespace breadthflow::training {

TrainingModule::TrainingModule(const Config& config, const process::ModuleContext& context)
    : data_(clients::MakeDataClient(context.channels)),
      store_(context.database),
      runner_(store_, *data_, Models(), context.clock, std::max(1, config.training().threads())),
      predictor_(store_),
      jobs_(context.database, context.job_options, &context.job_observer),
      service_({.guard = context.guard,
                .page_tokens = context.page_tokens,
                .models = Models(),
                .store = store_,
                .runner = runner_,
                .predictor = predictor_,
                .jobs = jobs_}) {
  jobs_.Handle(TrainingRunner::kJobKind, [this](jobs::JobContext& job) { return runner_.Run(job); });
}

absl::Status TrainingModule::Start(const base::CancelToken& cancel) {
  BF_RETURN_IF_ERROR(store_.Migrate(cancel));
  return jobs_.Start();
}

std::vector<component::Announcement> TrainingModule::announcements() const {
  std::vector<component::Announcement> announcements;
  component::Announce(Models(), announcements);
  return announcements;
}

}  // namespace breadthflow::training
