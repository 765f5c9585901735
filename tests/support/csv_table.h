#pragma once

#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Tables of numbers whose first column is a key: recorded bars and reference values (see shared_file.h).
namespace breadthflow::testing {

struct CsvTable {
  std::vector<std::string> keys;                       // first column
  std::map<std::string, std::vector<double>> columns;  // NaN where the cell is empty
};

inline std::vector<std::string> SplitCsvLine(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',')
      cells.emplace_back();
    else if (c != '\r' && c != '\n')
      cells.back() += c;
  }
  return cells;
}

// nullopt when the file does not exist or the path is empty.
inline std::optional<CsvTable> ReadCsvTable(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  CsvTable table;
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = SplitCsvLine(line);
  while (std::getline(file, line)) {
    if (line.empty()) continue;
    const std::vector<std::string> cells = SplitCsvLine(line);
    table.keys.push_back(cells[0]);
    for (size_t i = 1; i < header.size(); ++i) {
      double value = std::numeric_limits<double>::quiet_NaN();
      if (i < cells.size()) std::from_chars(cells[i].data(), cells[i].data() + cells[i].size(), value);
      table.columns[header[i]].push_back(value);
    }
  }
  return table;
}

}  // namespace breadthflow::testing
