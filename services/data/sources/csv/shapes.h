#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/data/sources/csv/row_time.h"

// Files whose lines are not the rows of a series: several lines make a row, or a line makes several.
namespace breadthflow::data::csv {

class Gatherer {
 public:
  virtual ~Gatherer() = default;
  // A line of the right number of cells.
  virtual void Take(const Row& row) = 0;
  // After the last line.
  virtual void Finish() {}
};

// For every shape but kRows. Complains about columns that the shape needs and the file lacks. The context must outlive
// it.
std::unique_ptr<Gatherer> MakeGatherer(const FileContext& context);

// The columns that a file of that shape has beside those of its layout.
std::vector<std::string> ColumnsOf(Shape shape);

}  // namespace breadthflow::data::csv
