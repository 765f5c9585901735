#include "common/process/run_module.h"
#include "services/backtest/module.h"

int main(int argc, char** argv) {
  return breadthflow::process::RunModule<breadthflow::backtest::BacktestModule>(argc, argv);
}
