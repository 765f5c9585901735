#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "services/data/sources/csv/cell.h"
#include "services/data/sources/csv/layout.h"
#include "services/data/sources/csv/shapes.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {
namespace {

bool Has(const Layout& layout, std::string_view resource) {
  return std::find(layout.resources.begin(), layout.resources.end(), resource) != layout.resources.end();
}

// Columns without which a header is not of the layout.
std::set<std::string> Needed(const Layout& layout) {
  std::set<std::string> needed;
  for (std::string& header : ColumnsOf(layout.shape)) needed.insert(std::move(header));
  // Where a shape has columns of its own, those of the layout are amounts, or more of the same.
  if (needed.empty()) {
    for (const Column& column : layout.columns) {
      if (!column.optional) needed.insert(column.header);
    }
  }
  for (const std::string* name : {&layout.time.column, &layout.time.second, &layout.symbol_column}) {
    if (!name->empty()) needed.insert(*name);
  }
  return needed;
}

bool Matches(const Layout& layout, const std::vector<std::string_view>& first, std::string_view line) {
  if (layout.only_by_name) return false;
  if (!layout.header_text.empty()) return line == layout.header_text;
  if (layout.headerless) {
    // A header has words where such a file has numbers.
    return first.size() == layout.columns.size() + (layout.time.column.empty() ? 0 : 1) && !first[0].empty() &&
           first[0][0] >= '0' && first[0][0] <= '9' &&
           std::all_of(first.begin() + 1, first.end(),
                       [](std::string_view cell) { return ParseNumber(cell).has_value(); });
  }
  std::set<std::string> headers;
  for (const std::string_view cell : first) headers.insert(Normal(cell));
  const std::set<std::string> needed = Needed(layout);
  if (!std::includes(headers.begin(), headers.end(), needed.begin(), needed.end())) return false;
  if (layout.rest_as_numbers || layout.shape != Shape::kRows) return true;
  return std::all_of(headers.begin(), headers.end(), [&](const std::string& header) {
    return needed.contains(header) || std::any_of(layout.columns.begin(), layout.columns.end(),
                                                  [&](const Column& column) { return column.header == header; });
  });
}

bool Fits(const Layout& layout, const Resource& resource) {
  return std::all_of(layout.columns.begin(), layout.columns.end(), [&](const Column& column) {
    return column.field.empty() || IsExtra(column.field) || resource.Find(column.field) != nullptr;
  });
}

}  // namespace

const std::vector<Layout>& Layouts() {
  static const auto* layouts = [] {
    auto* all = new std::vector<Layout>();
    for (auto* family : {BarLayouts, TickLayouts, BookLayouts, CompanyLayouts, FundamentalLayouts, SentimentLayouts,
                         OptionLayouts, MadeLayouts}) {
      std::vector<Layout> some = family();
      std::move(some.begin(), some.end(), std::back_inserter(*all));
    }
    return all;
  }();
  return *layouts;
}

std::vector<Layout> MadeLayouts() {
  return {{.name = "put_call",
           .description = "Puts over calls of a day. Known when the day ends in New York.",
           .resources = {"put_call_ratio"},
           .time = {.when = When::kDayEnd, .column = "date", .zone = "new_york"},
           .columns = {{.header = "put_call", .field = "put_call"}}},
          {.name = "factor_file",
           .description = "Factors up to and with a day. Known when the day ends in New York.",
           .resources = {"adjustment_factor"},
           .time = {.when = When::kDayEnd, .column = "date", .zone = "new_york"},
           .columns = {{.header = "date", .field = "last_day"},
                       {.header = "price_factor", .field = "price_factor"},
                       {.header = "split_factor", .field = "split_factor"},
                       {.header = "reference_price", .field = "reference_price"}}}};
}

std::string Normal(std::string_view header) {
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  std::string out;
  for (const char c : header) out += c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool Layout::Names(std::string_view header) const {
  return header == time.column || header == time.second || header == symbol_column ||
         std::any_of(columns.begin(), columns.end(), [&](const Column& column) { return column.header == header; });
}

std::string LayoutNames(std::string_view resource) {
  std::vector<std::string_view> names;  // one of several resources has a layout for each of them
  for (const Layout& layout : Layouts()) {
    const bool wanted = resource.empty() || Has(layout, resource);
    if (wanted && std::find(names.begin(), names.end(), layout.name) == names.end()) names.push_back(layout.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

absl::StatusOr<const Layout*> FindLayout(std::string_view name, std::string_view resource) {
  for (const Layout& layout : Layouts()) {
    if (layout.name == name && (resource.empty() || Has(layout, resource))) return &layout;
  }
  return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_LAYOUT",
                         fmt::format("there is no layout '{}'{}; known are {}", name,
                                     resource.empty() ? "" : fmt::format(" of {}", resource), LayoutNames(resource)));
}

namespace {

// By what other resource such a header is read, for people; empty: by none.
std::string OfOthers(const std::vector<std::string_view>& first, std::string_view line, const Resource& resource) {
  std::string other;
  std::vector<std::string> names;
  for (const Layout& layout : Layouts()) {
    const bool strict = layout.shape == Shape::kRows && !layout.rest_as_numbers && !layout.headerless;
    if (!strict || Has(layout, resource.id) || !Matches(layout, first, line)) continue;
    if (other.empty()) other = layout.resources.front();
    if (layout.resources.front() == other) names.push_back(layout.name);
  }
  if (names.empty()) return "";
  return fmt::format("; it is of the layout {} of {} (--resource {}{} and {})", fmt::join(names, " or "), other, other,
                     resource.bars ? " without --timeframe" : "", HowToSay("layout=" + names.front()));
}

// Why a header is of no layout: the layout that it comes closest to, and what stands between them. Only of a file that
// has a column of a layout is anything quoted, since others are none of ours.
std::string WhyNone(const std::vector<const Layout*>& layouts, const std::vector<std::string_view>& first,
                    std::string_view line, const Resource& resource) {
  std::set<std::string> headers;
  for (const std::string_view cell : first) headers.insert(Normal(cell));
  const Layout* closest = nullptr;
  std::vector<std::string> lacks;
  std::vector<std::string> unknown;
  size_t most = 0;
  for (const Layout* layout : layouts) {
    const std::set<std::string> needed = Needed(*layout);
    std::vector<std::string> missing;
    std::vector<std::string> others;
    std::set_difference(needed.begin(), needed.end(), headers.begin(), headers.end(), std::back_inserter(missing));
    for (const std::string& header : headers) {
      const bool known =
          needed.contains(header) || std::any_of(layout->columns.begin(), layout->columns.end(),
                                                 [&](const Column& column) { return column.header == header; });
      if (!known) others.push_back(header.substr(0, 40));
    }
    const size_t known = headers.size() - others.size();
    const bool closer = closest == nullptr
                            ? known > 0
                            : missing.size() < lacks.size() || (missing.size() == lacks.size() && known > most);
    if (known == 0 || !closer) continue;
    closest = layout;
    lacks = std::move(missing);
    unknown = std::move(others);
    most = known;
  }
  std::vector<std::string> required;
  for (const Field& field : resource.fields) {
    if (field.required) required.push_back(field.name);
  }
  const std::string by_hand =
      fmt::format("columns can be mapped by hand by {}{}{}{}", HowToSay("columns=time=HEADER,FIELD=HEADER,..."),
                  required.empty() ? "" : ", of which there must be one for each of ", fmt::join(required, ","),
                  OfOthers(first, line, resource));
  if (closest == nullptr) {
    return fmt::format("the header has {} column{}, and none that a layout of {} knows; {}", first.size(),
                       first.size() == 1 ? "" : "s", resource.id, by_hand);
  }
  std::string why;
  if (!lacks.empty()) why = fmt::format("layout {} needs {}, which it lacks", closest->name, fmt::join(lacks, ","));
  if (!unknown.empty()) {
    const size_t listed = std::min<size_t>(unknown.size(), 10);
    why += fmt::format("{}layout {} does not know {}{}", why.empty() ? "" : "; ", closest->name,
                       fmt::join(unknown.begin(), unknown.begin() + static_cast<ptrdiff_t>(listed), ","),
                       unknown.size() > listed ? " ..." : "");
  }
  return fmt::format("the header is of no layout of {}: {}; {}", resource.id, why, by_hand);
}

}  // namespace

absl::StatusOr<const Layout*> GuessLayout(const std::vector<std::string_view>& first, std::string_view line,
                                          const Resource& resource) {
  std::vector<const Layout*> candidates;
  std::vector<const Layout*> others;
  for (const Layout& layout : Layouts()) {
    if (!Has(layout, resource.id) || !Fits(layout, resource)) continue;
    if (Matches(layout, first, line)) candidates.push_back(&layout);
    if (!layout.only_by_name && !layout.headerless && layout.header_text.empty()) others.push_back(&layout);
  }
  if (candidates.size() == 1) return candidates[0];
  if (candidates.empty()) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_LAYOUT",
                           WhyNone(others, first, line, resource));
  }
  std::vector<std::string> names;
  names.reserve(candidates.size());
  for (const Layout* layout : candidates) names.push_back(layout->name);
  return base::MakeError(absl::StatusCode::kInvalidArgument, "AMBIGUOUS_LAYOUT",
                         fmt::format("the header may be of any of {}: which one must be said by {}",
                                     fmt::join(names, ", "), HowToSay("layout=" + names[0])));
}

bool IsExport(const std::vector<std::string_view>& first) {
  return first.size() >= 2 && first[0] == "symbol" && first[1] == "time";
}

Layout ExportLayout(const Resource& resource) {
  Layout layout{.name = std::string(kExportLayout),
                .resources = {resource.id},
                .time = {.column = "time"},
                .symbol_column = "symbol",
                .as_written = true};
  if (resource.bars) layout.time.dates = When::kSessionClose;
  for (const Field& field : resource.fields) {
    layout.columns.push_back({.header = field.name, .field = field.name, .optional = !field.required});
  }
  return layout;
}

absl::StatusOr<Layout> LayoutByNames(const Resource& resource, const std::vector<std::string_view>& first) {
  Layout layout{.name = "by names", .resources = {resource.id}};
  std::set<std::string> headers;
  for (const std::string_view cell : first) headers.insert(Normal(cell));
  for (const char* name : {"time", "timestamp", "datetime", "date"}) {
    if (!headers.contains(name)) continue;
    if (!layout.time.column.empty()) {
      return base::MakeError(
          absl::StatusCode::kInvalidArgument, "UNKNOWN_LAYOUT",
          fmt::format("{} and {} may both be the time: map columns by hand", layout.time.column, name));
    }
    layout.time.column = name;
  }
  if (layout.time.column.empty()) {
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, "UNKNOWN_LAYOUT",
        fmt::format("none of the {} columns is called time, timestamp, datetime or date: map columns by "
                    "hand by {}",
                    first.size(), HowToSay("columns=time=HEADER,FIELD=HEADER,...")));
  }
  layout.time.when = resource.bars ? When::kBar : layout.time.column == "date" ? When::kDayEnd : When::kInstant;
  if (headers.contains("symbol")) layout.symbol_column = "symbol";
  for (const Field& field : resource.fields) {
    layout.columns.push_back({.header = field.name, .field = field.name, .optional = !field.required});
  }
  return layout;
}

}  // namespace breadthflow::data::csv
