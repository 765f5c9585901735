#include "common/process/run_module.h"
#include "services/signal/module.h"

int main(int argc, char** argv) {
  return breadthflow::process::RunModule<breadthflow::signal::SignalModule>(argc, argv);
}
