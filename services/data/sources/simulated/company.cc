#include "services/data/sources/simulated/company.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/quant/calendar_zones.h"
#include "common/quant/stats/random.h"

namespace breadthflow::data {
namespace {

using quant::stats::CounterRandom;

constexpr double kRestated = 0.04;
constexpr double kTaxRate = 0.21;

double Thousands(double value) { return std::floor(value / 1e3 + 0.5) * 1e3; }

// Per share, whole cents, of either sign.
double PerShare(double value, double shares) { return std::floor(value / shares * 100 + 0.5) / 100; }

// What a company is like for ever.
struct Business {
  explicit Business(const CounterRandom& random)
      : shares(std::floor(2e7 * (1 + 150 * random.Uniform(0) * random.Uniform(0, 1)))),
        sales_to_value(0.15 + 0.6 * random.Uniform(0, 2)),
        cost_share(0.35 + 0.35 * random.Uniform(0, 3)),
        overhead_share(0.08 + 0.12 * random.Uniform(0, 4)),
        research_share(0.12 * random.Uniform(0, 5)),
        debt_share(0.1 + 0.3 * random.Uniform(0, 6)),
        seasonal(0.15 * random.Uniform(0, 7)),
        before_open(random.Uniform(0, 8) < 0.5) {}
  double shares;
  double sales_to_value, cost_share, overhead_share, research_share, debt_share, seasonal;
  bool before_open;
};

struct Quarter {
  absl::CivilDay start, end;
  int number = 1;
  size_t last_bar = 0;   // within it
  double splits = 1;     // since the beginning, up to its end
  double dividends = 0;  // per share of its end
  double value = 0;      // slow mean of the value of all shares
};

// Quarters that have bars to their end.
std::vector<Quarter> QuartersOf(const SimulatedStock& stock, double first_shares) {
  std::vector<Quarter> quarters;
  double splits = 1;
  double mean = 0;
  for (size_t i = 0; i < stock.bars.size();) {
    const absl::CivilDay day = stock.bars[i].session->day;
    const int number = (day.month() - 1) / 3 + 1;
    const absl::CivilDay start(day.year(), 3 * number - 2, 1);
    const absl::CivilDay next(day.year(), 3 * number + 1, 1);
    Quarter quarter{.start = start, .end = next - 1, .number = number};
    for (; i < stock.bars.size() && stock.bars[i].session->day < next; ++i) {
      splits *= stock.bars[i].split_ratio;
      quarter.dividends = quarter.dividends / stock.bars[i].split_ratio + stock.bars[i].dividend;
      quarter.last_bar = i;
    }
    quarter.splits = splits;
    const double value = stock.bars[quarter.last_bar].close * std::floor(first_shares * splits);
    mean = mean == 0 ? value : 0.8 * mean + 0.2 * value;
    quarter.value = mean;
    if (i < stock.bars.size() || stock.bars.back().session->day >= quarter.end - 4) quarters.push_back(quarter);
  }
  return quarters;
}

class Books {
 public:
  Books(const SimulatedStock& stock, const CounterRandom& random, const quant::Calendar& calendar)
      : random_(random), business_(random), calendar_(calendar), quarters_(QuartersOf(stock, business_.shares)) {}

  std::vector<SimulatedStatement> All() {
    std::vector<SimulatedStatement> all;
    for (size_t i = 0; i < quarters_.size(); ++i) {
      const SimulatedStatement first = Of(i, false);
      all.push_back(first);
      const bool whole_year = first.quarter == 4 && i >= 3;
      if (whole_year) all.push_back(Year(i, first));
      if (random_.Uniform(Counter(i), 40) >= kRestated) continue;
      SimulatedStatement again = Of(i, true);
      again.published_ns = Publication(first.period_end + 100, false, Counter(i));
      again.accession += "/A";
      all.push_back(again);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.published_ns < b.published_ns; });
    return all;
  }

 private:
  static int64_t CounterOf(const Quarter& quarter) { return DayNumber(quarter.end); }
  int64_t Counter(size_t i) const { return CounterOf(quarters_[i]); }
  double Noise(size_t i, uint64_t lane, double deviation) const {
    return std::clamp(1 + deviation * random_.Normal(Counter(i), lane), 0.3, 1.7);
  }

  // The first session from `day` on: 07:00 or 16:30 in New York.
  int64_t Publication(absl::CivilDay day, bool before_open, int64_t counter) const {
    while (!calendar_.IsSession(day) && calendar_.Covers(day)) ++day;
    const int64_t minutes =
        (before_open ? 7 * 60 : 16 * 60 + 30) + static_cast<int64_t>(random_.Below(20, counter, 41));
    return quant::NewYorkInstant(absl::CivilSecond(day) + minutes * 60);
  }

  SimulatedStatement Of(size_t i, bool restated) const {
    const Quarter& quarter = quarters_[i];
    SimulatedStatement s{.period_start = quarter.start,
                         .period_end = quarter.end,
                         .quarter = quarter.number,
                         .restated = restated,
                         .before_open = business_.before_open};
    const int64_t counter = Counter(i);
    const int64_t delay = quarter.number == 4 ? 30 + static_cast<int64_t>(random_.Below(31, counter, 42))
                                              : 18 + static_cast<int64_t>(random_.Below(23, counter, 42));
    s.published_ns = Publication(quarter.end + delay, s.before_open, counter);
    s.accession = fmt::format("SIM-{}-Q{}", quarter.end.year(), quarter.number);
    s.shares = std::floor(business_.shares * quarter.splits);
    Income(i, restated ? Noise(i, 50, 0.02) : 1, s);
    CashFlow(i, quarter.dividends, s);
    Balance(i, s);
    return s;
  }

  void Income(size_t i, double correction, SimulatedStatement& s) const {
    const double season = s.quarter == 4 ? 1 + business_.seasonal : 1 - business_.seasonal / 3;
    s.revenue = Thousands(quarters_[i].value * business_.sales_to_value / 4 * season * Noise(i, 1, 0.05) * correction);
    s.cost_of_revenue = Thousands(s.revenue * business_.cost_share * Noise(i, 2, 0.03));
    s.gross_profit = s.revenue - s.cost_of_revenue;
    s.research_and_development = Thousands(s.revenue * business_.research_share);
    s.operating_income = s.gross_profit - s.research_and_development -
                         Thousands(s.revenue * business_.overhead_share * Noise(i, 3, 0.1));
    s.depreciation = Thousands(s.revenue * 0.05);
    s.ebitda = s.operating_income + s.depreciation;
    s.interest_expense = Thousands(quarters_[i].value * business_.debt_share * 0.01);
    const double before_tax = s.operating_income - s.interest_expense;
    s.income_tax = before_tax > 0 ? Thousands(before_tax * kTaxRate) : 0;
    s.net_income = before_tax - s.income_tax;
    s.eps = PerShare(s.net_income, s.shares);
    s.eps_estimate = PerShare(s.net_income * Noise(i, 4, 0.08), s.shares);
  }

  void CashFlow(size_t i, double dividends, SimulatedStatement& s) const {
    s.operating_cash_flow = s.net_income + s.depreciation + Thousands(s.revenue * 0.05 * random_.Normal(Counter(i), 5));
    s.capital_expenditure = Thousands(s.revenue * 0.06 * Noise(i, 6, 0.2));
    s.free_cash_flow = s.operating_cash_flow - s.capital_expenditure;
    s.dividends_paid = Thousands(dividends * s.shares);
    s.share_repurchases = Thousands(std::max(0.0, s.free_cash_flow - s.dividends_paid) * 0.3);
    s.investing_cash_flow = -s.capital_expenditure;
    s.financing_cash_flow = -s.dividends_paid - s.share_repurchases;
  }

  void Balance(size_t i, SimulatedStatement& s) const {
    const double value = quarters_[i].value;
    s.cash = Thousands(value * 0.08 * Noise(i, 7, 0.15));
    s.receivables = Thousands(s.revenue * 0.5 * Noise(i, 8, 0.1));
    s.inventory = Thousands(s.cost_of_revenue * 0.4 * Noise(i, 9, 0.1));
    s.current_assets = s.cash + s.receivables + s.inventory;
    s.property = Thousands(value * 0.35 * Noise(i, 10, 0.03));
    s.goodwill = Thousands(value * 0.1);
    s.total_assets = s.current_assets + s.property + s.goodwill;
    s.accounts_payable = Thousands(s.cost_of_revenue * 0.45 * Noise(i, 11, 0.1));
    s.short_term_debt = Thousands(value * business_.debt_share * 0.1);
    s.current_liabilities = s.accounts_payable + s.short_term_debt;
    s.long_term_debt = Thousands(value * business_.debt_share * 0.5);
    s.total_liabilities = s.current_liabilities + s.long_term_debt;
    s.shareholder_equity = s.total_assets - s.total_liabilities;
    s.retained_earnings = Thousands(s.shareholder_equity * 0.6);
  }

  // The year that ends with quarter `i`, published with it: flows are the sums of its quarters, the rest is the last's.
  SimulatedStatement Year(size_t i, const SimulatedStatement& last) const {
    SimulatedStatement year = last;
    year.annual = true;
    year.accession = fmt::format("SIM-{}-FY", last.period_end.year());
    for (size_t q = i - 3; q < i; ++q) {
      const SimulatedStatement part = Of(q, false);
      if (q == i - 3) year.period_start = part.period_start;
      for (double SimulatedStatement::*flow :
           {&SimulatedStatement::revenue, &SimulatedStatement::cost_of_revenue, &SimulatedStatement::gross_profit,
            &SimulatedStatement::research_and_development, &SimulatedStatement::operating_income,
            &SimulatedStatement::interest_expense, &SimulatedStatement::income_tax, &SimulatedStatement::net_income,
            &SimulatedStatement::depreciation, &SimulatedStatement::ebitda, &SimulatedStatement::operating_cash_flow,
            &SimulatedStatement::capital_expenditure, &SimulatedStatement::free_cash_flow,
            &SimulatedStatement::dividends_paid, &SimulatedStatement::share_repurchases,
            &SimulatedStatement::investing_cash_flow, &SimulatedStatement::financing_cash_flow}) {
        year.*flow += part.*flow;
      }
    }
    year.eps = PerShare(year.net_income, year.shares);
    year.eps_estimate = PerShare(year.net_income * Noise(i, 12, 0.04), year.shares);
    return year;
  }

  const CounterRandom random_;
  const Business business_;
  const quant::Calendar& calendar_;
  const std::vector<Quarter> quarters_;
};

}  // namespace

std::vector<SimulatedStatement> SimulateStatements(uint64_t seed, const SimulatedStock& stock,
                                                   const quant::Calendar& calendar) {
  std::vector<SimulatedStatement> all = Books(stock, CounterRandom(seed, "company/" + stock.security), calendar).All();
  std::erase_if(all, [&stock](const SimulatedStatement& s) { return s.published_ns > stock.end_ns; });
  return all;
}

std::vector<SimulatedValue> SimulateMarketCap(const SimulatedStock& stock,
                                              const std::vector<SimulatedStatement>& statements) {
  std::vector<SimulatedValue> values;
  std::vector<double> splits(stock.bars.size() + 1, 1.0);  // product up to and with each bar
  for (size_t i = 0; i < stock.bars.size(); ++i) splits[i + 1] = splits[i] * stock.bars[i].split_ratio;
  size_t next = 0;
  size_t last_bar = 0;  // the last one of the period of `known`
  const SimulatedStatement* known = nullptr;
  for (size_t i = 0; i < stock.bars.size(); ++i) {
    const int64_t now = stock.bars[i].session->close_ns;
    for (; next < statements.size() && statements[next].published_ns <= now; ++next) {
      if (known == nullptr || statements[next].period_end >= known->period_end) known = &statements[next];
    }
    if (known == nullptr) continue;
    while (last_bar + 1 < stock.bars.size() && stock.bars[last_bar + 1].session->day <= known->period_end) ++last_bar;
    values.push_back({now, known->shares * (splits[i + 1] / splits[last_bar + 1]) * stock.bars[i].close});
  }
  return values;
}

}  // namespace breadthflow::data
