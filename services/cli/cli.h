#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace breadthflow::cli {

// What the environment says: BREADTHFLOW_SERVER and BREADTHFLOW_API_KEY.
struct Defaults {
  std::string server;
  std::string api_key;
};

// Runs the command line `words` (without the program's name). `json` gets results of --output json and completion
// scripts and nothing else; everything for people goes to `people`. Returns the exit status of CONTRACT.
int RunCli(const std::vector<std::string>& words, const Defaults& defaults, std::ostream& json, std::ostream& people);

}  // namespace breadthflow::cli
