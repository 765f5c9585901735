#include "services/cli/import_upload.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Request = data::v1::ImportSeriesRequest;
using common::v1::SeriesMessage;

constexpr size_t kPart = size_t{256} << 10;  // bytes of a text in a message

template <typename Part>
void Describe(Part& part, const std::string& file, const std::string& symbol, std::string content) {
  part.set_file(file);
  part.set_symbol(symbol);
  part.set_content(std::move(content));
}

}  // namespace

ImportUpload::ImportUpload(std::vector<ImportFile> files, std::string symbol, ColumnTypes types, Progress& progress)
    : files_(std::move(files)), symbol_(std::move(symbol)), types_(std::move(types)), progress_(progress) {
  for (const ImportFile& file : files_) all_bytes_ += file.bytes;
}

absl::StatusOr<bool> ImportUpload::Next(Request& request) {
  while (file_ < files_.size()) {
    const ImportFile& file = files_[file_];
    // Once a file has mistakes nothing will be stored: the others are only looked through for more of them, texts by
    // the server.
    absl::StatusOr<bool> more = file.text ? NextPart(file, request) : NextRows(file, request);
    if (base::DetailsOf(more.status()).reason == "INVALID_FILE" && !base::DetailsOf(more.status()).violations.empty()) {
      faults_.Merge("", more.status());
      reader_.reset();
      more = false;
    }
    BF_RETURN_IF_ERROR(more.status());
    if (all_bytes_ > 0) {
      progress_.Update(
          static_cast<double>(done_bytes_ + position_) / static_cast<double>(all_bytes_),
          fmt::format("{}, {} of {} bytes", file.path, Grouped(done_bytes_ + position_), Grouped(all_bytes_)));
    }
    sent_ |= *more;
    texts_sent_ |= *more && file.text;
    if (*more && (faults_.empty() || file.text)) return true;
    request.Clear();
    if (*more) {
      origins_.pop_back();  // not sent
      continue;
    }
    done_bytes_ += file.bytes;
    position_ = 0;
    ++file_;
  }
  if (!faults_.empty() && texts_sent_) {
    if (refused_) return false;
    // Rows that can not be read, so that nothing is stored and the server says what is wrong with the texts.
    refused_ = origins_.size();
    origins_.push_back({});
    request.set_stored_of("DAMAGED");
    request.set_stored("");
    return true;
  }
  BF_RETURN_IF_ERROR(faults_.ToStatus("nothing was imported", "INVALID_FILE"));
  if (!sent_) BF_RETURN_IF_ERROR(empty_.ToStatus("nothing to import", "INVALID_FILE"));
  return false;
}

absl::StatusOr<bool> ImportUpload::NextPart(const ImportFile& file, Request& request) {
  if (!text_.is_open()) {
    text_.open(file.place(), std::ios::binary);
    if (!text_) {
      return base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE", fmt::format("can not open {}", file.path));
    }
    begun_ = false;
  }
  std::string content(kPart, '\0');
  text_.read(content.data(), static_cast<std::streamsize>(kPart));
  content.resize(static_cast<size_t>(text_.gcount()));
  if (text_.bad()) {
    return base::MakeError(absl::StatusCode::kUnavailable, "READ_FAILED", fmt::format("can not read {}", file.path));
  }
  // An empty file has one part too: that it is empty is for the server to say.
  if (content.empty() && begun_) {
    text_.close();
    text_.clear();
    return false;
  }
  begun_ = true;
  position_ += static_cast<int64_t>(content.size());
  if (file.answer) {
    Describe(*request.mutable_answer(), file.path, symbol_, std::move(content));
  } else {
    Describe(*request.mutable_csv(), file.path, symbol_, std::move(content));
  }
  return true;
}

absl::StatusOr<bool> ImportUpload::NextRows(const ImportFile& file, Request& request) {
  if (reader_ == nullptr) {
    BF_ASSIGN_OR_RETURN(reader_, SeriesReader::Open(file.path, file.format, types_, file.place()));
    rows_ = false;
  }
  SeriesMessage message;
  while (true) {
    BF_ASSIGN_OR_RETURN(const bool more, reader_->Next(message));
    position_ = reader_->position();
    if (!more) {
      reader_.reset();
      if (!rows_) empty_.Add(file.path, symbol_.empty() ? "has no rows" : fmt::format("has no rows of {}", symbol_));
      return false;
    }
    const bool stored = message.payload_case() == SeriesMessage::kStored;
    const std::string& symbol = stored ? message.first_of().symbol() : message.packed().key().symbol();
    if (message.payload_case() == SeriesMessage::PAYLOAD_NOT_SET || (!symbol_.empty() && symbol != symbol_)) continue;
    rows_ = true;
    origins_.push_back({file_, reader_->lines()});
    request.set_calendar(message.origin().calendar());
    *request.mutable_adjusted_as_of() = message.origin().adjusted_as_of();
    if (stored) {
      request.set_stored_of(symbol);
      request.set_stored(std::move(*message.mutable_stored()));
    } else {
      *request.mutable_packed() = std::move(*message.mutable_packed());
    }
    return true;
  }
}

std::optional<ImportUpload::Place> ImportUpload::PlaceOf(const std::string& field) const {
  constexpr std::string_view kRow = ".rows[";
  const size_t begin = field.find('[') + 1;
  const size_t end = field.find(']');
  size_t message = 0;
  if ((!field.starts_with("packed[") && !field.starts_with("stored[")) || end == std::string::npos ||
      !absl::SimpleAtoi(field.substr(begin, end - begin), &message) || message >= origins_.size()) {
    return std::nullopt;
  }
  const Origin& origin = origins_[message];
  std::string rest = field.substr(end + 1);
  size_t row = 0;
  const bool of_row = rest.starts_with(kRow) && rest.ends_with(']') &&
                      absl::SimpleAtoi(rest.substr(kRow.size(), rest.size() - kRow.size() - 1), &row);
  const std::string& path = files_[origin.file].path;
  if (origin.lines.empty()) {  // of a file without lines
    if (rest.starts_with('.')) rest = rest.substr(1) + " ";
    return Place{path, rest};
  }
  if (of_row) rest.clear();
  if (row >= origin.lines.size()) return std::nullopt;
  if (rest.starts_with('.')) rest = rest.substr(1) + " ";
  return Place{fmt::format("{}:{}", path, origin.lines[row]), rest};
}

absl::Status ImportUpload::InFiles(const absl::Status& status) const {
  base::ErrorDetails details = base::DetailsOf(status);
  std::vector<base::FieldViolation> violations;
  // Whatever kept the server from an answer: files that were read here have mistakes.
  const bool ours = refused_ || (texts_sent_ && !faults_.empty() && !details.violations.empty());
  if (ours) violations = faults_.list();
  if (ours && !absl::IsInvalidArgument(status)) {
    details = {.reason = "INVALID_FILE", .metadata = {}, .violations = {}, .retry_after = {}};
  }
  bool any = ours;
  for (base::FieldViolation& violation : details.violations) {
    if (refused_ && violation.field.starts_with(fmt::format("stored[{}]", *refused_))) continue;
    if (auto place = PlaceOf(violation.field)) {
      violation.field = place->line;
      violation.description = place->of + violation.description;
      any = true;
    }
    violations.push_back(std::move(violation));
  }
  if (!any) return status;
  details.violations = std::move(violations);
  if (ours) {
    int64_t count = 0;
    const auto counted = details.metadata.find("violations_count");
    if (counted != details.metadata.end() && absl::SimpleAtoi(counted->second, &count)) {
      const auto shown = static_cast<int64_t>(details.violations.size());
      count += static_cast<int64_t>(faults_.list().size()) - (refused_ ? 1 : 0);
      details.metadata.erase("violations_count");
      if (count > shown) {
        details.metadata["violations_count"] = std::to_string(count);
        details.metadata["violations_shown"] = std::to_string(shown);
      }
    }
    return base::MakeError(absl::StatusCode::kInvalidArgument, "nothing was imported", details);
  }
  std::string message = base::Message(status);
  message.resize(std::min({message.size(), message.find(": packed["), message.find(": stored[")}));
  return base::MakeError(status.code(), message, details);
}

}  // namespace breadthflow::cli
