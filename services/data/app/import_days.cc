// Import: as of when its rows are said to be adjusted.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/app/importer.h"

namespace breadthflow::data {
namespace {

std::string DayText(absl::CivilDay day) { return std::string(absl::FormatCivilTime(day)); }

}  // namespace

void Import::TakeDays(const quant::Series& rows, const std::string& name, const PriceAnchors& days) {
  if (rows.empty()) return;
  const auto fault = [&](const std::string& text) { faults_.Add(name + ".adjusted_as_of", text); };
  if (!days.empty() && !resource_->prices) return fault(fmt::format("{} has no prices", resource_->id));
  if (spec_.adjusted_as_of) {
    const auto other = std::find_if(days.begin(), days.end(),
                                    [&](const AnchoredRows& one) { return one.as_of != *spec_.adjusted_as_of; });
    if (other != days.end()) {
      fault(fmt::format("the rows say that they are adjusted as of {}, but the import that all are as of {}",
                        DayText(other->as_of), DayText(*spec_.adjusted_as_of)));
    }
    return;
  }
  const absl::CivilDay last = absl::ToCivilDay(importer_.clock_.Now(), absl::UTCTimeZone()) + 1;
  for (const AnchoredRows& one : days) {
    hash_.Int(6).Int(one.first_ns).Text(DayText(one.as_of));
    if (one.as_of > last) return fault("must be the day of the download, which can not be to come");
  }
  std::vector<SaidDay>& said = said_days_[rows.key.symbol];
  for (const int64_t time_ns : rows.times) {
    const std::optional<absl::CivilDay> day = days.empty() ? std::nullopt : std::optional(DayAt(days, time_ns));
    const bool goes_on = !said.empty() && said.back().as_of == day && (!day || said.back().last_ns <= time_ns);
    if (!goes_on) {
      said.push_back({time_ns, time_ns, day, name});
    } else {
      said.back().last_ns = std::max(said.back().last_ns, time_ns);
    }
  }
}

void Import::JudgeDays() {
  for (auto& [symbol, said] : said_days_) {
    const auto none = std::find_if(said.begin(), said.end(), [](const SaidDay& one) { return !one.as_of; });
    if (std::all_of(said.begin(), said.end(), [](const SaidDay& one) { return !one.as_of; })) continue;
    if (none != said.end()) {
      faults_.Add(
          none->name + ".adjusted_as_of",
          fmt::format("nothing says as of when these rows of {} were adjusted, as other rows of it do: all must "
                      "say it or none (--adjusted-as-of says it of all)",
                      symbol));
      continue;
    }
    std::stable_sort(said.begin(), said.end(),
                     [](const SaidDay& a, const SaidDay& b) { return a.first_ns < b.first_ns; });
    PriceAnchors& days = days_[symbol];
    int64_t last_ns = INT64_MIN;  // of the rows before
    for (const SaidDay& one : said) {
      if (days.empty()) days = OneDay(*one.as_of);
      if (days.back().as_of != *one.as_of) {
        if (one.first_ns <= last_ns) {
          faults_.Add(one.name + ".adjusted_as_of",
                      fmt::format("rows of {} that are adjusted as of {} lie between others that are as of {}: import "
                                  "them one after the other",
                                  symbol, DayText(*one.as_of), DayText(days.back().as_of)));
        }
        days.push_back({one.first_ns, *one.as_of});
      }
      last_ns = std::max(last_ns, one.last_ns);
    }
  }
}

PriceAnchors Import::DaysOf(const std::string& symbol) const {
  if (spec_.adjusted_as_of) return OneDay(*spec_.adjusted_as_of);
  const auto said = days_.find(symbol);
  return said == days_.end() ? PriceAnchors() : said->second;
}

}  // namespace breadthflow::data
