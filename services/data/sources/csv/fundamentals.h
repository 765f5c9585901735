#pragma once

#include <memory>

#include "services/data/sources/csv/shapes.h"

// Files of what companies report, an amount a line: several lines make a row. As MakeGatherer(), which calls these.
namespace breadthflow::data::csv {

// Shape::kStatementLong: a row for each period and its length.
std::unique_ptr<Gatherer> MakeStatementGatherer(const FileContext& context);

// Shape::kFactsLong: a row for each filing and period in it.
std::unique_ptr<Gatherer> MakeFactGatherer(const FileContext& context);

}  // namespace breadthflow::data::csv
