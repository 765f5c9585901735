#include "common/process/run_module.h"
#include "services/registry/module.h"

int main(int argc, char** argv) {
  return breadthflow::process::RunModule<breadthflow::registry::RegistryModule>(argc, argv);
}
