#include "services/data/domain/source_choice.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

namespace breadthflow::data {
namespace {

std::string ReasonOf(Preference preference, const SourceFacts& facts, size_t index) {
  switch (preference) {
    case Preference::kCoverage:
      return fmt::format("has {:.0f} % of the range", std::floor(facts.covered_share * 100));
    case Preference::kFreshness:
      if (facts.last_answer == absl::InfinitePast()) return "never gave this series";
      return fmt::format("gave this series at {}",
                         std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", facts.last_answer, absl::UTCTimeZone())));
    case Preference::kHealth:
      return fmt::format("failed {} times in the last day", facts.failures);
    case Preference::kCost:
      if (std::isinf(facts.requests_per_day)) return "asks nobody";
      return fmt::format("may be asked {:.0f} times a day", facts.requests_per_day);
    case Preference::kOrder:
      break;
  }
  return index == 0 ? "first of the order given" : fmt::format("number {} of the order given", index + 1);
}

}  // namespace

std::vector<SourceChoice> Rank(Preference preference, std::span<const SourceFacts> sources) {
  std::vector<SourceChoice> ranked;
  for (size_t i = 0; i < sources.size(); ++i) ranked.push_back({i, ReasonOf(preference, sources[i], i)});
  const auto by = [&](const std::function<bool(const SourceFacts&, const SourceFacts&)>& before) {
    std::stable_sort(ranked.begin(), ranked.end(), [&](const SourceChoice& a, const SourceChoice& b) {
      return before(sources[a.index], sources[b.index]);
    });
  };
  switch (preference) {
    case Preference::kCoverage:
      by([](const auto& a, const auto& b) { return a.covered_share > b.covered_share; });
      break;
    case Preference::kFreshness:
      by([](const auto& a, const auto& b) { return a.last_answer > b.last_answer; });
      break;
    case Preference::kHealth:
      by([](const auto& a, const auto& b) { return a.failures < b.failures; });
      break;
    case Preference::kCost:
      by([](const auto& a, const auto& b) { return a.requests_per_day > b.requests_per_day; });
      break;
    case Preference::kOrder:
      break;
  }
  return ranked;
}

}  // namespace breadthflow::data
