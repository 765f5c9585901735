#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "breadthflow/common/v1/series.pb.h"

namespace breadthflow::cli {

// How series stand in a file. What is written in one of these comes back the same by SeriesFileReader: every bit of
// every number, missing values, empty texts, several rows of one instant.
enum class SeriesFormat {
  kCsv,        // RFC 4180: symbol, time, what they are and the columns; a missing value is an empty cell, an empty text
               // is ""
  kJsonLines,  // an object a line: symbol, time, what they are and the columns; a missing value is null
  kColumnar,   // SeriesMessages in the stored encoding, each after its length as a varint
};

// What the rows of a text are stands in each of them, so that tables can be put together and no program has to know of
// it: the kind of the data, the bar size, and how prices are adjusted (empty, or not there, where there are none).
// Prices that are anchored on the first row stored were made for one read: their price_basis is "total_return@" and the
// time of that row, and they are not read back.
inline constexpr std::array<std::string_view, 3> kDescription = {"resource", "timeframe", "price_basis"};
// The calendar on which the rows stand ("24/7", "none@Europe/Berlin"): a column only where one was named.
inline constexpr std::string_view kCalendar = "calendar";
// The day as of which the prices of a row were adjusted for splits ("2019-12-31"): a column only where one was said.
inline constexpr std::string_view kAdjustedAsOf = "adjusted_as_of";

// Which of these two something has.
struct SaidColumns {
  bool calendar = false;
  bool adjusted_as_of = false;
  void Add(const SaidColumns& other) {
    calendar |= other.calendar;
    adjusted_as_of |= other.adjusted_as_of;
  }
};
// Those of a series, by its first message; not those that are called as a field of its own.
SaidColumns SaidBy(const common::v1::SeriesMessage& message);

// How the prices of a series are adjusted, as the column price_basis says it, by its first message; empty: none are.
std::string BasisText(const common::v1::SeriesMessage& message);

// The format that the end of a file's name says: .csv, .jsonl, .ndjson or .columnar, each also with .gz behind it, and
// csv for a name without an end. nullopt for others.
std::optional<SeriesFormat> KnownFormat(std::string_view file);
// The same, and csv for all others.
SeriesFormat FormatOfName(std::string_view file);
// Whether a name ends in .gz: then the file is a gzip archive.
bool IsPackedName(std::string_view file);
// By the value of --format; "auto": by the name.
SeriesFormat FormatOf(std::string_view flag, std::string_view file);

// Writes a stream of series as it comes. Numbers have as few digits as give the same number back, and a point or an
// exponent unless they are whole by type; times are in UTC to the nanosecond.
class SeriesWriter {
 public:
  // `columns`, when not empty, are those of the CSV in their order; otherwise those of its first rows.
  SeriesWriter(std::ostream& out, SeriesFormat format, std::vector<std::string> columns)
      : out_(out), format_(format), columns_(std::move(columns)) {}

  // A CSV has these columns although its first series says nothing there, since a later one does.
  void WillSay(const SaidColumns& columns) { says_.Add(columns); }

  // Packed columns for CSV and JSON lines, any encoding for columnar. FAILED_PRECONDITION MORE_COLUMNS when rows have a
  // column, a calendar or a day, that the CSV has no place for.
  absl::Status Take(const common::v1::SeriesMessage& message);
  // After the last message.
  void End();
  int64_t rows() const { return rows_; }  // of packed messages

 private:
  absl::Status WriteCsv(const common::v1::ColumnarBatch& batch);
  void Describe(const common::v1::SeriesMessage& message);
  std::string_view DayAt(int64_t time_ns) const;
  void WriteHeader();
  void WriteJson(const common::v1::ColumnarBatch& batch);

  std::ostream& out_;
  const SeriesFormat format_;
  std::vector<std::string> columns_;
  std::array<std::string, kDescription.size()> description_;  // of the series at hand
  std::string calendar_;                                      // the same
  std::vector<std::pair<int64_t, std::string>> days_;         // the same: from which row on, and the day
  SaidColumns says_;
  bool header_written_ = false;
  int64_t rows_ = 0;
};

}  // namespace breadthflow::cli
