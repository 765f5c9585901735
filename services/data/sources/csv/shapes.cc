#include "services/data/sources/csv/shapes.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "services/data/domain/resource.h"
#include "services/data/sources/csv/fundamentals.h"

namespace breadthflow::data::csv {
namespace {

constexpr auto kText = quant::ColumnType::kText;

// asks[i].price, asks[i].amount, bids[i].price, bids[i].amount.
class BookGatherer final : public Gatherer {
 public:
  explicit BookGatherer(const FileContext& context) : context_(context), time_(context) {
    for (const char* side : {"ask", "bid"}) {
      for (int level = 0;; ++level) {
        const auto price = context.headers.find(fmt::format("{}s[{}].price", side, level));
        const auto size = context.headers.find(fmt::format("{}s[{}].amount", side, level));
        if (price == context.headers.end() || size == context.headers.end()) break;
        levels_.push_back({side, level, price->second, size->second});
      }
    }
  }

  void Take(const Row& row) override {
    const auto exchange_ns = ParseInteger(context_.Cell(row, "timestamp"));
    if (!exchange_ns || *exchange_ns > INT64_MAX / context_.layout.time.unit_ns) {
      context_.Complain(row.line, "timestamp must be a whole number");
      return;
    }
    for (const Level& level : levels_) {
      if (row.cells[level.price].empty() && row.cells[level.size].empty()) continue;
      if (!time_.Begin(row)) return;
      Put("kind", std::string("snapshot"));
      Put("side", level.side);
      Put("level", int64_t{level.level});
      Put("exchange_time_ns", *exchange_ns * context_.layout.time.unit_ns);
      Put("csv.exchange", std::string(context_.Cell(row, "exchange")));
      PutNumber(row, "price", row.cells[level.price]);
      PutNumber(row, "size", row.cells[level.size]);
    }
  }

 private:
  struct Level {
    std::string side;
    int level;
    size_t price;
    size_t size;
  };

  template <typename T>
  void Put(std::string_view column, T value) {
    context_.sink.Put(context_.sink.Index(column, kText), std::move(value));
  }
  void PutNumber(const Row& row, std::string_view column, std::string_view cell) {
    const std::optional<double> value = ParseNumber(cell);
    const auto fault = value ? Fault(*context_.resource.Find(column), *value)
                             : fmt::format("{} must be a number, was '{}'", column, cell.substr(0, 40));
    if (fault) {
      context_.Complain(row.line, *fault);
    } else {
      Put(column, *value);
    }
  }

  const FileContext& context_;
  RowTime time_;
  std::vector<Level> levels_;
};

// date, ticker, exchange: the first line says when the security began, each other one the last day of its ticker.
class TickerGatherer final : public Gatherer {
 public:
  explicit TickerGatherer(const FileContext& context) : context_(context), time_(context) {}

  void Take(const Row& row) override {
    const auto day = time_.Day(row.line, context_.Cell(row, "date"), "date");
    std::string ticker(context_.Cell(row, "ticker"));
    for (char& c : ticker) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (const auto fault = SymbolFault(ticker)) return context_.Complain(row.line, fmt::format("ticker {}", *fault));
    if (!day) return;
    if (lines_ > 0 && *day <= last_) return context_.Complain(row.line, "days must ascend");
    if (lines_ == 1 && ticker != ticker_) {
      context_.Complain(row.line,
                        fmt::format("the first ticker must be {} as in the line before, was {}", ticker_, ticker));
    }
    if (lines_ > 1 && ticker != ticker_) {
      const absl::CivilDay first = last_ + 1;
      const int64_t time = context_.options.calendar != nullptr ? context_.options.calendar->DayStart(first)
                                                                : quant::UtcInstant(absl::CivilSecond(first));
      context_.sink.Begin(time, context_.file.name, row.line);
      Put("effective_date", absl::FormatCivilTime(first));
      Put("old_symbol", ticker_);
      Put("new_symbol", ticker);
      Put("exchange", std::string(context_.Cell(row, "exchange")));
    }
    ticker_ = std::move(ticker);
    last_ = *day;
    ++lines_;
  }

 private:
  void Put(std::string_view column, std::string value) {
    context_.sink.Put(context_.sink.Index(column, kText), std::move(value));
  }

  const FileContext& context_;
  RowTime time_;
  int64_t lines_ = 0;
  std::string ticker_;
  absl::CivilDay last_;
};

}  // namespace

std::vector<std::string> ColumnsOf(Shape shape) {
  switch (shape) {
    case Shape::kStatementLong:
      return {"period_end", "frequency", "field", "currency", "value"};
    case Shape::kFactsLong:
      return {"concept", "unit", "start", "end", "value", "fiscal_year", "fiscal_period", "form", "filed", "accession"};
    case Shape::kBookLevels:
      return {"timestamp", "asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount"};
    case Shape::kTickerHistory:
      return {"date", "ticker", "exchange"};
    case Shape::kRows:
      break;
  }
  return {};
}

std::unique_ptr<Gatherer> MakeGatherer(const FileContext& context) {
  switch (context.layout.shape) {
    case Shape::kStatementLong:
      return MakeStatementGatherer(context);
    case Shape::kFactsLong:
      return MakeFactGatherer(context);
    case Shape::kBookLevels:
      return std::make_unique<BookGatherer>(context);
    case Shape::kTickerHistory:
      return std::make_unique<TickerGatherer>(context);
    case Shape::kRows:
      break;
  }
  return nullptr;
}

}  // namespace breadthflow::data::csv
