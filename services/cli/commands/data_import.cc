#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/series.h"
#include "common/rpc/convert.h"
#include "services/cli/fetch_results.h"
#include "services/cli/import_files.h"
#include "services/cli/import_upload.h"
#include "services/cli/runs.h"
#include "services/cli/series_reader.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;
using Request = data::v1::ImportSeriesRequest;
using common::v1::SeriesMessage;

// As the server has it, which says so only after the files were read.
bool IsSourceName(std::string_view name) {
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= 63 && small(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return small(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// What the flags say of the rows.
absl::StatusOr<data::v1::ImportSpec> ReadSpec(const Arguments& arguments) {
  base::Violations violations;
  data::v1::ImportSpec spec;
  spec.set_resource(arguments.Text("resource"));
  if (arguments.Has("timeframe")) spec.set_timeframe(ParseTimeframeFlag(arguments, violations));
  spec.set_source(arguments.Text("source"));
  if (!IsSourceName(spec.source())) {
    violations.Add("--source",
                   fmt::format("must be 1 to 63 lower-case letters, digits and underscores that begin with a "
                               "letter, was '{}'",
                               spec.source().substr(0, 64)));
  }
  if (arguments.Has("basis")) {
    const absl::StatusOr<quant::PriceBasis> basis = quant::ParsePriceBasis(arguments.Text("basis"));
    if (basis.ok()) spec.set_basis(rpc::ToProto(*basis));
  }
  spec.set_adjusted_as_of(arguments.Text("adjusted-as-of"));
  const bool answers = arguments.Has("answers-of");
  if (answers) {
    spec.mutable_answers_of()->set_name(arguments.Text("answers-of"));
    ParseParams(arguments, "set", *spec.mutable_answers_of(), violations);
    if (arguments.Has("format")) violations.Add("--format", "is for rows; what answers are, --answers-of says");
  }
  for (const std::string& text : answers ? std::vector<std::string>() : arguments.All("set")) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      violations.Add("--set", fmt::format("must be NAME=VALUE, was '{}'", text));
    } else {
      // All of them are texts: "2,17" as well as 2.
      (*spec.mutable_csv_params())[text.substr(0, equals)].set_string_value(text.substr(equals + 1));
    }
  }
  if (arguments.Switch("replace")) {
    const bool days = spec.timeframe() == common::v1::TIMEFRAME_UNSPECIFIED && spec.resource() == "stock_price";
    *spec.mutable_replaces() = ParseRange(arguments, days ? common::v1::TIMEFRAME_1DAY : spec.timeframe(), violations);
    if (!spec.replaces().has_start_time() || !spec.replaces().has_end_time()) {
      violations.Add("--replace", "needs --start and --end: the range of which the files have all rows there are");
    }
  } else if (arguments.Has("start") || arguments.Has("end")) {
    violations.Add(arguments.Has("start") ? "--start" : "--end", "is for --replace; the files are imported whole");
  }
  // Then the server tells what else there is.
  if (answers && !arguments.Has("resource")) spec.clear_resource();
  spec.set_quality_gate(QualityGateOf(arguments));
  spec.set_request_id(NewRequestId());
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return spec;
}

// Takes what one series of a file says of itself, unless the flags or a series before it say otherwise.
absl::Status TakeSpecOf(const SeriesMessage& message, const std::string& file, const Arguments& arguments,
                        data::v1::ImportSpec& spec, bool& told) {
  const auto differs = [&](bool given, auto of_file, auto of_spec) {
    return (told || given) && of_file != decltype(of_file){} && of_file != of_spec;
  };
  const common::v1::SeriesKey& key = message.first_of();
  if (message.origin().anchored() != common::v1::ADJUSTMENT_UNSPECIFIED) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "ANCHORED_PRICES",
                           fmt::format("{} of {}: {}", key.symbol(), file,
                                       base::Message(quant::ParsePriceBasis(BasisText(message)).status())));
  }
  if (differs(arguments.Has("resource"), key.resource(), spec.resource()) ||
      differs(arguments.Has("timeframe"), key.timeframe(), spec.timeframe()) ||
      differs(arguments.Has("basis"), message.basis(), spec.basis())) {
    const std::string prices =
        message.basis() == common::v1::PRICE_BASIS_UNSPECIFIED
            ? ""
            : fmt::format(", prices {}", quant::ToText(static_cast<quant::PriceBasis>(message.basis())));
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, "USAGE",
        fmt::format(
            "{}{}{} is {} {}{}: that is not what {}; import it without --resource, "
            "--timeframe and --basis, and by itself: where its file has others, too, with --symbol {}, or export "
            "each kind to a file of its own (data export --symbols)",
            key.symbol(), key.symbol().empty() ? "" : " of ", file, key.resource(), TimeframeText(key.timeframe()),
            prices, told ? "the series before it are" : "the flags say",
            key.symbol().empty() ? "SYMBOL" : key.symbol()));
  }
  told = true;
  if (!key.resource().empty()) spec.set_resource(key.resource());
  if (key.timeframe() != common::v1::TIMEFRAME_UNSPECIFIED) spec.set_timeframe(key.timeframe());
  if (message.basis() != common::v1::PRICE_BASIS_UNSPECIFIED) spec.set_basis(message.basis());
  return absl::OkStatus();
}

// Files that data export wrote say what their series are; the flags need not, but may not say otherwise. `only`: the
// symbol to take from them; empty: all. Rows of text say one thing of all of their symbols.
absl::Status TakeSpecOf(const ImportFile& file, const std::string& only, const Arguments& arguments,
                        data::v1::ImportSpec& spec, bool& told) {
  if (file.format != SeriesFormat::kColumnar) {
    BF_ASSIGN_OR_RETURN(const SeriesMessage said, DescriptionOf(file.place(), file.format));
    if (!said.has_first_of() && said.basis() == common::v1::PRICE_BASIS_UNSPECIFIED) return absl::OkStatus();
    return TakeSpecOf(said, file.path, arguments, spec, told);
  }
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesReader> reader,
                      SeriesReader::Open(file.path, file.format, {}, file.place()));
  SeriesMessage message;
  std::string symbol;
  while (true) {
    BF_ASSIGN_OR_RETURN(const bool more, reader->Next(message));
    if (!more) return absl::OkStatus();
    // Messages behind the first one of a series repeat its key, but not its basis.
    if (!message.has_first_of() || message.first_of().symbol() == symbol) continue;
    symbol = message.first_of().symbol();
    if (!only.empty() && symbol != only) continue;
    BF_RETURN_IF_ERROR(TakeSpecOf(message, file.path, arguments, spec, told));
  }
}

// An error of the server with the flags that were typed in place of the fields of its request.
absl::Status ByImportFlag(const absl::Status& status) {
  constexpr std::array<std::string_view, 2> kParameters = {"spec.csv_params.", "spec.answers_of.params."};
  constexpr std::string_view kField = "spec.";
  base::ErrorDetails details = base::DetailsOf(status);
  if (!absl::IsInvalidArgument(status) || details.violations.empty()) return status;
  base::Violations violations;
  bool any = false;
  for (const base::FieldViolation& one : details.violations) {
    std::string field = one.field;
    const auto* parameter = std::find_if(kParameters.begin(), kParameters.end(),
                                         [&](std::string_view prefix) { return field.starts_with(prefix); });
    if (parameter != kParameters.end()) {
      field = "--set " + field.substr(parameter->size());
    } else if (field.starts_with(kField)) {
      field = "--" + field.substr(kField.size(), field.find('.', kField.size()) - kField.size());
      std::replace(field.begin(), field.end(), '_', '-');
    }
    any |= field != one.field;
    violations.Add(field == "--replaces" ? "--replace" : field, one.description);
  }
  return any ? violations.ToStatus("wrong flags", details.reason) : status;
}

absl::Status BrokenOff() {
  return base::MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the import was broken off: nothing was stored");
}

absl::Status Import(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(data::v1::ImportSpec spec, ReadSpec(arguments));
  base::Violations violations;
  const std::vector<std::string> symbols = ParseSymbols(arguments.Text("symbol"), "--symbol", violations);
  if (symbols.size() > 1) violations.Add("--symbol", "is one symbol: that of all rows, or the one to take from them");
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  BF_ASSIGN_OR_RETURN(const std::vector<ImportFile> files,
                      FindImportFiles(arguments.arguments(), {.format = arguments.Text("format"),
                                                              .layouts = !arguments.All("set").empty(),
                                                              .answers = spec.has_answers_of()}));
  if (session.scope().cancel.cancelled()) return BrokenOff();  // while a pipe was read
  bool told = false;
  bool rows = false;
  for (const ImportFile& file : files) {
    rows |= !file.text;
    const absl::Status described =
        file.described ? TakeSpecOf(file, symbols.empty() ? "" : symbols[0], arguments, spec, told) : absl::OkStatus();
    // What can not be read is told with the mistakes of the other files.
    if (base::DetailsOf(described).reason != "INVALID_FILE") BF_RETURN_IF_ERROR(described);
  }
  ColumnTypes types;
  if (rows) {
    data::v1::GetResourceRequest get;
    get.set_name("resources/" + spec.resource());
    BF_ASSIGN_OR_RETURN(const data::v1::Resource resource,
                        session.data().Call(&Stub::GetResource, get, session.scope()));
    for (const data::v1::Field& field : resource.fields()) {
      types[field.name()] = static_cast<quant::ColumnType>(field.type());
    }
  }
  const std::unique_ptr<Progress> progress = session.MakeProgress("import");
  ImportUpload upload(files, symbols.empty() ? "" : symbols[0], std::move(types), *progress);
  bool begun = false;
  const rpc::Outgoing scope = session.scope();
  const auto answer = session.data().Write(&Stub::ImportSeries, scope, [&](Request& request) -> absl::StatusOr<bool> {
    if (!std::exchange(begun, true)) {
      *request.mutable_spec() = spec;
      return true;
    }
    return upload.Next(request);
  });
  progress->Finish();
  if (!answer.ok() && scope.cancel.cancelled()) return BrokenOff();
  if (!answer.ok()) return ByImportFlag(upload.InFiles(answer.status()));
  session.out().Result(*answer, [&] {
    Table table{.columns = {"symbol", "rows", "new", "corrected", "removed", "impossible", "kept apart"}};
    int64_t impossible = 0;  // and stored
    for (const data::v1::FetchResult& result : answer->results()) {
      if (result.outcome() != data::v1::FetchResult::OUTCOME_FAILED) impossible += result.impossible_row_count();
      const int64_t added = result.changed_row_count() - result.removed_row_count() - result.revised_row_count();
      table.rows.push_back({result.symbol(), Grouped(result.row_count()), Grouped(added),
                            Grouped(result.revised_row_count()), Grouped(result.removed_row_count()),
                            Grouped(result.impossible_row_count()), Grouped(result.quarantined_row_count())});
    }
    session.out().Show(table);
    session.out().Say(fmt::format("{} {} of {} from {} {} ({} bytes) under the source {}: {}", answer->results_size(),
                                  answer->results_size() == 1 ? "symbol" : "symbols",
                                  spec.resource().empty() ? arguments.Text("resource") : spec.resource(), files.size(),
                                  files.size() == 1 ? "file" : "files", Grouped(upload.all_bytes()), spec.source(),
                                  RowsText(answer->results())));
    SayRemoved(session.out(), answer->results());
    SayNotes(session.out(), answer->results());
    if (impossible > 0 && spec.quality_gate() == data::v1::QUALITY_GATE_STORE) {
      session.out().Say(fmt::format(
          "  {} of the rows stored no market can have made: see data quality, or import with --quality-gate quarantine",
          Grouped(impossible)));
    }
  });
  return SayFailures(session.out(), answer->results(), "imported");
}

}  // namespace

Command DataImport() {
  Flag timeframe = TimeframeFlag();
  timeframe.default_value.clear();
  timeframe.description = "bar size; default: as the files say, else 1day where the rows look like days";
  return {
      .group = "data",
      .verb = "import",
      .summary =
          "store the rows of files of this machine: CSV of any layout, what data export wrote, or saved answers "
          "of a provider",
      .argument = "FILE|DIR|PATTERN",
      .argument_required = true,
      .argument_repeated = true,
      .flags =
          {{.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
           std::move(timeframe),
           {.name = "symbol",
            .value = "SYMBOL",
            .description = "whose rows they are, or the one to take from files that name symbols; default: what "
                           "the file says, else its name"},
           {.name = "source",
            .value = "NAME",
            .description = "under which the rows are kept",
            .default_value = "import"},
           {.name = "basis",
            .value = "BASIS",
            .description = "how the prices were adjusted; default: as the files say (column price_basis), else by "
                           "their columns, else split; see the parameter basis of csv_file in data sources",
            .choices = {"raw", "split", "split_dividend"}},
           {.name = "adjusted-as-of",
            .value = "DATE",
            .description = "of prices that are adjusted for splits: the day of their download, YYYY-MM-DD, after which "
                           "no split is in them; adjusted reads then know which are"},
           {.name = "format",
            .value = "FORMAT",
            .description = "what the files are; auto: by their names",
            .default_value = "auto",
            .choices = {"auto", "csv", "jsonl", "columnar"}},
           {.name = "answers-of",
            .value = "SOURCE",
            .description = "the files are saved answers of this provider, read as a fetch reads them; nobody is asked. "
                           "Where they have rows of several kinds, --resource says which to take"},
           {.name = "set",
            .value = "NAME=VALUE",
            .description = "how CSV is read, exports too: a parameter of the source csv_file, such as layout=trades; "
                           "calendar=... is kept with the series; with --answers-of, a parameter of that source; see "
                           "data sources",
            .repeated = true},
           QualityGateFlag("store"),
           {.name = "replace", .description = "stored rows from --start to --end that the files lack are removed"},
           StartFlag("", "replaced"),
           EndFlag("", "replaced")},
      .run = Import};
}

}  // namespace breadthflow::cli
