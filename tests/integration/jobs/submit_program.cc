// A client that dies between COMMIT and the response: jobs_submit_program URL REQUEST_ID.
#include <signal.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"

int main(int, char** argv) {
  using namespace breadthflow;
  const auto database = postgres::Database::Open({.url = argv[1], .schema = "jobs", .pool_size = 1});
  const auto name = jobs::SubmitOnce(*database, {"alice", "Create", argv[2], "hash"},
                                     [](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
                                       const std::string id = base::NewUuid(absl::Now());
                                       BF_RETURN_IF_ERROR(jobs::JobStore::Enqueue(tx, {.id = id, .kind = "work"}));
                                       return "runs/" + id;
                                     });
  raise(name.ok() ? SIGKILL : SIGABRT);
  return 1;
}
