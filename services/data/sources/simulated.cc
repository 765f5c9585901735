#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/simulated_market.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kVersion = "1.0.0";

// Six decimals, as providers give adjusted prices.
double Micros(double value) { return std::max(1e-6, std::floor(value * 1e6 + 0.5) / 1e6); }

class SimulatedSource final : public Source {
 public:
  SimulatedSource(uint64_t seed, quant::PriceBasis basis) : seed_(seed), basis_(basis) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    if (query.resource != "stock_price" || query.timeframe != quant::Timeframe::kDay) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_OFFERED",
                             fmt::format("simulated has stock_price in bars of 1day, not {} {}", query.resource,
                                         quant::ToText(query.timeframe)));
    }
    return SourceRequest{query,
                         fmt::format("simulated/{} seed={} basis={} symbol={} start={} end={}", kVersion, seed_,
                                     quant::ToText(basis_), query.symbol, query.range.start_ns, query.range.end_ns)};
  }

  // The body is the recipe: the rows follow from it.
  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    BF_RETURN_IF_ERROR(cancel.Check());
    return RawBody{request.locator};
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody&) const override {
    const SourceQuery& query = request.query;
    std::vector<double> open, high, low, close, volume, adjusted, dividend, ratio;
    SourceData data{{.key = {query.resource, query.symbol, query.timeframe, ""}, .basis = basis_}, {}};
    for (const SimulatedBar& bar : SimulateStock(seed_, query.symbol, quant::Xnys())) {
      if (!query.range.Contains(bar.session->close_ns)) continue;
      const bool raw = basis_ == quant::PriceBasis::kRaw;
      const double dividends = basis_ == quant::PriceBasis::kSplitAndDividendAdjusted ? bar.later_dividends : 1;
      const auto price = [&](double value) { return raw ? value : Micros(value / bar.later_splits * dividends); };
      data.series.times.push_back(bar.session->close_ns);
      open.push_back(price(bar.open));
      high.push_back(price(bar.high));
      low.push_back(price(bar.low));
      close.push_back(price(bar.close));
      volume.push_back(raw ? bar.volume : std::floor(bar.volume * bar.later_splits + 0.5));
      adjusted.push_back(Micros(bar.close / bar.later_splits * bar.later_dividends));
      dividend.push_back(bar.dividend);
      ratio.push_back(bar.split_ratio);
    }
    data.series.Add("open", std::move(open));
    data.series.Add("high", std::move(high));
    data.series.Add("low", std::move(low));
    data.series.Add("close", std::move(close));
    data.series.Add("volume", std::move(volume));
    if (basis_ != quant::PriceBasis::kSplitAndDividendAdjusted) data.series.Add("adj_close", std::move(adjusted));
    if (basis_ == quant::PriceBasis::kRaw) {
      data.series.Add("dividend", std::move(dividend));
      data.series.Add("split_ratio", std::move(ratio));
    }
    return data;
  }

  bool authoritative() const override { return true; }

 private:
  uint64_t seed_;
  quant::PriceBasis basis_;
};

}  // namespace

// Made-up stocks, offline: see simulated_market.h for the model.
SourceEntry Simulated();

SourceEntry Simulated() {
  SourceEntry entry;
  entry.info = {"data_source", "simulated", std::string(kVersion),
                "Made-up daily stock prices, offline and the same on every machine: any symbol, every session of XNYS "
                "from 1990 to 2030. Symbols are correlated, volatility clusters, there are splits, dividends and rare "
                "missing sessions. Returns have a weak structure on purpose, a pull towards the recent trend and back "
                "to the slow one, so that models find something: results on it say nothing about real markets."};
  entry.params = {component::IntParam("seed", 1, 0, int64_t{1} << 52, "", "Which simulated market."),
                  component::ChoiceParam("basis", "split", {"raw", "split", "split_dividend"},
                                         "How prices are adjusted; raw has the columns dividend and split_ratio.")};
  entry.make = [](const component::Params& params,
                  const SourceEntry::Environment&) -> absl::StatusOr<std::unique_ptr<Source>> {
    BF_ASSIGN_OR_RETURN(const quant::PriceBasis basis, quant::ParsePriceBasis(params.String("basis")));
    return std::make_unique<SimulatedSource>(static_cast<uint64_t>(params.Int("seed")), basis);
  };
  return entry;
}

}  // namespace breadthflow::data
