#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv_parser.h"

namespace breadthflow::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = int64_t{256} << 20;
constexpr size_t kReadBytes = size_t{1} << 20;

class CsvFileSource final : public Source {
 public:
  CsvFileSource(fs::path folder, CsvFormat format) : folder_(std::move(folder)), format_(format) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    const bool intraday = quant::IntradayLength(query.timeframe) > absl::ZeroDuration();
    if (query.resource != "stock_price" || (query.timeframe != quant::Timeframe::kDay && !intraday)) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_OFFERED",
                             fmt::format("csv_file has stock_price in bars of 1min to 1day, not {} {}", query.resource,
                                         quant::ToText(query.timeframe)));
    }
    return SourceRequest{query, (folder_ / (query.symbol + ".csv")).string()};
  }

  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    std::error_code error;
    if (!fs::is_regular_file(request.locator, error)) {
      return base::MakeError(absl::StatusCode::kNotFound,
                             fmt::format("there is no file {} for symbol {}", request.locator, request.query.symbol),
                             {.reason = "UNKNOWN_SYMBOL", .metadata = {{"symbol", request.query.symbol}}});
    }
    std::ifstream file(request.locator, std::ios::binary);
    RawBody body;
    while (file) {
      BF_RETURN_IF_ERROR(cancel.Check());
      const size_t size = body.bytes.size();
      body.bytes.resize(size + kReadBytes);
      file.read(body.bytes.data() + size, kReadBytes);
      body.bytes.resize(size + static_cast<size_t>(file.gcount()));
      if (static_cast<int64_t>(body.bytes.size()) > kMaxFileBytes) {
        return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_CSV",
                               fmt::format("{} is larger than {} bytes", request.locator, kMaxFileBytes));
      }
    }
    if (!file.eof()) {
      return base::MakeError(absl::StatusCode::kUnavailable, "READ_FAILED",
                             fmt::format("can not read {}: {}", request.locator, std::strerror(errno)));
    }
    return body;
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    return ParseCsv(body.bytes, fs::path(request.locator).filename().string(), request.query, format_, quant::Xnys());
  }

  bool authoritative() const override { return true; }

 private:
  fs::path folder_;
  CsvFormat format_;
};

bool Below(const fs::path& folder, const fs::path& root) {
  std::error_code error;
  const fs::path relative = fs::relative(fs::weakly_canonical(folder, error), fs::weakly_canonical(root, error), error);
  return !error && !relative.empty() && *relative.begin() != "..";
}

absl::StatusOr<std::unique_ptr<Source>> Make(const component::Params& params, const SourceEntry::Environment& env) {
  const fs::path folder = params.String("path");
  base::Violations violations;
  std::error_code error;
  bool allowed = env.csv_anywhere;
  for (const std::string& root : env.csv_roots) allowed |= Below(folder, root);
  if (!allowed) {
    violations.Add("path", fmt::format("{} is not below a folder that this server may read", folder.string()));
  } else if (!fs::is_directory(folder, error)) {
    violations.Add("path", fmt::format("{} is not a folder", folder.string()));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("csv_file can not be used"));
  BF_ASSIGN_OR_RETURN(const quant::PriceBasis basis, quant::ParsePriceBasis(params.String("basis")));
  const CsvFormat format{.basis = basis,
                         .new_york_time = params.String("time_zone") == "new_york",
                         .stamped_at_start = params.String("stamp") == "bar_start"};
  return std::make_unique<CsvFileSource>(folder, format);
}

}  // namespace

// One file SYMBOL.csv per symbol in a folder of the server; the layout is that of ParseCsv.
SourceEntry CsvFile();

SourceEntry CsvFile() {
  SourceEntry entry;
  entry.info = {"data_source", "csv_file", "1.0.0",
                "Bars from a folder of files SYMBOL.csv with the header date|timestamp,open,high,low,close,volume"
                "[,adj_close]. A file with any mistake is refused whole, with every mistake by file and line."};
  entry.params = {
      component::Required(component::StringParam("path", "", "Folder of the files, as the server sees it.")),
      component::ChoiceParam("basis", "split", {"raw", "split", "split_dividend"},
                             "How the prices in the files were adjusted. Stored with the series."),
      component::ChoiceParam("time_zone", "utc", {"utc", "new_york"}, "Zone of timestamps that do not name one."),
      component::ChoiceParam("stamp", "bar_end", {"bar_end", "bar_start"}, "What an intraday timestamp marks.")};
  entry.make = Make;
  return entry;
}

}  // namespace breadthflow::data
