#include "common/process/run_module.h"
#include "services/orchestrator/module.h"

int main(int argc, char** argv) {
  return breadthflow::process::RunModule<breadthflow::orchestrator::OrchestratorModule>(argc, argv);
}
