#include "services/data/app/price_anchor.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

absl::Status OtherAnchor(const std::string& text) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "OTHER_ANCHOR",
                         text + ", or keep these under another name (--source NAME)");
}

// Whether rows that are stored and come again had another day.
bool SaysOtherDay(const PriceAnchors& before, const std::vector<int64_t>& stored, const std::vector<int64_t>& arriving,
                  const PriceAnchors& as_of) {
  return std::any_of(stored.begin(), stored.end(), [&](int64_t time_ns) {
    return DayAt(before, time_ns) != DayAt(as_of, time_ns) &&
           std::binary_search(arriving.begin(), arriving.end(), time_ns);
  });
}

}  // namespace

absl::StatusOr<std::optional<AnchorChange>> AnchorsWith(SeriesStore& store, const quant::Series& series,
                                                        const PriceAnchors& as_of,
                                                        const std::optional<quant::TimeRange>& replaces,
                                                        const AnchorStatement* known, absl::Time deadline) {
  if (series.empty()) return std::nullopt;
  if (as_of.empty()) {
    if (known == nullptr && series.basis != quant::PriceBasis::kSplitAdjusted) return std::nullopt;
    if (known == nullptr) return AnchorChange();
    return OtherAnchor(
        fmt::format("its stored prices are said to be adjusted as of {}: say it of the new ones too "
                    "(--adjusted-as-of DATE; data fetch: --param adjusted_as_of=DATE)",
                    ToText(known->anchors)));
  }
  BF_RETURN_IF_ERROR(CheckAnchor(series, as_of));
  columnar::ReadOptions options{.deadline = deadline};
  options.columns = {"close"};  // only times are looked at
  const absl::StatusOr<columnar::SeriesHead> head = store.chunks().Head(series.key, {.deadline = deadline});
  if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
  std::vector<int64_t> kept;
  if (head.ok()) {
    options.version = head->version;
    BF_ASSIGN_OR_RETURN(quant::Series stored, store.chunks().Read(series.key, options));
    kept = std::move(stored.times);
  }
  const bool said_now = known == nullptr && std::any_of(kept.begin(), kept.end(), [&](int64_t time_ns) {
                          return std::binary_search(series.times.begin(), series.times.end(), time_ns);
                        });
  const bool other_day = known != nullptr && SaysOtherDay(known->anchors, kept, series.times, as_of);
  if (replaces) std::erase_if(kept, [&](int64_t time_ns) { return replaces->Contains(time_ns); });
  if (known == nullptr) {
    const auto unsaid = std::find_if(kept.begin(), kept.end(), [&](int64_t time_ns) {
      return !std::binary_search(series.times.begin(), series.times.end(), time_ns);
    });
    if (unsaid != kept.end()) {
      return OtherAnchor(fmt::format(
          "nobody said as of when its stored prices were adjusted, and those of {} are not among the new rows: import "
          "them again, too, with --adjusted-as-of",
          absl::FormatTime("%Y-%m-%d", quant::FromNanos(*unsaid), absl::UTCTimeZone())));
    }
  }
  AnchorChange change{.seen = known == nullptr ? 0 : known->number, .seen_version = head.ok() ? head->version : 0};
  PriceAnchors after = AnchorsAfter(known == nullptr ? PriceAnchors() : known->anchors, kept, series.times, as_of);
  if (other_day) {
    change.note = fmt::format("its prices are now said to be adjusted as of {}, before as of {}", ToText(after),
                              ToText(known->anchors));
  }
  if (said_now) {
    change.note = fmt::format("its prices are now said to be adjusted as of {}, before nobody said it", ToText(after));
  }
  if (known == nullptr || known->anchors != after) change.anchors = std::move(after);
  return change;
}

absl::StatusOr<std::optional<AnchorChange>> AnchorsOfFetch(SeriesStore& store, const SourceEntry& source,
                                                           const quant::Series& series,
                                                           const std::optional<absl::CivilDay>& as_of,
                                                           const std::optional<quant::TimeRange>& replaces) {
  const bool can_say = std::any_of(source.params.begin(), source.params.end(),
                                   [](const component::ParamSpec& one) { return one.name == kAdjustedAsOf; });
  if (!can_say || (series.basis == quant::PriceBasis::kNotPrices && !as_of)) return std::nullopt;
  BF_ASSIGN_OR_RETURN(const auto said,
                      store.anchors().Find({series.key}, absl::InfiniteFuture(), absl::InfiniteFuture()));
  const AnchorStatement* known = said.empty() ? nullptr : &said.begin()->second;
  return AnchorsWith(store, series, as_of ? OneDay(*as_of) : PriceAnchors(), replaces, known, absl::InfiniteFuture());
}

absl::Status CommitAnchored(SeriesStore& store, postgres::Transaction& tx, const columnar::WrittenSeries& written,
                            const std::optional<SeriesMarket>& market, const std::optional<AnchorChange>& anchors,
                            Naming naming) {
  const bool says = anchors && !anchors->anchors.empty();
  if (says && anchors->seen_version != written.base_version) {
    return base::MakeError(absl::StatusCode::kAborted, "SERIES_MOVED",
                           fmt::format("{} {} got other rows while it was looked at as of when they are adjusted",
                                       written.key.symbol, quant::ToText(written.key.timeframe)));
  }
  if (says) BF_RETURN_IF_ERROR(SeriesStore::Hold(tx, written.key));
  BF_RETURN_IF_ERROR(store.Commit(tx, written, market, naming).status());
  if (!anchors) return absl::OkStatus();
  if (!says) return SeriesAnchors::CheckLast(tx, written.key, anchors->seen);
  const bool moved = written.base_version == 0 || !written.unchanged();
  return store.anchors().Say(tx, written.key, anchors->seen, anchors->anchors, moved);
}

absl::Status RefuseApart() {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "ANCHOR_APART",
                         "some of its rows no market can have made, and what is kept apart can not keep as of when it "
                         "was adjusted: correct them, or store them as they are (--quality-gate store)");
}

}  // namespace breadthflow::data
