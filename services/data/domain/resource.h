#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/quant/series.h"

namespace breadthflow::data {

// One column of a resource and what its values must be.
struct Field {
  std::string name;
  quant::ColumnType type = quant::ColumnType::kDouble;
  std::string unit;                 // for people
  bool required = true;             // a row without it is refused
  std::optional<double> min;        // numbers only
  bool min_exclusive = false;       // the bound itself is refused
  std::optional<double> max;        // numbers only
  bool date = false;                // text only: YYYY-MM-DD, a day that exists
  std::vector<std::string> one_of;  // text only: the values there are; empty: any
  std::string description;
};

// Two columns of numbers of which the one is not above the other in any row that has both.
struct FieldOrder {
  std::string low;
  std::string high;
  friend bool operator==(const FieldOrder&, const FieldOrder&) = default;
};

// A kind of data: its columns, units, frequency and rules. The rules of a Resource are those without which a row means
// nothing; what is merely doubtful is found by the quality checks.
struct Resource {
  std::string id;  // "stock_price"
  std::string description;
  std::vector<Field> fields;
  std::string frequency;
  std::vector<std::string> rules;  // between columns, for people
  std::vector<FieldOrder> orders;  // of them those that CheckSeries knows
  bool prices = false;             // has a price basis
  bool bars = false;               // is summarised over a timeframe; all others have the timeframe "tick"
  bool market_wide = false;        // its symbols are no companies: what is known of one goes with rows of any
  bool repeats = false;            // several rows may share their instant
  bool together = false;           // and are one state only together: a chain, a book, the members of an index
  // Columns that tell rows of one instant apart: a row that agrees in them with another is the same, told anew. Empty:
  // rows are the same when all their values are.
  std::vector<std::string> identity;
  std::string time;          // which instant the time of a row is, for people
  std::string takes_effect;  // date field: the day from which it holds, where that is not its time; see asked_rows.h
  bool custom = false;       // made at run time

  const Field* Find(std::string_view name) const;
};

// The predefined resources, ordered by id. Immutable. Those made at run time are in the store (ResourceStore), which
// finds both: whoever serves a request asks it.
const std::vector<Resource>& Resources();

// Among the predefined ones. NOT_FOUND UNKNOWN_RESOURCE with the known ids.
absl::StatusOr<const Resource*> FindResource(std::string_view id);

// The same error, for whoever knows more ids.
absl::Status UnknownResource(std::string_view id, const std::vector<std::string>& known);

// Finds any resource, as FindResource; what it points at stays as long as the process serves.
using ResourceLookup = std::function<absl::StatusOr<const Resource*>(const std::string& id)>;

// What is wrong with `value` as a value of `field`; nullopt when it may stand. NaN and infinity may not.
std::optional<std::string> Fault(const Field& field, double value);
std::optional<std::string> Fault(const Field& field, int64_t value);
std::optional<std::string> Fault(const Field& field, std::string_view value);

// What is wrong with two values of one row; nullopt when they are in order or one is missing.
std::optional<std::string> OrderFault(const FieldOrder& order, std::optional<double> low, std::optional<double> high);

// Columns whose name holds a dot ("alpha_vantage.goodwill") are what a source has beyond the resource: lower-case
// source, dot, its own name. They are kept and served as they came, and only their types are checked.
bool IsExtra(std::string_view column);

// The column by which bars that were made by fill_forward mark the rows that no trade made (see quant::Resample), and
// what to say of it to whoever wants to store them.
inline constexpr std::string_view kIsFilled = "is_filled";
inline constexpr char kFilledRows[] =
    "marks rows that repeat the close before them where nothing was traded: they are no bars and are not stored; "
    "export "
    "without --fill-forward";

// Adds what is wrong with the rows of `series`: columns that the resource does not have, types, missing required
// values, bounds, orders that do not hold, a price basis where none belongs. `label` names a row for people
// ("AAPL.csv:17").
void CheckSeries(const Resource& resource, const quant::Series& series,
                 const std::function<std::string(size_t row)>& label, base::Violations& violations);

// INVALID_SYMBOL text, or nullopt: 1 to 32 characters of A-Z 0-9 . - ^ = that do not begin with a dot.
std::optional<std::string> SymbolFault(std::string_view symbol);

}  // namespace breadthflow::data
