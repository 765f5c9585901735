#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/quant/series.h"
#include "services/data/domain/price_basis.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/series_market.h"
#include "services/data/domain/source.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {

// Collects the rows of all files of one query. A column is there once something asked for its index; a row that puts
// nothing into it lacks it there. Not thread-safe.
class RowSink {
 public:
  explicit RowSink(const Resource& resource) : resource_(resource) {}

  // Of a field of the resource (which has its type) or of another column.
  size_t Index(std::string_view name, quant::ColumnType type_of_others);
  quant::ColumnType TypeOf(size_t column) const { return columns_[column].type(); }
  const Field* FieldOf(size_t column) const { return fields_[column]; }

  void Begin(int64_t time_ns, std::string_view file, int64_t line);
  // A row whose time is that of a report on a period, which depends on when the other periods end.
  void BeginPeriod(absl::CivilDay period_end, bool annual, std::string_view file, int64_t line);
  void Put(size_t column, double value);
  void Put(size_t column, int64_t value);
  void Put(size_t column, std::string value);
  size_t size() const { return times_.size(); }

  // What a file says of its rows, after them. Files that say different things of their prices are a fault.
  void Declare(const AssumedBasis& basis, bool says_timeframe, std::string_view file, Faults& faults);
  // The calendar that a file names. Files that name different ones are a fault.
  void DeclareMarket(const SeriesMarket& market, std::string_view file, Faults& faults);
  // Nobody said for a file what the times of its bars within a day mark: they are taken for their ends.
  void AssumeEnds() { ends_assumed_ = true; }
  // As of when a file says that its prices are adjusted; nullopt: it does not. Files that differ are a fault.
  void DeclareDay(const std::optional<absl::CivilDay>& adjusted_as_of, std::string_view file, Faults& faults);

  struct Taking {
    bool sort = false;                     // rows may have come in any order (those of one instant stay in theirs)
    bool any_spacing = false;              // rows that look like larger bars are those that are asked for
    std::optional<SeriesMarket> market{};  // that a parameter names
  };
  // The rows of the query's range.
  // Two rows at one instant are a fault where the resource has one row each. Series without a price basis when nothing
  // was declared.
  SourceData Finish(const SourceQuery& query, const Taking& taking, Faults& faults) &&;

 private:
  struct Place {
    size_t file = 0;
    int64_t line = 0;
  };
  struct Period {
    size_t row = 0;
    absl::CivilDay end;
    bool annual = false;
  };
  template <typename T>
  void PutValue(size_t column, T value);
  std::string_view CurrencyOf(size_t row) const;
  void Sort();
  void CheckSpacing(const SourceQuery& query, bool any, Faults& faults, std::vector<std::string>& notes) const;

  void CheckStamps(const SourceQuery& query, const std::optional<SeriesMarket>& named, Faults& faults,
                   std::vector<std::string>& notes) const;

  const Resource& resource_;
  std::vector<quant::Column> columns_;
  std::vector<const Field*> fields_;
  std::vector<int64_t> times_;
  std::vector<Place> places_;
  std::vector<std::string> files_;
  std::vector<Period> periods_;
  std::set<absl::CivilDay> year_ends_;
  AssumedBasis basis_{quant::PriceBasis::kNotPrices, true};
  std::string basis_file_;  // that declared it first
  bool says_timeframe_ = true;
  bool ends_assumed_ = false;
  std::optional<SeriesMarket> market_;
  std::string market_file_;  // that named it first
  std::optional<absl::CivilDay> adjusted_as_of_;
  std::string day_file_;  // the first one; empty: there was none
};

}  // namespace breadthflow::data::csv
