#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/domain/asset_class.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/quality/check.h"
#include "services/data/domain/quality/range_ends.h"

namespace breadthflow::data {

struct SeriesQuality {
  quant::SeriesKey key;
  std::string calendar;     // by which it was judged; empty in reports of earlier versions, which do not say
  std::string asset_class;  // whose limits held, and why that one; empty as the calendar is
  std::string asset_class_reason;
  std::vector<std::string> compared_with;  // other sources that have the series; empty: there are none to compare with
  // Sessions from the first to the last row, or bars that their sessions have, and those beyond them that are known to
  // exist; the rows themselves when no calendar says, as that of the name quant::kNoCalendar.
  int64_t expected_rows = 0;
  int64_t rows = 0;
  quant::TimeRange covered;       // from the first row to behind the last; empty without rows
  double score = 1;               // 1 - sum over checks of weight x affected share, at least 0
  std::vector<Finding> findings;  // error first
};

struct QualityReport {
  std::string snapshot_id;
  std::vector<SeriesQuality> series;  // ordered by symbol
  double score = 1;                   // mean, weighted by expected rows
  bool passed = true;                 // no finding is an error
  std::vector<std::string> recommendations;
  absl::Time create_time;
};

// Share of the expected rows that a finding concerns, in [0, 1]; sessions since the last row and at the ends of the
// range are expected as well.
double AffectedShare(const Finding& finding, int64_t expected_rows);

// What is known of a series beside its rows.
struct SeriesKnowledge {
  std::optional<AssetClass> asset_class;  // that somebody said; nullopt: AssetClassOf says it
  RangeKnowledge range;
  PriceAnchors anchors{};  // as of when its prices were adjusted, where that is known
  // Those that are stored apart from it, as CorporateActions::splits; null: none. Only of prices as traded: a split is
  // no reason for a jump of others.
  const quant::Series* splits = nullptr;
  std::vector<int64_t> accepted{};  // as CheckInput::accepted
};

// Runs every check of the catalogue that needs one series, with default parameters, on one that holds the rows of
// `range` as they were known at `as_of_ns`. A series without rows scores 0 with an error.
SeriesQuality CheckQuality(const quant::Series& series, const quant::Calendar& calendar, quant::TimeRange range = {},
                           int64_t as_of_ns = INT64_MAX, const SeriesKnowledge& known = {});

// Runs those that compare it with the same series of another source, and adds what they find; nothing where one of the
// two has no rows. Prices that were adjusted as of other days are not compared, nor where that is known of one only.
void CheckAgainst(const quant::Series& series, const quant::Series& other, const quant::Calendar& calendar,
                  SeriesQuality& quality, const PriceAnchors& anchors = {}, const PriceAnchors& other_anchors = {});

// Compares the series of one report with each other (check "date_overlap", information only): a series that covers less
// than half of the time that the others have in common distorts what is computed over all of them.
void CheckTogether(std::vector<SeriesQuality>& series);

// Sums up: score, passed, recommendations.
QualityReport MakeReport(std::string snapshot_id, std::vector<SeriesQuality> series);

}  // namespace breadthflow::data
