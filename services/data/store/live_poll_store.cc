#include "services/data/store/live_poll_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kClaim = R"sql(
  INSERT INTO live_poll (feed, symbol, slot)
  SELECT $1, symbol, $3 FROM unnest($2::text[]) AS symbol
  ON CONFLICT ON CONSTRAINT live_poll_pkey DO UPDATE SET slot = excluded.slot WHERE live_poll.slot < excluded.slot
  RETURNING symbol)sql";

constexpr std::string_view kRelease =
    "DELETE FROM live_poll WHERE feed = $1 AND symbol = ANY($2::text[]) AND slot = $3";

constexpr std::string_view kForget = "DELETE FROM live_poll WHERE slot < $1";

}  // namespace

absl::StatusOr<std::vector<std::string>> LivePollStore::Claim(const std::string& feed, std::vector<std::string> symbols,
                                                              absl::Time slot) {
  // In one order, so that two replicas do not lock each other out.
  std::sort(symbols.begin(), symbols.end());
  std::vector<std::string> claimed;
  BF_RETURN_IF_ERROR(database_.Transact([&](postgres::Transaction& tx) -> absl::Status {
    claimed.clear();
    BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kClaim, {feed, postgres::TextArray(symbols), slot}));
    for (const postgres::Row& row : rows) claimed.push_back(row.Text(0));
    return absl::OkStatus();
  }));
  std::sort(claimed.begin(), claimed.end());
  return claimed;
}

absl::Status LivePollStore::Release(const std::string& feed, const std::vector<std::string>& symbols, absl::Time slot) {
  return database_.Transact([&](postgres::Transaction& tx) {
    return tx.Execute(kRelease, {feed, postgres::TextArray(symbols), slot}).status();
  });
}

absl::Status LivePollStore::Forget(absl::Time before) {
  return database_.Transact([&](postgres::Transaction& tx) { return tx.Execute(kForget, {before}).status(); });
}

}  // namespace breadthflow::data
