#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/data/sources/csv/row_time.h"

namespace breadthflow::data::csv {

// Puts the cells of rows into the columns that a layout says. The context must outlive it.
class RowCells {
 public:
  explicit RowCells(const FileContext& context);

  // Checks the cells of a row and, when it was begun, puts them. Complains about what they must not be.
  void Put(const Row& row, bool begun);
  // True when no cell but that of the time holds anything.
  bool Blank(const Row& row) const;
  // Takes the line about the underlying, whose values go beside those of every contract after it; false when the row
  // is none.
  bool ReadUnderlying(const Row& row);

 private:
  struct Target {
    const Column* column = nullptr;
    size_t cell = 0;
    size_t sink = 0;      // index in the sink
    bool stored = false;  // false: only checked
    const Field* field = nullptr;
    quant::ColumnType type = quant::ColumnType::kDouble;
  };
  // A column of a layout `as_written` that is no field. Its type is that of its first value: text in quotes, a whole
  // number, or a number with a point or an exponent.
  struct Extra {
    std::string name;
    size_t cell = 0;
    std::optional<size_t> sink{};
  };
  struct Underlying {
    std::string name;
    size_t sink = 0;
    double value = 0;
  };

  void Add(const Column& column, size_t cell);
  void FindRest();
  bool Missing(const Row& row, size_t cell) const;
  void PutOne(const Row& row, const Target& target, bool begun);
  void PutNumber(const Row& row, const Target& target, std::string_view cell, bool begun);
  void PutInteger(const Row& row, const Target& target, std::string_view cell, bool begun);
  void PutText(const Row& row, const Target& target, std::string_view cell, bool begun);
  void PutExtra(const Row& row, Extra& extra);

  const FileContext& context_;
  std::vector<Column> rest_;  // columns that the layout does not name
  std::vector<Target> targets_;
  std::vector<Extra> extras_;
  std::vector<std::pair<size_t, std::string>> constants_;
  std::vector<Underlying> underlying_;
  // Columns that must be in order, and their values in the row at hand.
  struct Pair {
    const FieldOrder* order = nullptr;
    std::optional<double> low;
    std::optional<double> high;
  };
  void Note(const Field& field, double value);

  std::vector<Pair> pairs_;
};

}  // namespace breadthflow::data::csv
