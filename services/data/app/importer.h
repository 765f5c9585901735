#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/base/cancel.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/memory_budget.h"
#include "common/base/status.h"
#include "common/component/catalog.h"
#include "services/data/app/arrival.h"
#include "services/data/app/fetcher.h"
#include "services/data/app/quarantines.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/import.h"
#include "services/data/domain/source.h"
#include "services/data/domain/table_reader.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

class Importer;

enum class FileKind {
  kCsv = 1,     // text, read as the parameters of the spec say
  kAnswer = 2,  // a saved answer of the source that the spec names
};

// What came with rows beside them.
struct SaidOfRows {
  bool timeframe = false;         // their bar size
  std::string calendar{};         // that is named for their series, a SeriesMarket as text; empty: none is
  PriceAnchors adjusted_as_of{};  // empty: nothing is said
};

// One import while its rows come in. Nothing of it is stored before Finish. Not thread-safe. Every call that adds rows
// checks them by all rules of the resource; mistakes are collected, so that Finish can name every one, and a call fails
// only when there are more than can be listed, or with RESOURCE_EXHAUSTED: IMPORT_TOO_LARGE (import in parts) or
// IMPORTS_BUSY (try again).
class Import {
 public:
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;

  const ImportSpec& spec() const { return spec_; }
  const Resource& resource() const { return *resource_; }

  // Rows of one symbol. Resource, timeframe and variant of their key are this import's; an unset basis is too.
  absl::Status AddRows(quant::Series rows, const SaidOfRows& said = {});
  // Rows in the stored encoding, which is checked before anything is made of it.
  absl::Status AddStored(const std::string& symbol, std::string_view bytes, const SaidOfRows& said = {});
  // The next part of a file. Another kind, another name, another symbol or other rows begin another file.
  absl::Status AddFilePart(FileKind kind, const std::string& file, const std::string& symbol, std::string_view content);
  // A message of rows that could not be read: what is wrong with it, or with a field of it (".key.timeframe").
  absl::Status AddBadRows(std::string_view field, std::string_view description);

  // Stores everything in one transaction, or nothing: one result per symbol, ordered by symbol. Symbols that the gate
  // of the spec does not let pass are kept apart in the same transaction, and their result is a failure; see
  // Quarantines. INVALID_ARGUMENT INVALID_IMPORT with every mistake; FAILED_PRECONDITION NOT_STORABLE with every symbol
  // whose rows do not go with what is stored; BASIS_DOUBTFUL where that is so of all of them only because their prices
  // look adjusted in another way or as of another day (CheckBasis). A request_id that was answered before
  // gets the same answer and stores nothing.
  absl::StatusOr<std::vector<FetchResult>> Finish(const base::CancelToken& cancel);

 private:
  friend class Importer;
  Import(Importer& importer, ImportSpec spec, const Resource& resource, Submission submission,
         std::unique_ptr<TableReader> reader, std::unique_ptr<TableReader> answers);

  absl::Status AddFault(std::string_view field, std::string_view description);
  absl::Status EndFile();
  absl::Status Keep(quant::Series rows, const std::string& name, const std::vector<std::string>& labels,
                    bool says_timeframe);
  void CheckSpacing(const quant::Series& rows, const std::string& name, bool says_timeframe);
  absl::Status Hold(int64_t bytes);
  // What is to be committed of one symbol.
  struct Outgoing {
    FetchResult result;
    Taken taken;
  };
  absl::StatusOr<std::vector<Outgoing>> Write(const std::vector<quant::Series>& all, const std::string& id,
                                              const NamedCalendars& calendars, const base::CancelToken& cancel);
  absl::StatusOr<Outgoing> WriteOne(const quant::Series& series, const std::string& origin,
                                    const quant::Calendar* calendar, const AnchorStatement* said);
  // Takes the calendar that rows of a symbol name; nothing else may have been named for it.
  void TakeMarket(const std::string& symbol, const std::string& name, const SeriesMarket& market);
  void TakeMarket(const std::string& symbol, const std::string& name, std::string_view calendar);
  // Takes as of when rows are said to be adjusted (empty: nobody says it).
  void TakeDays(const quant::Series& rows, const std::string& name, const PriceAnchors& days);
  // After the last row: finds the days of each symbol; what does not go together is a fault.
  void JudgeDays();
  // As of when the rows of a symbol were adjusted; empty: nobody says it.
  PriceAnchors DaysOf(const std::string& symbol) const;
  // That of a symbol: as the spec or its rows name it, else the dates of a time zone, as CalendarsOf has found last.
  std::optional<SeriesMarket> MarketOf(const std::string& symbol) const;
  // Whether somebody named that one, or it was concluded from the time zone of the texts.
  Naming NamingOf(const std::string& symbol) const {
    return zones_.contains(symbol) ? Naming::kIfNone : Naming::kInstead;
  }
  // What these series trade on: as was named with them, else as it was before, by now, else the dates of a time zone
  // that the spec names, which are then those of MarketOf.
  absl::StatusOr<NamedCalendars> CalendarsOf(const std::vector<quant::Series>& all);

  Importer& importer_;
  const ImportSpec spec_;
  const Resource* resource_;
  const Submission submission_;
  std::unique_ptr<TableReader> reader_;         // of CSV; null until it is needed
  const std::unique_ptr<TableReader> answers_;  // null: the spec names no source whose answers these are
  base::Sha256 hash_;                           // of everything that came
  ImportRows rows_;
  ImportFaults faults_;
  base::MemoryBudget::Hold held_;
  int64_t messages_ = 0;
  std::map<std::string, std::vector<std::string>> notes_;  // by symbol
  const std::optional<SeriesMarket> market_;               // that the spec names
  std::map<std::string, SeriesMarket> markets_;            // that rows name, by symbol
  NamedMarkets named_before_;                              // as CalendarsOf has found last
  // Consecutive rows of one piece that say one day; nullopt: they say none.
  struct SaidDay {
    int64_t first_ns = 0;
    int64_t last_ns = 0;
    std::optional<absl::CivilDay> as_of;
    std::string name;  // of the piece
  };
  std::map<std::string, std::vector<SaidDay>> said_days_;  // by symbol
  std::map<std::string, PriceAnchors> days_;               // that rows say, by symbol, as JudgeDays has found
  std::map<std::string, SeriesMarket> zones_;              // dates of a time zone, where nothing was named
  std::set<std::string> basis_assumed_;                    // symbols; nothing says how their prices were adjusted
  std::set<std::string> uncertain_;                        // symbols of which a file may have said nothing
  bool in_file_ = false;
  FileKind kind_ = FileKind::kCsv;
  std::string file_;
  std::string file_symbol_;
  std::string text_;
};

// Stores rows that callers have. Thread-safe; everything given must outlive it.
class Importer {
 public:
  // Rows and text that one import, and all imports at work together, may hold in memory. Reading a file takes a few
  // times its size for a moment.
  struct Limits {
    int64_t import_bytes = int64_t{256} << 20;
    int64_t all_bytes = int64_t{512} << 20;
  };

  Importer(postgres::Database& database, ResourceStore& resources, SeriesStore& series, Quarantines& quarantines,
           const component::Catalog<SourceEntry>& sources, MakeTableReader make_reader, MakeAnswerReader make_answers,
           const base::Clock& clock, Limits limits)
      : database_(database),
        resources_(resources),
        series_(series),
        quarantines_(quarantines),
        sources_(sources),
        make_reader_(std::move(make_reader)),
        make_answers_(std::move(make_answers)),
        clock_(clock),
        limits_(limits),
        held_(limits.all_bytes) {}

  // INVALID_ARGUMENT with every violation of the spec.
  absl::StatusOr<std::unique_ptr<Import>> Begin(ImportSpec spec, const Submission& submission);

 private:
  friend class Import;
  // Of the texts of an import.
  absl::StatusOr<std::unique_ptr<TableReader>> MakeReader(const ImportSpec& spec, const Resource& resource) const;
  // Of the answers of an import; null when the spec names no source of them. Adds what is wrong with that.
  std::unique_ptr<TableReader> MakeAnswers(const ImportSpec& spec, const Resource& resource,
                                           base::Violations& violations) const;

  postgres::Database& database_;
  ResourceStore& resources_;
  SeriesStore& series_;
  Quarantines& quarantines_;
  const component::Catalog<SourceEntry>& sources_;
  const MakeTableReader make_reader_;
  const MakeAnswerReader make_answers_;
  const base::Clock& clock_;
  const Limits limits_;
  base::MemoryBudget held_;
};

}  // namespace breadthflow::data
