#include <algorithm>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/asked_rows.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/simulated/tables.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kVersion = "1.1.0";
constexpr uint64_t kDefaultSeed = 1;

const std::vector<Capability>& Offers() {
  static const auto* offers = [] {
    auto* all = new std::vector<Capability>();
    for (const SimulatedTable& table : SimulatedTables()) {
      all->push_back({std::string(table.resource), table.timeframes});
      if (table.resource == "stock_price") all->back().basis = quant::PriceBasis::kSplitAdjusted;
    }
    return all;
  }();
  return *offers;
}

class SimulatedSource final : public Source {
 public:
  SimulatedSource(const SimulatedWorld& world, quant::PriceBasis basis) : world_(world), basis_(basis) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    BF_RETURN_IF_ERROR(CheckOffered("simulated", Offers(), query));
    return SourceRequest{
        query, fmt::format("simulated/{} seed={} basis={} delisting_rate={} resource={} timeframe={} "
                           "symbol={} start={} end={}",
                           kVersion, world_.seed, quant::ToText(basis_), world_.delisting_rate, query.resource,
                           quant::ToText(query.timeframe), query.symbol, query.range.start_ns, query.range.end_ns)};
  }

  // The body is the recipe: the rows follow from it.
  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    BF_RETURN_IF_ERROR(cancel.Check());
    return RawBody{request.locator};
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody&) const override {
    BF_RETURN_IF_ERROR(CheckOffered("simulated", Offers(), request.query));
    const auto table = std::find_if(SimulatedTables().begin(), SimulatedTables().end(),
                                    [&](const SimulatedTable& one) { return one.resource == request.query.resource; });
    SourceData data;
    BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(request.query));
    SimulatedQuery query{world_, basis_, request.query};
    if (!resource->takes_effect.empty()) query.query.range = {};
    BF_ASSIGN_OR_RETURN(data.series, table->make(query));
    data.series.repeats = resource->repeats;
    KeepAsked(*resource, request.query.range, data.series);
    return data;
  }

  bool authoritative() const override { return true; }
  // Another world is another market: its rows never stand in one series with those of this one.
  std::string Market() const override {
    if (world_.delisting_rate > 0) return fmt::format("{}:{}", world_.seed, world_.delisting_rate);
    return world_.seed == kDefaultSeed ? "" : std::to_string(world_.seed);
  }

 private:
  const SimulatedWorld world_;
  const quant::PriceBasis basis_;
};

}  // namespace

// A made-up world, offline: see simulated/*.h for the models.
SourceEntry Simulated();

SourceEntry Simulated() {
  SourceEntry entry;
  entry.info = {"data_source", "simulated", std::string(kVersion),
                "A made-up market, offline and the same on every machine: any symbol, every session of XNYS from 1990 "
                "to 2030, from single trades, quotes and order books to months, with splits, dividends, statements and "
                "their restatements, news, option chains, universes and rates that belong together. Symbols are "
                "correlated, volatility clusters, sessions are missing now and then. Returns have a weak structure on "
                "purpose, a pull towards the recent trend and back to the slow one, so that models find something: "
                "results on it say nothing about real markets."};
  entry.params = {component::IntParam("seed", static_cast<int64_t>(kDefaultSeed), 0, int64_t{1} << 52, "",
                                      "Which simulated market. The series of every other one are those of a source of "
                                      "their own, simulated:SEED."),
                  component::ChoiceParam("basis", "split", {"raw", "split", "split_dividend"},
                                         "How stock_price is adjusted; raw has the columns dividend and split_ratio."),
                  component::DoubleParam("delisting_rate", 0, 0, 1, "per year", "Chance that a stock stops trading.")};
  entry.capabilities = Offers();
  entry.revisions = Revisions::kNever;
  entry.authoritative = true;
  entry.make = [](const component::Params& params,
                  const SourceEntry::Environment&) -> absl::StatusOr<std::unique_ptr<Source>> {
    BF_ASSIGN_OR_RETURN(const quant::PriceBasis basis, quant::ParsePriceBasis(params.String("basis")));
    return std::make_unique<SimulatedSource>(
        SimulatedWorld{static_cast<uint64_t>(params.Int("seed")), params.Double("delisting_rate")}, basis);
  };
  return entry;
}

}  // namespace breadthflow::data
