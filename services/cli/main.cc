#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "services/cli/cli.h"

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  return breadthflow::cli::RunCli(words, {Variable("BREADTHFLOW_SERVER"), Variable("BREADTHFLOW_API_KEY")}, std::cout,
                                  std::cerr);
}
