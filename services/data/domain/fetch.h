#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "common/quant/series.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {

inline constexpr size_t kMaxSymbols = 10'000;

struct FetchSpec {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  component::ComponentRef source;
};

enum class Outcome { kPending = 0, kOk = 1, kEmptyConfirmed = 2, kFailed = 3 };

// How the fetch of one symbol ended: exactly one of the outcomes, never silence.
struct FetchResult {
  std::string symbol;
  Outcome outcome = Outcome::kPending;
  int64_t rows = 0;          // received
  int64_t changed_rows = 0;  // new, revised or gone; 0 when everything was known already
  absl::Status error;        // not OK exactly when kFailed
  bool retryable = false;
  std::string body_sha256;  // of the body the rows were read from; empty when there was none
};

// What is wrong with a spec as such (symbols, range); sources check their own part. `resource` is what was found under
// spec.resource. INVALID_ARGUMENT with every violation.
absl::Status CheckSpec(const FetchSpec& spec, const absl::StatusOr<const Resource*>& resource);

// Two requests with one fingerprint ask for the same thing: of the spec as its sender wrote it, without the source's
// defaults.
std::string Fingerprint(const FetchSpec& spec);

// What becomes of a run whose symbols ended like this: OK unless every symbol failed. Then UNAVAILABLE when another
// attempt may help one of them, else FAILED_PRECONDITION; reason ALL_SYMBOLS_FAILED, and the first errors in the text.
absl::Status RunStatusOf(const std::vector<FetchResult>& results);

}  // namespace breadthflow::data
