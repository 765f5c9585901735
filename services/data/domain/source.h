#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/component/catalog.h"
#include "common/quant/series.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/series_market.h"

namespace breadthflow::data {

// Whether rows of this source (or variant of a series: "simulated:7c21" is another market of it) are made up.
inline bool IsMadeUp(std::string_view source) { return source == "simulated" || source.starts_with("simulated:"); }

// What is asked of a source: one symbol of one resource. The range is half-open and finite.
struct SourceQuery {
  std::string resource;
  std::string symbol;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  const Resource* definition = nullptr;   // of the resource, where it was looked up; null: a predefined one
  bool timeframe_said = true;             // who asks named the bar size; false: it is the default
  absl::Time now = absl::InfinitePast();  // when it is asked; InfinitePast: nobody says
};

// What the rows of a query must be. NOT_FOUND UNKNOWN_RESOURCE.
inline absl::StatusOr<const Resource*> ResourceOf(const SourceQuery& query) {
  if (query.definition != nullptr) return query.definition;
  return FindResource(query.resource);
}

// The query in the source's own terms: where to look (a path, a URL, the recipe of a simulation).
struct SourceRequest {
  SourceQuery query;
  std::string locator;
};

// What came back, as it came. Bodies that arrive in several pages are joined by kPageEnd, which no JSON or CSV text
// holds.
inline constexpr char kPageEnd = '\x1e';
struct RawBody {
  std::string bytes;
  int http_status = 200;                         // of sources that are asked over HTTP
  absl::Time received = absl::InfiniteFuture();  // bars that were not complete by then are not bars yet
};

// What a body says. `series` holds exactly the rows of the query's range (as asked_rows.h says) and may be empty: then
// the source is certain that there are none, unless it says that it is not. `labels` names each row for people
// ("AAPL.csv:17"); empty when rows have no place of their own.
struct SourceData {
  quant::Series series;
  std::vector<std::string> labels;
  std::vector<std::string> notes;        // what was left out and why ("1 row without prices: 2020-04-05"), for people
  std::optional<SeriesMarket> market{};  // that the body names for the series
  // Of split-adjusted prices: the day by whose splits they are divided (price_anchor.h); nullopt: nobody says.
  std::optional<absl::CivilDay> adjusted_as_of{};
  bool basis_assumed = false;   // nothing in the body says how the prices were adjusted, nor anybody
  bool says_timeframe = false;  // the body names the size of its bars
  bool certain = true;  // false: the body may not have been asked for such rows, so that it says nothing of them
};

// The parameter of sources that read files which keeps the rows of some of them apart from those of others: it is their
// Source::Market().
inline constexpr std::string_view kNameOfFiles = "name";

class Upstream;

// Where data comes from, in three stages that can be tested apart. An object is made for one fetch from its checked
// parameters, and is used by several threads at once.
class Source {
 public:
  virtual ~Source() = default;

  // 1. The query, checked against what the source can do, in its own terms. No I/O.
  //    INVALID_ARGUMENT for resources or timeframes that it does not have.
  virtual absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const = 0;

  // 2. Gets the body. NOT_FOUND UNKNOWN_SYMBOL when the source does not have the symbol; UNAVAILABLE and the like when
  //    a later try may succeed.
  virtual absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const = 0;

  // 3. Reads the body. Pure: the same body gives the same rows. INVALID_ARGUMENT with every violation when the body is
  //    not what it should be; then nothing of it is used.
  virtual absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const = 0;

  // The symbol that a body says it is of; empty when it does not say. Pure.
  virtual std::string SymbolIn(const RawBody&) const { return ""; }
  // The same, and where rows of several symbols are in a body, the first of them. Pure.
  virtual std::string FirstSymbolIn(const RawBody& body) const { return SymbolIn(body); }

  // What tells the series of this object apart from those that the same source gives with other parameters (another
  // simulated market): part of their variant. Empty: nothing does.
  virtual std::string Market() const { return ""; }

  // True when a body is all there is in its range, so that rows stored earlier which it does not have are gone.
  virtual bool authoritative() const = 0;
};

// What a source can give of one resource.
struct Capability {
  std::string resource;
  std::vector<quant::Timeframe> timeframes;
  // With the default parameters; kNotPrices also where the rows say it themselves.
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
};

// "stock_price (1min 1day), dividend": for people.
std::string Describe(std::span<const Capability> capabilities);

// NOT_OFFERED unless one of the capabilities has the resource and the timeframe of the query; says what there is.
absl::Status CheckOffered(std::string_view source, std::span<const Capability> capabilities, const SourceQuery& query);

// Capabilities that are no bars, ordered as given.
std::vector<Capability> Ticks(std::initializer_list<std::string_view> resources);

// How long an answer of a source stays right.
enum class Revisions {
  kNever = 1,    // for ever: it follows from the parameters
  kRecent = 2,   // what is older than the revision window does not change any more
  kAnytime = 3,  // until somebody changes a file: it is asked every time
};

struct SourceEntry {
  component::ComponentInfo info;  // kind "data_source"
  std::vector<component::ParamSpec> params;
  // What it offers, ordered by resource; `any_resource`: everything there is, whatever this list says.
  std::vector<Capability> capabilities;
  bool any_resource = false;
  std::string provider;  // of Upstream, whose limits and key it needs; empty: asks nobody
  Revisions revisions = Revisions::kRecent;
  bool authoritative = false;                // with the default parameters; see Source::authoritative
  std::vector<std::string> access_params{};  // parameters that change how rows are got and not which
  // Choices that a body tells by itself: that of another one is UNEXPECTED_BODY.
  std::vector<std::string> told_by_body{};
  // Resources whose bodies do not say of when their rows are: without the range that was asked for nobody can read
  // them.
  std::vector<std::string> dated_by_query{};
  // What the process allows to all sources; not parameters of a fetch.
  struct Environment {
    std::vector<std::string> csv_roots;  // folders below which files may be read
    bool csv_anywhere = false;           // or any folder: only for callers on this machine
    // The way to providers; null: none of them can be asked. Then texts among the access_params may be empty.
    Upstream* upstream = nullptr;
  };
  std::function<absl::StatusOr<std::unique_ptr<Source>>(const component::Params&, const Environment&)> make;
};

}  // namespace breadthflow::data
