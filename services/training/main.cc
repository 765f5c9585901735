#include "common/process/run_module.h"
#include "services/training/module.h"

int main(int argc, char** argv) {
  return breadthflow::process::RunModule<breadthflow::training::TrainingModule>(argc, argv);
}
