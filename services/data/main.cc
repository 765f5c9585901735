#include "common/process/run_module.h"
#include "services/data/module.h"

int main(int argc, char** argv) { return breadthflow::process::RunModule<breadthflow::data::DataModule>(argc, argv); }
