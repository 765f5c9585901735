#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "services/data/domain/coverage.h"

namespace breadthflow::data {

// Which entries; empty fields select all.
struct CoverageFilter {
  std::string resource;
  std::string symbol;
  std::optional<quant::Timeframe> timeframe;
  std::string source;
};

// Where a page begins: behind this entry.
struct CoveragePosition {
  quant::SeriesKey key;
  int64_t start_ns = 0;
};

// What is covered of which series. Thread-safe; holds nothing but the database.
class CoverageStore {
 public:
  // `policy`: that by which is asked for what is missing (Missing, Covered), since Add fuses what it can not tell
  // apart.
  explicit CoverageStore(postgres::Database& database, const CoveragePolicy& policy = {})
      : database_(database), policy_(policy) {}

  // All entries of these symbols, by variant, each list ascending.
  using BySource = std::map<std::string, std::vector<Coverage>>;
  absl::StatusOr<std::map<std::string, BySource>> Find(const std::string& resource,
                                                       const std::vector<std::string>& symbols,
                                                       quant::Timeframe timeframe, absl::Time deadline);

  // What was answered by `as_of` of a resource for which RemembersAnswers, with rows or without, by symbol, each list
  // in the order of the sources. Never less as of the same instant later on, and never more unless a fetch was just
  // being committed.
  absl::StatusOr<std::map<std::string, std::vector<Answers>>> FindAnswers(const std::string& resource,
                                                                          const std::vector<std::string>& symbols,
                                                                          quant::Timeframe timeframe, absl::Time as_of,
                                                                          absl::Time deadline);

  // Merges the entries into those that are there, as Merge and Fused do, in the transaction that stores their rows.
  // Locks the series, in the order of their keys.
  absl::Status Add(postgres::Transaction& tx, const std::vector<Coverage>& added);

  // Ordered by resource, symbol, timeframe, source and start; at most `limit`.
  absl::StatusOr<std::vector<Coverage>> List(const CoverageFilter& filter, const std::optional<CoveragePosition>& after,
                                             int limit, absl::Time deadline);

  // How often the sources failed since then in ways that may pass; those that did not are absent.
  absl::StatusOr<std::map<std::string, int64_t>> CountFailures(absl::Time since, absl::Time deadline);

 private:
  postgres::Database& database_;
  const CoveragePolicy policy_;
};

}  // namespace breadthflow::data
