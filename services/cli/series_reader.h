#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/quant/series.h"
#include "services/cli/series_file.h"

namespace breadthflow::cli {

// Types of the columns that a resource has, by name.
using ColumnTypes = std::map<std::string, quant::ColumnType>;

// Reads a file that SeriesWriter wrote, or one of the same form: message after message, each of one symbol with at most
// a few thousand rows. Columns of `types` have their type; the type of others (their names hold a dot) is that of their
// values as they stand: quoted text, numbers with a point or an exponent, whole numbers. Columns without any value in a
// message are left out of it. Files may be packed by gzip. INVALID_ARGUMENT INVALID_FILE with file and line for
// everything that is not as it must be: from the first mistake on the rest is only looked through for others, of which
// the first 100 are named.
class SeriesReader {
 public:
  // `file` is what messages call it; `place`: where its bytes are, when that is not its name. NOT_FOUND NO_SUCH_FILE
  // when it can not be opened.
  static absl::StatusOr<std::unique_ptr<SeriesReader>> Open(const std::string& file, SeriesFormat format,
                                                            const ColumnTypes& types, const std::string& place = "");
  virtual ~SeriesReader() = default;

  // The next message; false at the end. Key, basis, origin.calendar and
  // origin.adjusted_as_of say what the file says of its rows (see
  // kDescription); they have only the symbol where it does not say more.
  virtual absl::StatusOr<bool> Next(common::v1::SeriesMessage& message) = 0;
  // Bytes read so far.
  virtual int64_t position() const = 0;
  // The line on which each row of the last message began; empty where the file has no lines.
  const std::vector<int64_t>& lines() const { return lines_; }

 protected:
  std::vector<int64_t> lines_;
};

// What a CSV or JSON lines file says of its rows in the first one, as first_of and basis of a message; what it does not
// say is unset. Mistakes are left for the reader to name. NOT_FOUND NO_SUCH_FILE.
absl::StatusOr<common::v1::SeriesMessage> DescriptionOf(const std::string& file, SeriesFormat format);

// Whether a CSV file begins like one that SeriesWriter wrote.
bool IsSeriesCsv(const std::string& file);

}  // namespace breadthflow::cli
