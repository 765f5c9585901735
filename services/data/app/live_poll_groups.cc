// LivePoller: which symbols are asked for together.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "services/data/app/live_poller.h"

namespace breadthflow::data {
namespace {

constexpr uint64_t kHourNs = 3'600'000'000'000;

// How far back a symbol is asked for of which nothing is stored: a few bars, over a long weekend.
absl::Duration FewBars(quant::Timeframe timeframe) {
  switch (timeframe) {
    case quant::Timeframe::kDay:
      return absl::Hours(24 * 10);
    case quant::Timeframe::kWeek:
      return absl::Hours(24 * 30);
    case quant::Timeframe::kMonth:
      return absl::Hours(24 * 100);
    default:
      return absl::Hours(24 * 4);
  }
}

}  // namespace

absl::StatusOr<std::vector<LivePoller::Group>> LivePoller::GroupsOf(const LiveSpec& spec,
                                                                    const std::vector<std::string>& symbols) {
  // Of a source that can not be asked nothing is stored; the submission says why.
  const absl::StatusOr<std::string> variant = fetcher_.VariantOf(spec.poll->source);
  std::map<std::string_view, int64_t> last;
  std::vector<columnar::SeriesHead> heads;
  if (variant.ok()) {
    BF_ASSIGN_OR_RETURN(
        heads, series_.chunks().List(
                   {.resource = spec.resource, .symbols = symbols, .timeframe = spec.timeframe, .variant = *variant}));
  }
  for (const columnar::SeriesHead& head : heads) {
    if (head.rows > 0) last[head.key.symbol] = head.last_time_ns;
  }
  const int64_t now = quant::ToNanos(clock_.Now());
  const int64_t unknown = quant::ToNanos(clock_.Now() - FewBars(spec.timeframe));
  std::map<int, Group> groups;  // by how long ago in hours, rounded to a power of two
  for (const std::string& symbol : symbols) {
    const auto found = last.find(symbol);
    const int64_t start = std::min(found == last.end() ? unknown : found->second, now);
    Group& group = groups[std::bit_width(static_cast<uint64_t>(now - start) / kHourNs)];
    // The bar that ends now belongs to it.
    if (group.symbols.empty()) group.range = {start, now + 1};
    group.range.start_ns = std::min(group.range.start_ns, start);
    group.symbols.push_back(symbol);
  }
  std::vector<Group> all;
  for (auto& [ago, group] : groups) all.push_back(std::move(group));
  return all;
}

}  // namespace breadthflow::data
