#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/importer.h"
#include "services/data/domain/price_basis.h"

// The files of an import: put together from their parts, and read when they are whole.
namespace breadthflow::data {
namespace {

std::string_view NameOf(FileKind kind) { return kind == FileKind::kCsv ? "csv" : "answer"; }

}  // namespace

absl::Status Import::AddFilePart(FileKind kind, const std::string& file, const std::string& symbol,
                                 std::string_view content) {
  if (!in_file_ || kind != kind_ || file != file_ || symbol != file_symbol_) {
    BF_RETURN_IF_ERROR(EndFile());
    const std::string field(NameOf(kind));
    if (file.empty()) return AddFault(field + ".file", "is required: the name of the file, for messages");
    if (!symbol.empty()) {
      if (const auto fault = SymbolFault(symbol)) return AddFault(field + ".symbol", *fault);
    }
    if (kind == FileKind::kAnswer && answers_ == nullptr) {
      return AddFault(field, "needs a spec that says of which source the answers are: answers_of");
    }
    in_file_ = true;
    kind_ = kind;
    file_ = file;
    file_symbol_ = symbol;
    hash_.Int(kind == FileKind::kCsv ? 3 : 4).Text(file).Text(symbol);
  }
  BF_RETURN_IF_ERROR(Hold(rows_.bytes() + static_cast<int64_t>(text_.size() + content.size())));
  hash_.Bytes(content.data(), content.size());
  text_.append(content);
  return absl::OkStatus();
}

absl::Status Import::EndFile() {
  if (!in_file_) return absl::OkStatus();
  in_file_ = false;
  hash_.Int(static_cast<int64_t>(text_.size()));
  if (kind_ == FileKind::kCsv && reader_ == nullptr) {
    absl::StatusOr<std::unique_ptr<TableReader>> made = importer_.MakeReader(spec_, *resource_);
    if (!made.ok()) return AddFault("csv", base::Message(made.status()));
    reader_ = *std::move(made);
  }
  const TableReader& reader = kind_ == FileKind::kCsv ? *reader_ : *answers_;
  absl::StatusOr<std::vector<SourceData>> read = reader.Read(file_, std::exchange(text_, {}), file_symbol_);
  if (!read.ok()) {
    if (base::DetailsOf(read.status()).violations.empty()) return AddFault(file_, base::Message(read.status()));
    faults_.Merge(read.status());
    return faults_.full() ? faults_.ToStatus() : absl::OkStatus();
  }
  for (SourceData& data : *read) {
    std::vector<std::string>& notes = notes_[data.series.key.symbol];
    for (const std::string& note : data.notes) {
      // Who says as of when prices were adjusted says that they were.
      const bool days = spec_.adjusted_as_of || data.adjusted_as_of;
      const bool told = std::find(notes.begin(), notes.end(), note) != notes.end();  // of another file
      if (!told && (!days || note != AssumedBasisNote())) notes.push_back(note);
    }
    if (data.basis_assumed && !data.series.empty()) basis_assumed_.insert(data.series.key.symbol);
    if (!data.certain && data.series.empty()) {
      constexpr std::string_view kUnsaid = "lists none, and may not have been asked for them";
      if (spec_.replaces) {
        BF_RETURN_IF_ERROR(AddFault(file_, fmt::format("{}: it can not replace what is stored", kUnsaid)));
        continue;
      }
      notes.push_back(fmt::format("{} {}", file_, kUnsaid));
      uncertain_.insert(data.series.key.symbol);
    }
    if (data.market) TakeMarket(data.series.key.symbol, file_, *data.market);
    TakeDays(data.series, file_, data.adjusted_as_of ? OneDay(*data.adjusted_as_of) : PriceAnchors());
    BF_RETURN_IF_ERROR(Keep(std::move(data.series), file_, data.labels, false));
  }
  return Hold(rows_.bytes());
}

}  // namespace breadthflow::data
