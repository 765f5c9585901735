#include <iostream>

#include "absl/time/clock.h"

#include "tests/integration/orchestrator/fake_services.h"

// Works on the pipelines of the database named by argv[1] until it is killed.
int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: orchestrator_worker DATABASE_URL" << std::endl;
    return 2;
  }
  breadthflow::orchestrator::TestOrchestrator orchestrator(argv[1]);
  absl::SleepFor(absl::InfiniteDuration());
}
