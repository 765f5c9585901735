#include "services/data/app/live_calendars.h"

#include "common/base/status.h"

namespace breadthflow::data {

absl::StatusOr<NamedCalendars> LiveCalendars::Of(const std::vector<quant::SeriesKey>& keys) {
  NamedCalendars named;
  std::vector<quant::SeriesKey> unknown;
  int64_t forgotten = 0;
  {
    absl::MutexLock lock(&mutex_);
    forgotten = forgotten_;
    for (const quant::SeriesKey& key : keys) {
      const auto found = known_.find(key);
      if (found == known_.end()) {
        unknown.push_back(key);
      } else if (found->second != nullptr) {
        named.insert(*found);
      }
    }
  }
  if (unknown.empty()) return named;
  BF_ASSIGN_OR_RETURN(const NamedCalendars asked, ask_(unknown));
  named.insert(asked.begin(), asked.end());
  absl::MutexLock lock(&mutex_);
  if (forgotten != forgotten_) return named;  // it may have changed behind the question
  for (const quant::SeriesKey& key : unknown) known_[key] = NamedFor(asked, key);
  return named;
}

void LiveCalendars::Forget() {
  absl::MutexLock lock(&mutex_);
  ++forgotten_;
  known_.clear();
}

}  // namespace breadthflow::data
