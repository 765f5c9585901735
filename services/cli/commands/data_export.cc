#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/quant/series.h"
#include "common/rpc/convert.h"
#include "services/cli/origins.h"
#include "services/cli/output_file.h"
#include "services/cli/read_request.h"
#include "services/cli/runs.h"
#include "services/cli/series_file.h"
#include "services/cli/series_spool.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

// What was written, as an import of it sees it.
class Written {
 public:
  void Take(const common::v1::SeriesMessage& message, SeriesFormat format) {
    if (!message.has_first_of()) return;
    if (series_++ == 0) resource_ = message.first_of().resource();
    if (message.origin().anchored() != common::v1::ADJUSTMENT_UNSPECIFIED) anchored_ = BasisText(message);
    // A text has no trace of a series without rows.
    if (format == SeriesFormat::kColumnar || message.packed().times_unix_ns_size() > 0) {
      symbols_[BasisText(message)].push_back(message.first_of().symbol());
    }
  }
  int64_t series() const { return series_; }
  const std::string& resource() const { return resource_; }
  // How its prices are anchored on the first row stored; empty: they are not.
  const std::string& anchored() const { return anchored_; }
  // Where prices are of several bases, of which an import takes one: which flag has those of each, or how to list them
  // where they are many. Empty: they are not.
  std::string Bases() const {
    if (symbols_.size() < 2) return "";
    constexpr size_t kListed = 20;  // symbols of a basis
    std::string text;
    bool more = false;
    for (const auto& [basis, symbols] : symbols_) {
      const auto listed = std::span(symbols).first(std::min(symbols.size(), kListed));
      text += fmt::format("{}--symbols {}", text.empty() ? "" : ", ", fmt::join(listed, ","));
      if (symbols.size() > kListed) text += fmt::format(" ... and {} more", symbols.size() - kListed);
      text += fmt::format(" ({})", basis);
      more |= symbols.size() > kListed;
    }
    return more ? text + "; breadthflow data summary lists the basis of every symbol" : text;
  }

 private:
  int64_t series_ = 0;
  std::string resource_;
  std::string anchored_;
  std::map<std::string, std::vector<std::string>> symbols_;  // by basis
};

// How to read the file back, or why that can not be done. The file itself says what it has.
absl::StatusOr<std::string> HowToImport(Session& session, const data::v1::ReadSeriesRequest& request,
                                        const Written& written, const std::string& path, SeriesFormat format) {
  if (const std::string& anchored = written.anchored(); !anchored.empty()) {
    return fmt::format("it can not be imported again: its prices are {}, anchored on the first row that is stored",
                       anchored);
  }
  if (request.resampling().fill_forward()) {
    return "it can not be imported again: it has rows that repeat the close before them where nothing was traded "
           "(--fill-forward), and those are no bars";
  }
  if (request.fields_size() > 0) {
    data::v1::GetResourceRequest get;
    get.set_name("resources/" + written.resource());
    BF_ASSIGN_OR_RETURN(const data::v1::Resource resource,
                        session.data().Call(&Stub::GetResource, get, session.scope()));
    std::vector<std::string> lacks;
    for (const data::v1::Field& field : resource.fields()) {
      const bool there =
          std::find(request.fields().begin(), request.fields().end(), field.name()) != request.fields().end();
      if (field.required() && !there) lacks.push_back(field.name());
    }
    if (!lacks.empty()) {
      return fmt::format("it can not be imported again: it lacks {}, which every row of {} has", fmt::join(lacks, ", "),
                         written.resource());
    }
  }
  if (const std::string bases = written.Bases(); !bases.empty()) {
    return fmt::format(
        "it can not be imported again: its prices are adjusted in several ways, and an import takes one. Export each "
        "by itself, with the same flags but {}",
        bases);
  }
  std::string command = "read it back: breadthflow data import " + path;
  if (KnownFormat(path) != format) command += format == SeriesFormat::kCsv ? " --format csv" : " --format jsonl";
  return command;
}

// What several series of a CSV, whose columns are written before their rows are read, say beside these.
absl::StatusOr<SaidColumns> SaidByAll(Session& session, const data::v1::ReadSeriesRequest& request) {
  SaidColumns said;
  if (request.symbols_size() == 1) return said;  // then its first message comes before the columns
  data::v1::ReadSeriesRequest heads;
  heads.set_snapshot(request.snapshot());
  heads.set_resource(request.resource());
  *heads.mutable_symbols() = request.symbols();
  heads.set_timeframe(request.timeframe());
  heads.set_source(request.source());
  if (request.has_as_of_time()) *heads.mutable_as_of_time() = request.as_of_time();
  // Of a time that has no rows yet.
  const absl::Time late = absl::FromCivil(absl::CivilDay(2261, 1, 1), absl::UTCTimeZone());
  *heads.mutable_range() = rpc::ToProto(quant::TimeRange{quant::ToNanos(late), quant::ToNanos(late) + 1'000'000'000});
  const absl::Status read =
      session.data().Read(&Stub::ReadSeries, heads, session.scope(), [&](common::v1::SeriesMessage& message) {
        said.Add(SaidBy(message));
        return absl::OkStatus();
      });
  BF_RETURN_IF_ERROR(ByReadFlag(read));
  // Prices that are adjusted by the read are no longer of those days.
  if (request.adjustment() != common::v1::ADJUSTMENT_UNSPECIFIED) said.adjusted_as_of = false;
  return said;
}

// Where what is written goes.
class Target {
 public:
  // `path` empty: the standard output.
  static absl::StatusOr<Target> Open(const std::string& path, Printer& printer) {
    Target target(printer.raw());
    if (path.empty()) return target;
    BF_ASSIGN_OR_RETURN(target.file_, OutputFile::Open(path, IsPackedName(path)));
    return target;
  }
  OutputFile* file() const { return file_.get(); }
  std::ostream& stream() const { return file_ != nullptr ? file_->stream() : *standard_; }
  absl::Status Check() const {
    if (stream().good()) return absl::OkStatus();
    if (file_ != nullptr) return file_->Check();
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE",
                           "can not write to the standard output");
  }
  // Of a place for what is not to be written yet.
  std::filesystem::path folder() const {
    std::error_code error;
    return file_ != nullptr ? file_->folder() : std::filesystem::temp_directory_path(error);
  }

 private:
  explicit Target(std::ostream& standard) : standard_(&standard) {}

  std::ostream* standard_;
  std::unique_ptr<OutputFile> file_;
};

absl::Status Export(Session& session, const Arguments& arguments) {
  const std::string& path = arguments.Text("out");
  const SeriesFormat format = FormatOf(arguments.Text("format"), path);
  base::Violations violations;
  if (arguments.Text("format") == "auto" && !KnownFormat(path)) {
    violations.Add("--out",
                   fmt::format("must end in .csv, .jsonl, .ndjson or .columnar, perhaps with .gz behind it, or "
                               "needs --format, was '{}'",
                               path));
  }
  if (path.empty() && session.out().json()) violations.Add("--out", "is needed with --output json");
  if (format == SeriesFormat::kColumnar && arguments.Has("fields")) {
    violations.Add("--fields", "columnar files hold whole series");
  }
  BF_ASSIGN_OR_RETURN(data::v1::ReadSeriesRequest request, ReadRequestOf(session, arguments, violations));
  if (format == SeriesFormat::kColumnar) request.set_encoding(common::v1::SERIES_ENCODING_STORED);

  // The columns of a table are known beforehand only when they were named and nothing joins them.
  const std::vector<std::string> fields(request.fields().begin(), request.fields().end());
  const bool waits = format == SeriesFormat::kCsv && (fields.empty() || request.joins_size() > 0);
  SaidColumns said;
  if (format == SeriesFormat::kCsv && !waits) {
    BF_ASSIGN_OR_RETURN(said, SaidByAll(session, request));
  }
  BF_ASSIGN_OR_RETURN(const Target target, Target::Open(path, session.out()));
  std::unique_ptr<SeriesSpool> spool;
  if (waits) {
    BF_ASSIGN_OR_RETURN(spool, SeriesSpool::Make(target.folder(), fields));
  }
  std::optional<SeriesWriter> writer;
  const auto begin = [&](std::vector<std::string> columns, const SaidColumns& beside) {
    writer.emplace(target.stream(), format, std::move(columns));
    writer->WillSay(beside);
  };
  const auto write = [&](const common::v1::SeriesMessage& message) -> absl::Status {
    BF_RETURN_IF_ERROR(writer->Take(message));
    return target.Check();
  };
  if (!waits) begin(fields, said);
  const std::unique_ptr<Progress> progress = session.MakeProgress("export");
  Written written;
  Origins origins;
  const absl::Status read =
      session.data().Read(&Stub::ReadSeries, request, session.scope(), [&](common::v1::SeriesMessage& message) {
        written.Take(message, format);
        if (message.has_first_of() && request.symbols_size() > 0) {
          progress->Update(static_cast<double>(written.series() - 1) / request.symbols_size(),
                           message.first_of().symbol());
        }
        origins.Take(message);
        return waits ? spool->Take(message) : write(message);
      });
  BF_RETURN_IF_ERROR(ByReadFlag(read));
  if (waits) {
    begin(spool->columns(), spool->says());
    BF_RETURN_IF_ERROR(spool->Replay(write));
  }
  writer->End();
  origins.Say(session.out());
  if (target.file() == nullptr) return absl::OkStatus();
  BF_RETURN_IF_ERROR(target.file()->Finish());
  const int64_t bytes = target.file()->bytes();
  std::string back;
  if (written.series() > 0 && (format == SeriesFormat::kColumnar || writer->rows() > 0)) {
    BF_ASSIGN_OR_RETURN(back, HowToImport(session, request, written, path, format));
  }
  progress->Update(1, "");
  progress->Finish();
  const std::string rows = format == SeriesFormat::kColumnar ? "" : fmt::format("{} rows, ", Grouped(writer->rows()));
  session.out().Result(
      [&] {
        nlohmann::ordered_json result{{"file", path}, {"seriesCount", written.series()}};
        if (format != SeriesFormat::kColumnar) result["rowCount"] = writer->rows();
        result["byteCount"] = bytes;
        return result.dump(1) + "\n";
      },
      [&] {
        session.out().Say(fmt::format("{}: {} series, {}{} bytes", path, written.series(), rows, Grouped(bytes)));
        if (!back.empty()) session.out().Say(back);
      });
  return absl::OkStatus();
}

}  // namespace

Command DataExport() {
  std::vector<Flag> flags = ReadFlags();
  flags.push_back(
      {.name = "format",
       .value = "FORMAT",
       .description =
           "csv, jsonl (an object a line) or columnar (as stored); auto: by the name of the file, csv without "
           "one",
       .default_value = "auto",
       .choices = {"auto", "csv", "jsonl", "columnar"}});
  flags.push_back({.name = "out",
                   .value = "FILE",
                   .description = "where to, packed where the name ends in .gz; default the standard output"});
  return {.group = "data",
          .verb = "export",
          .summary =
              "write stored series into a file, which data import takes back unchanged, and csv_file too if it is CSV",
          .flags = std::move(flags),
          .run = Export};
}

}  // namespace breadthflow::cli
