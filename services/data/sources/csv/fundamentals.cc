#include "services/data/sources/csv/fundamentals.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "services/data/domain/resource.h"

namespace breadthflow::data::csv {
namespace {

constexpr auto kDouble = quant::ColumnType::kDouble;
constexpr auto kInt = quant::ColumnType::kInt64;
constexpr auto kText = quant::ColumnType::kText;

// Where the amounts of long files go: to the fields of the resource asked for; what no resource has stays beside them
// under the name it has in the file.
class Amounts {
 public:
  explicit Amounts(const FileContext& context) : context_(context) {
    for (const Layout& layout : Layouts()) {
      if (layout.name != context.layout.name) continue;
      for (const Column& column : layout.columns) elsewhere_.insert(column.header);
    }
  }

  // Field of an amount; empty when another resource has it.
  std::string FieldOf(std::string_view name) const {
    for (const Column& column : context_.layout.columns) {
      if (column.header == name) return column.field;
    }
    return elsewhere_.contains(name) ? std::string() : fmt::format("csv.{}", name);
  }

  void Put(std::string_view name, double value) const {
    double divisor = 1;
    for (const Column& column : context_.layout.columns) {
      if (column.header == name) divisor = column.divisor;
    }
    context_.sink.Put(context_.sink.Index(FieldOf(name), kDouble),
                      divisor == 1 || value == 0 ? value : value / divisor);
  }

  std::optional<double> Number(const Row& row, const std::string& header) const {
    const std::string_view cell = context_.Cell(row, header);
    const std::optional<double> value = ParseNumber(cell);
    if (!value) context_.Complain(row.line, fmt::format("{} must be a number, was '{}'", header, cell.substr(0, 40)));
    return value;
  }

  void PutText(const char* column, std::string value) const {
    if (!value.empty()) context_.sink.Put(context_.sink.Index(column, kText), std::move(value));
  }

 private:
  const FileContext& context_;
  std::set<std::string, std::less<>> elsewhere_;
};

// period_end, frequency, period_type, field, currency, value.
class StatementGatherer final : public Gatherer {
 public:
  explicit StatementGatherer(const FileContext& context) : context_(context), time_(context), amounts_(context) {}

  void Take(const Row& row) override {
    const std::string_view frequency = context_.Cell(row, "frequency");
    if (frequency != "annual" && frequency != "quarterly") {
      context_.Complain(row.line,
                        fmt::format("frequency must be annual or quarterly, was '{}'", frequency.substr(0, 40)));
      return;
    }
    const auto end = time_.Day(row.line, context_.Cell(row, "period_end"), "period_end");
    const auto value = amounts_.Number(row, "value");
    const std::string name(context_.Cell(row, "field"));
    if (!end || !value || amounts_.FieldOf(name).empty()) return;
    Period& period = periods_[{*end, frequency == "annual"}];
    if (period.line == 0) period.line = row.line;
    const auto [at, fresh] = period.amounts.try_emplace(name, *value, std::string(context_.Cell(row, "currency")));
    if (!fresh) context_.Complain(row.line, fmt::format("{} of this period is there twice", name));
    ++period.currencies[at->second.second];
  }

  void Finish() override {
    const bool has_period = context_.resource.Find("period") != nullptr;
    for (const auto& [key, period] : periods_) {
      context_.sink.BeginPeriod(key.first, key.second, context_.file.name, period.line);
      amounts_.PutText("period_end", absl::FormatCivilTime(key.first));
      const std::string length = key.second ? "annual" : "quarter";
      if (context_.resource.id == "balance_sheet") {
        amounts_.PutText("period", "instant");
        amounts_.PutText("csv.period", length);
      } else if (has_period) {
        amounts_.PutText("period", length);
      }
      // Of most amounts; those in another one say so themselves.
      const auto most = std::max_element(period.currencies.begin(), period.currencies.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      amounts_.PutText("currency", most->first);
      for (const auto& [name, amount] : period.amounts) {
        amounts_.Put(name, amount.first);
        if (amount.second != most->first) amounts_.PutText(fmt::format("csv.{}.currency", name).c_str(), amount.second);
      }
    }
  }

 private:
  struct Period {
    int64_t line = 0;
    std::map<std::string, std::pair<double, std::string>> amounts;
    std::map<std::string, int> currencies;
  };
  const FileContext& context_;
  RowTime time_;
  Amounts amounts_;
  std::map<std::pair<absl::CivilDay, bool>, Period> periods_;
};

// concept, unit, start, end, value, fiscal_year, fiscal_period, form, filed, frame, accession. `frame` is derived from
// the dates and is not kept.
class FactGatherer final : public Gatherer {
 public:
  explicit FactGatherer(const FileContext& context) : context_(context), time_(context), amounts_(context) {}

  void Take(const Row& row) override {
    const auto filed = time_.Of(row);
    const auto end = time_.Day(row.line, context_.Cell(row, "end"), "end");
    const auto value = amounts_.Number(row, "value");
    const std::string_view start_cell = context_.Cell(row, "start");
    std::optional<absl::CivilDay> start;
    if (!start_cell.empty() && !(start = time_.Day(row.line, start_cell, "start"))) return;
    const std::string name(context_.Cell(row, "concept"));
    const std::string field = amounts_.FieldOf(name);
    if (!filed || !end || !value || field.empty()) return;
    const bool instant = context_.resource.id == "balance_sheet" || context_.resource.id == "shares_outstanding";
    const bool other = field.starts_with("csv.");
    // What no resource has goes with the statement of its kind: an instant with the balance, a period with the results.
    if (other && context_.resource.id != (start ? "earnings" : "balance_sheet")) return;
    if (!other && instant == start.has_value()) {
      context_.Complain(row.line, fmt::format("{} must {}have a start", name, instant ? "not " : ""));
      return;
    }
    Filing& filing = filings_[{*filed, std::string(context_.Cell(row, "accession")), *end, start.value_or(*end)}];
    if (filing.line == 0) {
      filing.line = row.line;
      filing.instant = !start;
      filing.form = context_.Cell(row, "form");
      filing.fiscal_year = context_.Cell(row, "fiscal_year");
      filing.fiscal_period = context_.Cell(row, "fiscal_period");
    }
    const std::string_view unit = context_.Cell(row, "unit");
    if (unit.size() == 3) filing.currency = unit;
    if (!filing.amounts.try_emplace(name, *value).second) {
      context_.Complain(row.line, fmt::format("{} of this filing and period is there twice", name));
    }
  }

  void Finish() override {
    const bool statement = context_.resource.Find("period") != nullptr;
    for (const auto& [key, filing] : filings_) {
      const auto& [filed, accession, end, start] = key;
      context_.sink.Begin(filed, context_.file.name, filing.line);
      amounts_.PutText("period_end", absl::FormatCivilTime(end));
      amounts_.PutText("accession", accession);
      if (statement) {
        amounts_.PutText("period", filing.instant ? "instant" : Length(end - start + 1));
        if (!filing.instant) amounts_.PutText("period_start", absl::FormatCivilTime(start));
        amounts_.PutText("form", filing.form);
        amounts_.PutText("currency", filing.currency);
      }
      // The file gives the fiscal period of the filing, which is not that of the comparatives in it.
      if (const auto year = ParseInteger(filing.fiscal_year)) {
        context_.sink.Put(context_.sink.Index("csv.filing_fiscal_year", kInt), *year);
      }
      amounts_.PutText("csv.filing_fiscal_period", filing.fiscal_period);
      for (const auto& [name, value] : filing.amounts) amounts_.Put(name, value);
    }
  }

 private:
  struct Filing {
    int64_t line = 0;
    bool instant = false;
    std::string form, fiscal_year, fiscal_period, currency;
    std::map<std::string, double> amounts;
  };
  static std::string Length(int64_t days) {
    return days <= 120 ? "quarter" : days <= 200 ? "half" : days <= 300 ? "nine_months" : "annual";
  }

  const FileContext& context_;
  RowTime time_;
  Amounts amounts_;
  std::map<std::tuple<int64_t, std::string, absl::CivilDay, absl::CivilDay>, Filing> filings_;
};

}  // namespace

std::unique_ptr<Gatherer> MakeStatementGatherer(const FileContext& context) {
  return std::make_unique<StatementGatherer>(context);
}

std::unique_ptr<Gatherer> MakeFactGatherer(const FileContext& context) {
  return std::make_unique<FactGatherer>(context);
}

}  // namespace breadthflow::data::csv
