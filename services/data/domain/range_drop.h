#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/quant/series.h"

namespace breadthflow::data {

// Which old rows are to go: those before an instant. Dividends and splits are known on one day and take effect on
// another: one goes when it is before the instant by both, since what stays must be whole for the time from the instant
// on (asked_rows.h). One that was announced before it and takes effect later stays, and with it the others of its
// instant; one that was announced later stays anyhow.
struct DropSpec {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;  // empty: all that are stored
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  std::string source;  // empty: every source
  int64_t before_ns = 0;
};

// What went of one series.
struct DroppedRange {
  quant::SeriesKey key;      // the variant names the source
  int64_t rows = 0;          // that were its newest state; 0: all stay
  int64_t staying_rows = 0;  // before the instant, that stay because they take effect later
  int64_t freed_bytes = 0;   // at rest, of all its states, once they are swept
  int64_t kept_bytes = 0;    // at rest, because a snapshot needs them
};

// A drop that was made, or that would be: then without id and time.
struct RangeDrop {
  std::string id;
  int64_t before_ns = 0;
  absl::Time create_time = absl::InfinitePast();
  std::vector<DroppedRange> series;  // ordered by key; only those that had rows before the instant
};

// Two requests with one fingerprint ask for the same thing.
std::string Fingerprint(const DropSpec& spec);

}  // namespace breadthflow::data
