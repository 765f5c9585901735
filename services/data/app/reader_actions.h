#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/app/reader.h"
#include "services/data/domain/action_choice.h"
#include "services/data/domain/adjustment.h"
#include "services/data/domain/read_shape.h"

namespace breadthflow::data {

// The splits and dividends of one series of a plan: chosen as action_choice.h says once its rows are known, and read
// once. What was chosen is written into `origin`. All that is given must outlive it, and it what it gives.
class ReadActions {
 public:
  ReadActions(SeriesStore& series, const ReadShape& shape, const Companions& beside, const StoredExtent& extent,
              absl::Time deadline, ReadOrigin& origin);

  // What adjusts `rows` as the plan wants, of which those from `end_ns` on are there only to tell what the ones before
  // them are. FAILED_PRECONDITION NO_ADJUSTMENT_DATA as Reader::Read; what nobody has is
  // null, for Adjust to say so.
  absl::StatusOr<CorporateActions> ToAdjust(const quant::Series& rows, int64_t end_ns);

  // The splits that put `rows`, prices as traded, on one scale within a bar that is made of several days. Null where
  // the column split_ratio has them, and where nobody knows any: that is said in the notices. `end_ns` as above.
  absl::StatusOr<CorporateActions> ToCombine(const quant::Series& rows, int64_t end_ns);

  // The splits of `needed` that put numbers of shares on the scale of the closes of `bars`, and split-adjusted closes
  // back on that of their day. Null where the column split_ratio has them, and where nobody knows any: that is said in
  // the notices, and refused for split-adjusted closes.
  absl::StatusOr<CorporateActions> ToCount(const quant::Series& bars, const quant::TimeRange& needed);

 private:
  struct Kind {
    std::string_view name;  // "splits"
    const Companions::Actions& actions;
    std::string& chosen;                   // in the origin
    std::map<size_t, quant::Series> read;  // by offer
  };
  absl::StatusOr<const quant::Series*> ReadOffer(Kind& kind, size_t offer);
  absl::StatusOr<const quant::Series*> Pick(Kind& kind, const quant::Series& rows, const quant::TimeRange& needed,
                                            std::string_view what);
  absl::Status TakeColumns(const quant::Series& rows, int64_t until_ns, CorporateActions& actions);
  absl::Status TellOfLaterSplits(const quant::Series& rows, const quant::Series& splits);
  absl::Status Compare(Kind& kind, const quant::Series& rows, const quant::TimeRange& needed,
                       const CorporateActions& known);
  absl::Status RefuseNamed(const Kind& kind, const quant::Series& rows) const;
  void Notice(std::string text);

  SeriesStore& series_;
  const ReadShape& shape_;
  const StoredExtent& extent_;
  const absl::Time deadline_;
  ReadOrigin& origin_;
  const quant::Calendar* calendar_;
  Kind splits_;
  Kind dividends_;
};

}  // namespace breadthflow::data
