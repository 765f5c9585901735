#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/columnar/chunk_compactor.h"
#include "common/columnar/chunk_store.h"
#include "common/columnar/range_dropper.h"
#include "common/postgres/database.h"
#include "common/quant/calendar.h"
#include "services/data/domain/series_market.h"
#include "services/data/domain/snapshot.h"
#include "services/data/store/series_anchor.h"

namespace breadthflow::data {

// One series of a read: a version, and the rows of it that are wanted.
struct PlannedSeries {
  quant::SeriesKey key;  // the variant names the source
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  int64_t version = 0;
  quant::TimeRange range;
  int64_t max_rows = 0;                   // of the whole version
  int64_t dropped_before_ns = INT64_MIN;  // as SeriesHead has it
};

// What was named for a series, and since when that is known: absl::InfinitePast() of what was said before it was kept.
struct KnownMarket {
  SeriesMarket market;
  absl::Time known_at;
};
// Those of series for which one was named.
using NamedMarkets = std::map<quant::SeriesKey, KnownMarket>;

// The calendars that were named for series; those for which none was are not there.
using NamedCalendars = std::map<quant::SeriesKey, const quant::Calendar*>;

// That of one series; null: none was named.
inline const quant::Calendar* NamedFor(const NamedCalendars& calendars, const quant::SeriesKey& key) {
  const auto found = calendars.find(key);
  return found == calendars.end() ? nullptr : found->second;
}

// What to say of a state that may lack rows from `start_ns` on, since they were dropped later; empty when it has them
// all.
std::string WhyLost(const columnar::SeriesHead& head, int64_t start_ns);

// FAILED_PRECONDITION RANGE_DROPPED that names every one of these states that WhyLost says something of, from the first
// row on that is needed of it.
absl::Status RefuseLost(const std::vector<columnar::SeriesHead>& heads,
                        const std::function<int64_t(const columnar::SeriesHead&)>& first_needed);

// The market data of this service in the chunk store: the variant of a series is the source it came from, so that two
// sources never mix in one series. Thread-safe.
class SeriesStore {
 public:
  explicit SeriesStore(postgres::Database& database)
      : database_(database), chunks_(database), compactor_(database), dropper_(database), anchors_(database) {}

  // The series of `source` for each symbol, in the order given, in their state at `as_of`. An empty source means the
  // only one that has the symbol. NOT_FOUND UNKNOWN_SERIES with every symbol that is not stored, or was not yet then
  // and since when it is; FAILED_PRECONDITION SEVERAL_SOURCES with every symbol that several sources have.
  absl::StatusOr<std::vector<columnar::SeriesHead>> Resolve(const std::string& resource,
                                                            const std::vector<std::string>& symbols,
                                                            quant::Timeframe timeframe, const std::string& source,
                                                            absl::Time as_of, absl::Time deadline);

  // When the first state of each of these symbols came that is of `source`, or of any where it is empty; those that are
  // not stored are not there.
  absl::StatusOr<std::map<std::string, absl::Time>> FirstKnown(const std::string& resource,
                                                               const std::vector<std::string>& symbols,
                                                               quant::Timeframe timeframe, const std::string& source,
                                                               absl::Time deadline);

  // The newest state of a series, with what was dropped of it; one of nothing where there is no such series.
  absl::StatusOr<columnar::SeriesHead> Newest(const quant::SeriesKey& key, absl::Time deadline);

  // An instant, by the database's clock, that these series have passed: every change of one of them up to it is
  // committed, and every later one will be after it, so what is read as of it never changes. Waits for writers that are
  // just committing; ABORTED LOCK_TIMEOUT when one takes too long.
  absl::StatusOr<absl::Time> Settle(const std::string& resource, const std::vector<std::string>& symbols,
                                    quant::Timeframe timeframe, absl::Time deadline);

  // Makes rows the next version of their series, as columnar::ChunkStore::Commit, and names its market where one is
  // given: both are known from the same instant on. In key order, as there.
  absl::StatusOr<int64_t> Commit(postgres::Transaction& tx, const columnar::WrittenSeries& written,
                                 const std::optional<SeriesMarket>& market, Naming naming = Naming::kInstead);
  // Holds a series, if it is stored, for this transaction alone. Who commits more of it than rows holds it first: a
  // transaction that only shares it (rows that are stored already) could not hold it alone any more once another one
  // shares it too.
  static absl::Status Hold(postgres::Transaction& tx, const quant::SeriesKey& key);
  // Names the market of a series, which counts until another one is named: what was known earlier stays known of
  // earlier instants. Known together with the rows that the transaction has committed to the series, else from now on,
  // after everything that Settle has seen of a series that is stored. The same market again writes nothing. Of several
  // series in key order.
  absl::Status SetMarket(postgres::Transaction& tx, const quant::SeriesKey& key, const SeriesMarket& market,
                         Naming naming = Naming::kInstead);
  // As they were known at `as_of`.
  absl::StatusOr<NamedMarkets> Markets(const std::vector<quant::SeriesKey>& keys, absl::Time as_of,
                                       absl::Time deadline);
  // The calendar of a market. Of kNoCalendar the dates in its time zone, UTC where it names none; they live as long as
  // the store. FAILED_PRECONDITION UNKNOWN_ZONE.
  absl::StatusOr<const quant::Calendar*> CalendarOf(const SeriesMarket& market);
  // The calendars of the markets: what data::CalendarOf takes as named.
  absl::StatusOr<NamedCalendars> Calendars(const std::vector<quant::SeriesKey>& keys, absl::Time as_of,
                                           absl::Time deadline);

  // All rows of a planned series; `admit` as in columnar::ReadOptions.
  absl::StatusOr<quant::Series> Read(const PlannedSeries& planned, const std::vector<std::string>& fields,
                                     absl::Time deadline, std::function<absl::Status(int64_t)> admit = nullptr);

  // The same of many series of one range, in their order: short ones several at a time, by one statement. Ends with the
  // first error, also one that `take` returns; it is given the place of the series and its rows.
  absl::Status ReadEach(const std::vector<PlannedSeries>& planned,
                        const std::function<absl::Status(size_t, quant::Series)>& take, absl::Time deadline);

  // One round of compaction, as columnar::ChunkCompactor::Run. For one thread at a time.
  absl::StatusOr<columnar::CompactionRound> Compact(int64_t max_series) { return compactor_.Run(max_series); }

  columnar::ChunkStore& chunks() { return chunks_; }
  columnar::RangeDropper& dropper() { return dropper_; }
  // As of when prices were adjusted.
  SeriesAnchors& anchors() { return anchors_; }

 private:
  postgres::Database& database_;
  columnar::ChunkStore chunks_;
  columnar::ChunkCompactor compactor_;
  std::mutex days_mutex_;
  std::map<std::string, quant::Calendar> days_;  // by time zone; guarded by days_mutex_
  columnar::RangeDropper dropper_;
  SeriesAnchors anchors_;
};

// Hands over a planned series piece by piece, each at most a chunk long and inside the range.
class SeriesCursor {
 public:
  // Errors as columnar::ChunkStore::OpenMany. The series are of one range; they are opened by one statement.
  static absl::StatusOr<std::vector<SeriesCursor>> Open(SeriesStore& store, std::span<const PlannedSeries> planned,
                                                        absl::Time deadline);

  // The next rows as stored bytes; nullopt at the end. Chunks that lie inside the range are passed on untouched.
  absl::StatusOr<std::optional<columnar::EncodedChunk>> NextStored();
  // The next rows decoded, only the columns named (all when empty), with key, basis and `repeats`; nullopt at the end.
  absl::StatusOr<std::optional<quant::Series>> NextRows(const std::vector<std::string>& fields);

  const PlannedSeries& planned() const { return planned_; }
  bool repeats() const { return cursor_.head().repeats; }

 private:
  SeriesCursor(PlannedSeries planned, columnar::ChunkCursor cursor)
      : planned_(std::move(planned)), cursor_(std::move(cursor)) {}
  PlannedSeries planned_;
  columnar::ChunkCursor cursor_;
};

}  // namespace breadthflow::data
