#include "common/jobs/submit.h"

#include <utility>

#include "common/base/status.h"
#include "common/jobs/store.h"

namespace breadthflow::jobs {
namespace {

using postgres::Rows;
using postgres::Transaction;

constexpr char kRemember[] =
    "INSERT INTO request (principal, method, request_id, payload_hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
constexpr char kAnswer[] = "UPDATE request SET response = $4 WHERE principal = $1 AND method = $2 AND request_id = $3";
constexpr char kFind[] =
    "SELECT payload_hash, response FROM request WHERE principal = $1 AND method = $2 AND request_id = $3";

absl::Status Reused(const SubmitKey& key) {
  return base::MakeError(
      absl::StatusCode::kInvalidArgument, "this request_id was used for another request",
      {.reason = "REQUEST_ID_REUSED",
       .metadata = {{"request_id", key.request_id}},
       .violations = {{"request_id", "was used for another request of this method; take a new one"}}});
}

// A UUID is the same in upper and lower case (RFC 9562, 4).
SubmitKey Lowered(SubmitKey key) {
  for (char& c : key.request_id) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

// nullopt when the key was not used yet.
absl::StatusOr<std::optional<std::string>> Find(Transaction& tx, const SubmitKey& key) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kFind, {key.principal, key.method, key.request_id}));
  if (rows.empty()) return std::nullopt;
  if (rows[0].Text(0) != key.payload_hash) return Reused(key);
  return rows[0].Text(1);
}

}  // namespace

absl::StatusOr<std::string> SubmitOnce(postgres::Database& database, const SubmitKey& given,
                                       const std::function<absl::StatusOr<std::string>(Transaction&)>& create,
                                       const postgres::TransactOptions& options) {
  const SubmitKey key = Lowered(given);
  std::string response;
  if (key.request_id.empty()) {
    const absl::Status status = database.Transact(
        [&](Transaction& tx) -> absl::Status {
          BF_ASSIGN_OR_RETURN(response, create(tx));
          return absl::OkStatus();
        },
        options);
    if (!status.ok()) return status;
    return response;
  }

  postgres::TransactOptions safe = options;
  safe.safe_to_retry = true;
  safe.took_effect = [&](Transaction& tx) -> absl::StatusOr<bool> {
    BF_ASSIGN_OR_RETURN(const std::optional<std::string> found, Find(tx, key));
    response = found.value_or("");
    return found.has_value();
  };
  const absl::Status status = database.Transact(
      [&](Transaction& tx) -> absl::Status {
        // Waits for a concurrent first caller: then either its row is there, or it failed and ours is the first.
        BF_ASSIGN_OR_RETURN(const int64_t first,
                            tx.Execute(kRemember, {key.principal, key.method, key.request_id, key.payload_hash}));
        if (first == 1) {
          BF_ASSIGN_OR_RETURN(response, create(tx));
          return tx.Execute(kAnswer, {key.principal, key.method, key.request_id, response}).status();
        }
        BF_ASSIGN_OR_RETURN(std::optional<std::string> found, Find(tx, key));
        if (!found) {
          return base::MakeError(absl::StatusCode::kAborted, "CONFLICT", "the request is being forgotten; try again");
        }
        response = *std::move(found);
        return absl::OkStatus();
      },
      safe);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<std::string> SubmitJob(postgres::Database& database, const SubmitKey& key, const NewJob& job,
                                      const std::function<absl::Status(Transaction&)>& insert,
                                      const postgres::TransactOptions& options) {
  const auto create = [&](Transaction& tx) -> absl::StatusOr<std::string> {
    BF_RETURN_IF_ERROR(JobStore::Enqueue(tx, job));
    BF_RETURN_IF_ERROR(insert(tx));
    return job.id;
  };
  return SubmitOnce(database, key, create, options);
}

absl::StatusOr<std::optional<std::string>> FindSubmitted(postgres::Database& database, const SubmitKey& given,
                                                         const postgres::TransactOptions& options) {
  const SubmitKey key = Lowered(given);
  std::optional<std::string> found;
  if (key.request_id.empty()) return found;
  postgres::TransactOptions reading = options;
  reading.read_only = true;
  BF_RETURN_IF_ERROR(database.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(found, Find(tx, key));
        return absl::OkStatus();
      },
      reading));
  return found;
}

absl::Status RequestCancel(postgres::Database& database, const std::string& id, absl::Time deadline) {
  return database.Transact(
      [&](Transaction& tx) { return JobStore::RequestCancel(tx, id).status(); },
      {.deadline = deadline, .took_effect = [](Transaction&) { return false; }, .safe_to_retry = true});
}

}  // namespace breadthflow::jobs
