#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/component/params.h"
#include "common/quant/series.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {

// What the rows of an import are.
struct ImportSpec {
  std::string resource = "stock_price";
  bool resource_said = true;  // false: nobody named the resource, it is the default
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  bool timeframe_said = true;              // false: nobody named the bar size, it is the default
  std::string source = "import";           // under which the rows are kept
  std::optional<quant::PriceBasis> basis;  // nullopt: as the rows say, else by AssumeBasis()
  // Of split-adjusted prices: the day by whose splits they are divided (price_anchor.h); nullopt: nobody says.
  std::optional<absl::CivilDay> adjusted_as_of;
  std::optional<quant::TimeRange> replaces;
  component::RawParams csv_params;
  QualityGate gate = QualityGate::kStore;
  std::optional<component::ComponentRef> answers_of;  // the source that gave the files; nullopt: they are CSV
};

// Lower-case letters, digits and underscores, 1 to 63, beginning with a letter.
bool IsSourceName(std::string_view name);

// "bars/aapl.csv.gz" -> "AAPL": whose rows a file has that does not say it. Empty for "/dev/stdin" and the like.
std::string SymbolOfFileName(const std::string& file);

// Collects violations of many rows; lists the first kMaxListed and says when there are more.
class ImportFaults {
 public:
  static constexpr size_t kMaxListed = 100;
  void Add(std::string_view field, std::string_view description);
  void Merge(const absl::Status& status);
  bool empty() const { return count_ == 0; }
  bool full() const { return count_ > kMaxListed; }
  // INVALID_ARGUMENT INVALID_IMPORT with all of them; where there are more than are listed, the metadata have
  // `violations_more_than`.
  absl::Status ToStatus() const;

 private:
  base::Violations violations_;
  size_t count_ = 0;
};

// The rows of an import by symbol, as they come: piece after piece, from files or messages. Not thread-safe.
class ImportRows {
 public:
  // Takes rows that are valid as a series; `name` says where they come from ("AAPL.csv", "message 3"). Columns without
  // any value are dropped. No rows at all make the symbol known: then it has none. `assume_basis`: nobody says how the
  // prices were adjusted; AssumeBasis() of all such pieces of the symbol does.
  void Add(quant::Series rows, const std::string& name, bool assume_basis = false);

  int64_t bytes() const { return bytes_; }
  bool empty() const { return pieces_.empty(); }

  // One series per symbol, ordered by symbol, with all its rows in the order of time. Faults: columns of different
  // types or price bases in two pieces, and rows of one instant in two pieces where the resource has one row each. What
  // is in one piece only is missing in the rows of the others. Leaves nothing behind.
  std::vector<quant::Series> Take(const Resource& resource, ImportFaults& faults);
  // After Take: the symbols whose price basis nothing told.
  const std::set<std::string>& assumed() const { return assumed_; }

 private:
  struct Piece {
    quant::Series rows;
    std::string name;
    bool assume_basis = false;
  };
  void Assume(std::vector<Piece>& pieces);
  static quant::Series Join(std::vector<Piece> pieces, const Resource& resource, ImportFaults& faults);

  std::map<std::string, std::vector<Piece>> pieces_;
  std::set<std::string> assumed_;
  int64_t bytes_ = 0;
};

}  // namespace breadthflow::data
