#include "services/data/sources/saved_answers.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/data/domain/bar_spacing.h"
#include "services/data/domain/import.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data {
namespace {

constexpr size_t kMostLookedThrough = size_t{16} << 20;  // bytes of a body in which other rows are looked for

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status Refuse(std::string_view file, std::string_view why) {
  base::Violations violations;
  violations.Add(file, why);
  return violations.ToStatus(fmt::format("{} can not be read", file), "INVALID_ANSWER");
}

class AnswerReader final : public TableReader {
 public:
  // `readings`: the source once for each thing that an answer may say by itself, the likeliest first. An empty resource
  // of the query: there is none that all answers have.
  AnswerReader(const SourceEntry& entry, SourceQuery query, bool resource_said,
               std::vector<std::unique_ptr<Source>> readings)
      : entry_(entry), query_(std::move(query)), resource_said_(resource_said), readings_(std::move(readings)) {}

  absl::StatusOr<std::vector<SourceData>> Read(const std::string& file, std::string bytes,
                                               const std::string& symbol) const override {
    RawBody body;
    BF_ASSIGN_OR_RETURN(body.bytes, csv::Unpack(std::move(bytes), file));
    if (body.bytes.starts_with("\xEF\xBB\xBF")) body.bytes.erase(0, 3);
    body.bytes.erase(0, std::min(body.bytes.find_first_not_of(" \t\r\n"), body.bytes.size()));
    if (query_.resource.empty()) return Refuse(file, SayWhich(body, file, symbol));
    absl::StatusOr<SourceData> data = ReadAs(query_, body, file, symbol);
    if (!data.ok()) return Refusal(data.status(), body, file, symbol);
    if (SymbolFault(data->series.key.symbol)) {
      return Refuse(file, "neither the answer nor the name of the file says whose rows these are: say it (--symbol)");
    }
    if (data->series.empty()) {
      const std::vector<std::string> others = Others(body, file, symbol);
      std::string text = fmt::format("no rows of {}; it has rows of {}", query_.resource, fmt::join(others, ", "));
      if (!others.empty() && !resource_said_) return Refuse(file, text + ": say which to take (--resource)");
      if (!others.empty()) data->notes.push_back(fmt::format("{}: {}", file, text));
    }
    for (std::string& label : data->labels) label = fmt::format("{}:{}", file, label);
    std::vector<SourceData> all;
    all.push_back(*std::move(data));
    return all;
  }

 private:
  // `any`: of an answer about several symbols, the rows of the first one.
  absl::StatusOr<SourceData> ReadAs(SourceQuery query, const RawBody& body, const std::string& file,
                                    const std::string& symbol, bool any = false) const {
    absl::Status first;
    for (const std::unique_ptr<Source>& source : readings_) {
      query.symbol = symbol.empty() ? source->SymbolIn(body) : symbol;
      if (query.symbol.empty() && any) query.symbol = source->FirstSymbolIn(body);
      if (query.symbol.empty()) query.symbol = SymbolOfFileName(file);
      absl::StatusOr<SourceData> data = source->TransformData({query, ""}, body);
      if (data.ok()) return CheckSpacing(*std::move(data), !body.bytes.starts_with('{'));
      if (base::DetailsOf(data.status()).reason != "UNEXPECTED_BODY") return data;
      if (first.ok()) first = data.status();
    }
    return first;
  }

  // Bars of another size than is asked for: not every answer says its own. One that does is believed where it can be
  // so.
  static absl::StatusOr<SourceData> CheckSpacing(SourceData data, bool table) {
    const auto fault = FindSpacingFault(data.series.times, data.series.key.timeframe);
    if (!fault) return data;
    if (!fault->note.empty() && data.says_timeframe) {
      TellOfSpacing(*fault, data.notes);
      return data;
    }
    base::Violations violations;
    constexpr std::string_view kHint =
        "; a table of bars that the source does not give (1week, 1month) is imported without --answers-of, with "
        "--timeframe and --set order=any";
    constexpr std::string_view kFar =
        "; an answer does not say its size: bars that are so far apart all the same are for data fetch, or for a table "
        "that is imported without --answers-of, with --timeframe and --set spacing=any";
    const std::string_view hint = !fault->note.empty() ? kFar : table ? kHint : "";
    violations.Add(data.labels[fault->row], fmt::format("{}{}", fault->text, hint));
    return violations.ToStatus("bars of another size", "INVALID_ROWS");
  }

  // The resources, other than the one asked for, that the body has rows of.
  std::vector<std::string> Others(const RawBody& body, const std::string& file, const std::string& symbol) const {
    std::vector<std::string> found;
    if (body.bytes.size() > kMostLookedThrough) return found;
    for (const Capability& one : entry_.capabilities) {
      if (one.resource == query_.resource || Has(entry_.dated_by_query, one.resource)) continue;
      const bool any = std::any_of(one.timeframes.begin(), one.timeframes.end(), [&](quant::Timeframe timeframe) {
        const auto data =
            ReadAs({.resource = one.resource, .symbol = {}, .timeframe = timeframe}, body, file, symbol, true);
        return data.ok() && !data->series.empty();
      });
      if (any) found.push_back(one.resource);
    }
    return found;
  }

  std::string SayWhich(const RawBody& body, const std::string& file, const std::string& symbol) const {
    const std::vector<std::string> found = Others(body, file, symbol);
    if (!found.empty()) {
      return fmt::format("has rows of {}: say which to take (--resource)", fmt::join(found, ", "));
    }
    if (const std::string table = SayIfTable(body); !table.empty()) return "has no rows" + table;
    return fmt::format("has no rows; say what they are to be of (--resource), {} has {}", entry_.info.name,
                       Describe(entry_.capabilities));
  }

  // Of a CSV among saved answers; empty for anything else.
  std::string SayIfTable(const RawBody& body) const {
    const std::string_view head = std::string_view(body.bytes).substr(0, body.bytes.find('\n'));
    const char first = head.empty() ? '{' : head.front();
    const bool text = first == '"' || first == '_' || (first >= '0' && first <= '9') ||
                      (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
    if (!text || head.find_first_of(",;\t") == std::string_view::npos) return "";
    return fmt::format("; it looks like a table: if it is no saved answer of {}, import it without --answers-of",
                       entry_.info.name);
  }

  absl::Status Refusal(const absl::Status& why, const RawBody& body, const std::string& file,
                       const std::string& symbol) const {
    const base::ErrorDetails details = base::DetailsOf(why);
    base::Violations violations;
    for (const base::FieldViolation& one : details.violations) {
      violations.Add(fmt::format("{}:{}", file, one.field), one.description);
    }
    if (details.violations.empty()) {
      std::string text = fmt::format("{} ({})", base::Message(why), details.reason);
      const bool of_others = details.reason == "UNEXPECTED_BODY" || details.reason == "MALFORMED_BODY";
      const std::vector<std::string> others = of_others ? Others(body, file, symbol) : std::vector<std::string>();
      if (!others.empty()) text += fmt::format("; it has rows of {} (--resource)", fmt::join(others, ", "));
      if (others.empty() && details.reason == "MALFORMED_BODY") text += SayIfTable(body);
      violations.Add(file, text);
    }
    return violations.ToStatus(fmt::format("{} can not be read", file), "INVALID_ANSWER");
  }

  const SourceEntry& entry_;
  const SourceQuery query_;
  const bool resource_said_;
  const std::vector<std::unique_ptr<Source>> readings_;
};

absl::StatusOr<const SourceEntry*> FindProvider(const std::string& name) {
  std::vector<std::string> names;
  for (const SourceEntry& entry : Sources().entries()) {
    if (entry.provider.empty()) continue;
    if (entry.info.name == name) return &entry;
    names.push_back(entry.info.name);
  }
  return base::MakeError(
      absl::StatusCode::kInvalidArgument, "NO_PROVIDER",
      fmt::format("must be a source that asks a provider ({}), was '{}'", fmt::join(names, ", "), name.substr(0, 64)));
}

// The parameters, without those of access, once for each combination of choices that an answer tells by itself.
absl::StatusOr<std::vector<component::Params>> ParamsOf(const SourceEntry& entry, const component::RawParams& given) {
  std::vector<component::ParamSpec> specs = entry.params;
  std::vector<component::RawParams> combinations = {given};
  base::Violations violations;
  for (component::ParamSpec& spec : specs) {
    if (Has(entry.access_params, spec.name)) {
      spec.required = false;
      if (combinations.front().erase(spec.name) > 0) {
        violations.Add(spec.name, fmt::format("is about asking {}, and nobody is asked", entry.info.name));
      }
    }
  }
  if (const auto checked = component::Params::Check(specs, combinations.front()); !checked.ok()) {
    violations.Merge("", checked.status());
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong parameters"));
  for (const component::ParamSpec& spec : specs) {
    if (!Has(entry.told_by_body, spec.name) || given.contains(spec.name)) continue;
    const std::vector<component::RawParams> before = combinations;
    for (const std::string& choice : spec.choices) {
      if (component::ParamValue(choice) == spec.default_value) continue;
      for (component::RawParams one : before) {
        one[spec.name] = choice;
        combinations.push_back(std::move(one));
      }
    }
  }
  std::vector<component::Params> all;
  for (const component::RawParams& one : combinations) {
    BF_ASSIGN_OR_RETURN(component::Params params, component::Params::Check(specs, one));
    all.push_back(std::move(params));
  }
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableReader>> MakeSavedAnswerReader(const component::ComponentRef& source,
                                                                   const SourceQuery& kind) {
  BF_ASSIGN_OR_RETURN(const SourceEntry* entry, FindProvider(source.name));
  const bool said = !kind.resource.empty();
  SourceQuery query{.resource = said ? kind.resource : kind.definition->id,
                    .symbol = {},
                    .timeframe = kind.timeframe,
                    .definition = kind.definition,
                    .timeframe_said = kind.timeframe_said};
  const bool has = std::any_of(entry->capabilities.begin(), entry->capabilities.end(),
                               [&](const Capability& one) { return one.resource == query.resource; });
  if (has || said) {
    BF_RETURN_IF_ERROR(CheckOffered(entry->info.name, entry->capabilities, query));
  } else {
    query.resource.clear();
  }
  if (Has(entry->dated_by_query, query.resource)) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_OFFERED",
                           fmt::format("an answer of {} does not say of which day its {} are: only a fetch can store "
                                       "them",
                                       entry->info.name, query.resource));
  }
  BF_ASSIGN_OR_RETURN(const std::vector<component::Params> all, ParamsOf(*entry, source.params));
  std::vector<std::unique_ptr<Source>> readings;
  for (const component::Params& params : all) {
    BF_ASSIGN_OR_RETURN(std::unique_ptr<Source> reading, entry->make(params, {}));
    readings.push_back(std::move(reading));
  }
  return std::make_unique<AnswerReader>(*entry, std::move(query), said, std::move(readings));
}

}  // namespace breadthflow::data
