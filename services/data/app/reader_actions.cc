#include "services/data/app/reader_actions.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kColumns = "columns";

std::string DayText(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%d", quant::FromNanos(time_ns), absl::UTCTimeZone());
}

}  // namespace

ReadActions::ReadActions(SeriesStore& series, const ReadShape& shape, const Companions& beside,
                         const StoredExtent& extent, absl::Time deadline, ReadOrigin& origin)
    : series_(series),
      shape_(shape),
      extent_(extent),
      deadline_(deadline),
      origin_(origin),
      calendar_(shape_.resampling ? shape_.resampling->calendar : CorporateActions().calendar),
      splits_{"splits", beside.splits, origin.splits_source, {}},
      dividends_{"dividends", beside.dividends, origin.dividends_source, {}} {}

void ReadActions::Notice(std::string text) {
  // A read that looks back asks again with more rows.
  if (std::find(origin_.notices.begin(), origin_.notices.end(), text) == origin_.notices.end()) {
    origin_.notices.push_back(std::move(text));
  }
}

absl::StatusOr<const quant::Series*> ReadActions::ReadOffer(Kind& kind, size_t offer) {
  const auto [found, added] = kind.read.try_emplace(offer);
  if (!added || !kind.actions.stored[offer]) return &found->second;
  absl::StatusOr<quant::Series> events = series_.Read(*kind.actions.stored[offer], {}, deadline_);
  if (!events.ok()) {
    kind.read.erase(found);
    return events.status();
  }
  found->second = *std::move(events);
  return &found->second;
}

absl::Status ReadActions::RefuseNamed(const Kind& kind, const quant::Series& rows) const {
  const std::vector<std::string>& others = kind.actions.not_taken;
  const bool made_up = !MayCount(shape_.actions_from, origin_.source);
  return RefuseAdjustment(
      "NO_ADJUSTMENT_DATA", rows,
      made_up ? fmt::format("{} of {} do not count for prices of {}: one of them is made up", kind.name,
                            shape_.actions_from, origin_.source)
              : fmt::format("{} has no {} of it{}", shape_.actions_from, kind.name,
                            others.empty() ? "" : fmt::format(", but {} has", fmt::join(others, ", "))));
}

// The first offer that has all of `needed`, `what` for people; null when there are none at all.
absl::StatusOr<const quant::Series*> ReadActions::Pick(Kind& kind, const quant::Series& rows,
                                                       const quant::TimeRange& needed, std::string_view what) {
  const std::vector<ActionOffer>& offers = kind.actions.offers;
  if (offers.empty()) {
    if (!shape_.actions_from.empty()) return RefuseNamed(kind, rows);
    return nullptr;
  }
  const std::optional<size_t> whole = FirstWhole(offers, needed);
  if (!whole) return RefuseAdjustment("NO_ADJUSTMENT_DATA", rows, WhyNoneIsWhole(offers, needed, kind.name));
  if (const ActionOffer& chosen = offers[*whole]; chosen.Lacks(needed)) {
    return RefuseAdjustment("RANGE_DROPPED", rows,
                            fmt::format("its {} are those of {}, and {}", kind.name, chosen.source, chosen.why_lost));
  }
  kind.chosen = offers[*whole].source;
  if (kind.chosen != origin_.source) Notice(fmt::format("{} are those of {}", what, kind.chosen));
  BF_ASSIGN_OR_RETURN(const quant::Series* events, ReadOffer(kind, *whole));
  // Splits are rare; a share that pays dividends has mostly paid some before the first one that a file has.
  const bool imported = offers[*whole].stored && !offers[*whole].asked;
  if (&kind == &dividends_ && imported && events != nullptr && !events->empty() &&
      events->times.front() > rows.times.front()) {
    Notice(fmt::format("dividends of {} were imported, the first of {}: before it none is taken to have been paid",
                       kind.chosen, DayText(events->times.front())));
  }
  return events;
}

// The splits of the rows' own column. Prices that are adjusted as of a later day than the last row hold splits that no
// row has: these, up to `until_ns`, are those of an offer. Null where nobody knows them.
absl::Status ReadActions::TakeColumns(const quant::Series& rows, int64_t until_ns, CorporateActions& actions) {
  if (!extent_.anchors.empty() && !OwnSplitsReach(rows, extent_.anchors, *calendar_)) {
    const quant::TimeRange after{rows.times.back(), until_ns};
    BF_ASSIGN_OR_RETURN(actions.splits, Pick(splits_, rows, after, "splits after the last row"));
    if (actions.splits == nullptr) return absl::OkStatus();
    actions.splits_after_rows = true;
  }
  splits_.chosen = kColumns;
  return absl::OkStatus();
}

// Says which splits the stored prices are taken to be divided by although they came after the last of them.
absl::Status ReadActions::TellOfLaterSplits(const quant::Series& rows, const quant::Series& splits) {
  if (rows.basis == quant::PriceBasis::kRaw || !extent_.anchors.empty()) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const std::vector<DatedSplit> dated, DatedSplits(splits));
  const absl::CivilDay last = absl::ToCivilDay(quant::FromNanos(extent_.last_time_ns), absl::UTCTimeZone());
  for (const DatedSplit& split : dated) {
    // Nobody can have divided by what was still to come.
    const bool unknown = calendar_->DayStart(split.ex_date) >= extent_.known_at_ns && !IsMadeUp(origin_.source);
    if (split.ex_date <= last || unknown) continue;
    Notice(
        fmt::format("the prices end on {} and are taken to be divided by the split of {} ({}), which came later: what "
                    "was downloaded before it is not, and says so by --adjusted-as-of of data import",
                    DayText(extent_.last_time_ns), absl::FormatCivilTime(split.ex_date), split.ratio));
  }
  return absl::OkStatus();
}

// Says where those that would have been next differ from those that were chosen.
absl::Status ReadActions::Compare(Kind& kind, const quant::Series& rows, const quant::TimeRange& needed,
                                  const CorporateActions& known) {
  const std::vector<ActionOffer>& offers = kind.actions.offers;
  for (size_t i = 0; i < offers.size(); ++i) {
    if (!offers[i].stored || offers[i].source == kind.chosen || offers[i].Lacks(needed)) continue;
    if (!FirstWhole({&offers[i], 1}, needed)) continue;
    BF_ASSIGN_OR_RETURN(const quant::Series* events, ReadOffer(kind, i));
    CorporateActions other = known;
    const bool dividends = &kind == &dividends_;
    (dividends ? other.dividends : other.splits) = events;
    if (!dividends) other.splits_after_rows = false;
    const std::string difference = Difference(rows, known, other, dividends);
    if (difference.empty()) continue;
    Notice(fmt::format("{} are those of {}; {} says otherwise {}", kind.name,
                       kind.chosen == kColumns ? "the rows' own columns" : kind.chosen, offers[i].source, difference));
  }
  return absl::OkStatus();
}

absl::StatusOr<CorporateActions> ReadActions::ToAdjust(const quant::Series& rows, int64_t end_ns) {
  CorporateActions actions;
  actions.calendar = calendar_;
  if (rows.empty()) return actions;
  const Adjustment adjustment = *shape_.adjustment;
  const quant::TimeRange needed = EventsThatCount(rows, adjustment, extent_, end_ns);
  const bool named = !shape_.actions_from.empty();
  const bool anchored = !extent_.anchors.empty();
  const ActionsNeeded take = ActionsThatCount(rows, adjustment, anchored);
  if (take.dividends) {
    if (named || MissingActions(rows, adjustment, {}, anchored).dividends) {
      BF_ASSIGN_OR_RETURN(actions.dividends, Pick(dividends_, rows, needed, dividends_.name));
    } else {
      dividends_.chosen = kColumns;
    }
  }
  const bool paid = actions.dividends != nullptr && !actions.dividends->empty();
  if (take.splits || paid) {
    if (named || MissingActions(rows, adjustment, actions, anchored).splits) {
      BF_ASSIGN_OR_RETURN(actions.splits, Pick(splits_, rows, needed, splits_.name));
    } else {
      BF_RETURN_IF_ERROR(TakeColumns(rows, needed.end_ns, actions));
    }
    BF_RETURN_IF_ERROR(Compare(splits_, rows, needed, actions));
    if (actions.splits != nullptr) BF_RETURN_IF_ERROR(TellOfLaterSplits(rows, *actions.splits));
    if (anchored && actions.splits == nullptr && splits_.chosen.empty()) {
      Notice(fmt::format("no splits{} are known: prices come as they are stored, adjusted as of {}",
                         IsComplete(rows, "split_ratio") ? " after the last row" : "", ToText(extent_.anchors)));
    }
  }
  if (take.dividends) BF_RETURN_IF_ERROR(Compare(dividends_, rows, needed, actions));
  return actions;
}

absl::StatusOr<CorporateActions> ReadActions::ToCombine(const quant::Series& rows, int64_t end_ns) {
  CorporateActions actions;
  actions.calendar = calendar_;
  if (rows.empty() || rows.basis != quant::PriceBasis::kRaw) return actions;
  const quant::TimeRange needed = SpanOf(rows, end_ns);
  if (shape_.actions_from.empty() && IsComplete(rows, "split_ratio")) {
    splits_.chosen = kColumns;
  } else {
    BF_ASSIGN_OR_RETURN(actions.splits, Pick(splits_, rows, needed, splits_.name));
    if (actions.splits == nullptr) {
      Notice("no splits are known: a bar around one has prices from before and after it");
      return actions;
    }
  }
  BF_RETURN_IF_ERROR(Compare(splits_, rows, needed, actions));
  return actions;
}

absl::StatusOr<CorporateActions> ReadActions::ToCount(const quant::Series& bars, const quant::TimeRange& needed) {
  CorporateActions actions;
  actions.calendar = calendar_;
  if (shape_.actions_from.empty() && IsComplete(bars, "split_ratio")) {
    BF_RETURN_IF_ERROR(TakeColumns(bars, needed.end_ns, actions));
  } else {
    BF_ASSIGN_OR_RETURN(actions.splits, Pick(splits_, bars, needed, splits_.name));
    if (actions.splits == nullptr && bars.basis != quant::PriceBasis::kRaw) {
      return RefuseAdjustment("NO_ADJUSTMENT_DATA", bars,
                              "the closes are divided by later splits, and no splits are known that would take that "
                              "out: fetch them");
    }
    if (actions.splits == nullptr) {
      Notice("no splits are known: a number of shares from before one does not fit the closes after it");
      return actions;
    }
  }
  BF_RETURN_IF_ERROR(Compare(splits_, bars, needed, actions));
  return actions;
}

}  // namespace breadthflow::data
