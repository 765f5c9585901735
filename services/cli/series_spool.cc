#include "services/cli/series_spool.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "common/base/status.h"
#include "services/cli/series_file.h"

namespace breadthflow::cli {

using common::v1::SeriesMessage;

absl::StatusOr<std::unique_ptr<SeriesSpool>> SeriesSpool::Make(const std::filesystem::path& folder,
                                                               std::vector<std::string> columns) {
  BF_ASSIGN_OR_RETURN(std::unique_ptr<TemporaryFile> file, TemporaryFile::Make(folder));
  return std::unique_ptr<SeriesSpool>(new SeriesSpool(std::move(file), std::move(columns)));
}

absl::Status SeriesSpool::Take(const SeriesMessage& message) {
  auto place = columns_.begin() + static_cast<std::ptrdiff_t>(named_);
  for (const common::v1::Column& column : message.packed().columns()) {
    if (message.packed().times_unix_ns_size() == 0) continue;
    const auto found = std::find(columns_.begin(), columns_.end(), column.name());
    if (found == columns_.end()) {
      place = columns_.insert(place, column.name()) + 1;
    } else {
      place = std::max(place, found + 1);
    }
  }
  says_.Add(SaidBy(message));
  std::ostringstream bytes;
  google::protobuf::util::SerializeDelimitedToOstream(message, &bytes);
  return file_->Append(std::move(bytes).str());
}

absl::Status SeriesSpool::Replay(const std::function<absl::Status(const SeriesMessage&)>& take) const {
  std::ifstream in(file_->path(), std::ios::binary);
  google::protobuf::io::IstreamInputStream bytes(&in);
  bool clean_end = false;
  for (SeriesMessage message;; message.Clear()) {
    if (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&message, &bytes, &clean_end)) {
      BF_RETURN_IF_ERROR(take(message));
    } else if (clean_end && bytes.ByteCount() == file_->bytes()) {
      return absl::OkStatus();
    } else {
      return base::MakeError(absl::StatusCode::kUnavailable, "READ_FAILED",
                             fmt::format("can not read back what was kept for the moment, beyond {} of {} bytes",
                                         bytes.ByteCount(), file_->bytes()));
    }
  }
}

}  // namespace breadthflow::cli
