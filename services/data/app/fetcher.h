#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/component/catalog.h"
#include "common/jobs/runner.h"
#include "services/data/app/symbol_fetch.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/source.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Who asks for something, for jobs and deduplication.
struct Submission {
  std::string principal;
  std::string traceparent;
  std::string request_id;  // empty: no deduplication
  absl::Time deadline = absl::InfiniteFuture();
};

// Fetches: a run per request, worked off as a job. What a run stores and what it says about it appear in one
// transaction, when it has succeeded; until then nothing of it can be seen. Thread-safe.
class Fetcher {
 public:
  static constexpr const char* kJobKind = "fetch";

  // All references must outlive the fetcher. `wake_up` is called after a run or a wish to cancel was committed.
  Fetcher(postgres::Database& database, ResourceStore& resources, SeriesStore& series, FetchStore& runs,
          const component::Catalog<SourceEntry>& sources, SourceEntry::Environment environment,
          const base::Clock& clock, std::function<void()> wake_up);

  // Checks everything that can be checked without the source's data and enqueues the run; its id.
  // INVALID_ARGUMENT with every violation; NOT_FOUND for an unknown source.
  absl::StatusOr<std::string> Submit(const FetchSpec& spec, const Submission& submission);

  // Asks a run to stop; a final one stays what it is. NOT_FOUND as FetchStore::Get.
  absl::Status Cancel(const std::string& id, absl::Time deadline);

  // The handler of the job. Every symbol ends as exactly one outcome; rows are stored symbol by symbol as chunks that
  // nothing refers to yet, and the effects make all of them the next versions of their series at once.
  absl::StatusOr<jobs::Effects> Run(jobs::JobContext& context);

 private:
  postgres::Database& database_;
  ResourceStore& resources_;
  SeriesStore& series_;
  SymbolFetch symbols_;
  FetchStore& runs_;
  const component::Catalog<SourceEntry>& sources_;
  const SourceEntry::Environment environment_;
  const base::Clock& clock_;
  const std::function<void()> wake_up_;
};

}  // namespace breadthflow::data
