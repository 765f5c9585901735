#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/clients/data_client.h"

namespace breadthflow::testing {

// A data service that knows the snapshots it was given, as they are: it adjusts no prices, but refuses to take an
// adjustment out. For one reader at a time.
class FakeDataClient final : public clients::DataClient {
 public:
  void AddSnapshot(const std::string& name, std::vector<quant::Series> series) { snapshots_[name] = std::move(series); }

  void RemoveSnapshot(const std::string& name) { snapshots_.erase(name); }

  std::vector<clients::ReadQuery> queries;  // every read so far

  // Called before each read and before each series that is handed over; an error ends the read with it.
  std::function<absl::Status(const std::string& symbol, const clients::CallScope& scope)> before;

  absl::StatusOr<clients::SnapshotInfo> GetSnapshot(const std::string& name, const clients::CallScope&) override {
    const auto found = snapshots_.find(name);
    if (found == snapshots_.end())
      return base::MakeError(absl::StatusCode::kNotFound, "SNAPSHOT_NOT_FOUND", "there is no " + name);
    clients::SnapshotInfo info;
    info.name = name;
    for (const quant::Series& series : found->second) {
      info.spec.symbols.push_back(series.key.symbol);
      info.row_count += static_cast<int64_t>(series.size());
    }
    info.series_count = static_cast<int64_t>(found->second.size());
    return info;
  }

  absl::Status ReadEach(const clients::ReadQuery& query, const std::function<absl::Status(quant::Series)>& fn,
                        const clients::CallScope& scope) override {
    const auto found = snapshots_.find(query.snapshot);
    if (found == snapshots_.end())
      return base::MakeError(absl::StatusCode::kNotFound, "SNAPSHOT_NOT_FOUND", "there is no " + query.snapshot);
    if (before) BF_RETURN_IF_ERROR(before("", scope));
    queries.push_back(query);
    std::vector<std::string> symbols = query.symbols;
    if (symbols.empty())
      for (const quant::Series& series : found->second) symbols.push_back(series.key.symbol);
    for (const std::string& symbol : symbols) {
      if (before) BF_RETURN_IF_ERROR(before(symbol, scope));
      for (const quant::Series& series : found->second) {
        if (series.key.symbol != symbol) continue;
        if (query.basis && series.basis > *query.basis && !query.keep_adjusted)
          return base::MakeError(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED", "can not be undone");
        BF_RETURN_IF_ERROR(fn(series.Slice(query.range)));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<quant::Series>> Read(const clients::ReadQuery& query,
                                                  const clients::CallScope& scope) override {
    std::vector<quant::Series> all;
    BF_RETURN_IF_ERROR(ReadEach(
        query,
        [&](quant::Series series) {
          all.push_back(std::move(series));
          return absl::OkStatus();
        },
        scope));
    return all;
  }

  absl::StatusOr<std::string> CreateFetchRun(const clients::FetchSpec&, const std::string&,
                                             const clients::CallScope&) override {
    return NotPartOfThisFake();
  }
  absl::StatusOr<clients::FetchRun> GetFetchRun(const std::string&, const clients::CallScope&) override {
    return NotPartOfThisFake();
  }
  absl::Status CancelFetchRun(const std::string&, const clients::CallScope&) override { return NotPartOfThisFake(); }
  absl::StatusOr<clients::SnapshotInfo> CreateSnapshot(const clients::SnapshotSpec&, const std::string&,
                                                       const clients::CallScope&) override {
    return NotPartOfThisFake();
  }
  absl::StatusOr<clients::QualityReport> GetQualityReport(const std::string&, const clients::CallScope&) override {
    return NotPartOfThisFake();
  }

 private:
  static absl::Status NotPartOfThisFake() { return absl::UnimplementedError("not part of this fake"); }

  std::map<std::string, std::vector<quant::Series>> snapshots_;
};

}  // namespace breadthflow::testing
