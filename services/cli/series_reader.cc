#include "services/cli/series_reader.h"

#include <istream>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "common/base/status.h"
#include "services/cli/csv_reader.h"
#include "services/cli/gzip_stream.h"
#include "services/cli/json_reader.h"

namespace breadthflow::cli {
namespace {

using common::v1::SeriesMessage;

class ColumnarReader final : public SeriesReader {
 public:
  ColumnarReader(const std::string& file, const std::string& place)
      : file_(file), unpacked_(place), in_(&unpacked_), bytes_(&in_) {}
  bool opened() const { return unpacked_.opened(); }
  int64_t position() const override { return unpacked_.position(); }

  absl::StatusOr<bool> Next(SeriesMessage& message) override {
    while (true) {
      message.Clear();
      bool clean_end = false;
      if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&message, &bytes_, &clean_end)) {
        if (clean_end && !unpacked_.broken()) return false;
        base::Violations violations;
        violations.Add(file_, fmt::format("is damaged or cut off after {} bytes", bytes_.ByteCount()));
        return violations.ToStatus(fmt::format("{} can not be read", file_), "INVALID_FILE");
      }
      if (message.has_first_of()) {
        key_ = message.first_of();
        origin_.set_calendar(message.origin().calendar());
        *origin_.mutable_adjusted_as_of() = message.origin().adjusted_as_of();
      } else if (origin_.ByteSizeLong() > 0) {
        *message.mutable_origin() = origin_;
      }
      if (message.has_packed()) {
        if (message.packed().key().symbol().empty()) *message.mutable_packed()->mutable_key() = key_;
      } else if (message.payload_case() == SeriesMessage::kStored) {
        *message.mutable_first_of() = key_;  // whose rows they are, on every message
      } else if (!message.has_first_of()) {
        continue;
      }
      return true;
    }
  }

 private:
  const std::string file_;
  GzipInput unpacked_;
  std::istream in_;
  google::protobuf::io::IstreamInputStream bytes_;
  common::v1::SeriesKey key_;
  common::v1::SeriesOrigin origin_;  // what holds of all rows of the series: its calendar and days
};

absl::Status NoSuchFile(const std::string& file) {
  return base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE", fmt::format("can not open {}", file));
}

template <typename Reader>
absl::StatusOr<std::unique_ptr<SeriesReader>> Opened(const std::string& file, std::unique_ptr<Reader> reader) {
  if (reader->opened()) return reader;
  return NoSuchFile(file);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SeriesReader>> SeriesReader::Open(const std::string& file, SeriesFormat format,
                                                                 const ColumnTypes& types, const std::string& place) {
  const std::string& from = place.empty() ? file : place;
  if (format == SeriesFormat::kColumnar) return Opened(file, std::make_unique<ColumnarReader>(file, from));
  if (format == SeriesFormat::kJsonLines) return Opened(file, std::make_unique<JsonReader>(file, types, from));
  return Opened(file, std::make_unique<CsvReader>(file, types, from));
}

absl::StatusOr<SeriesMessage> DescriptionOf(const std::string& file, SeriesFormat format) {
  const auto first = [&](const auto& reader) -> absl::StatusOr<SeriesMessage> {
    if (reader->opened()) return reader->First();
    return NoSuchFile(file);
  };
  if (format == SeriesFormat::kJsonLines) return first(std::make_unique<JsonReader>(file, ColumnTypes(), file));
  return first(std::make_unique<CsvReader>(file, ColumnTypes(), file));
}

bool IsSeriesCsv(const std::string& file) {
  GzipInput bytes(file);
  std::istream in(&bytes);
  std::string begin(12, '\0');
  in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<size_t>(in.gcount()));
  return begin.starts_with("symbol,time") &&
         (begin.size() == 11 || begin[11] == ',' || begin[11] == '\n' || begin[11] == '\r');
}

}  // namespace breadthflow::cli
