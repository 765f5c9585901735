#include "services/data/sources/csv/header.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/sources/csv/description.h"
#include "services/data/sources/csv/shapes.h"

namespace breadthflow::data::csv {
namespace {

// What a date means that stands for the instant of a row: its end, unless files of the resource have it that something
// takes effect on a day.
When MeaningOfDates(const Resource& resource) {
  const bool begins = std::any_of(Layouts().begin(), Layouts().end(), [&](const Layout& layout) {
    const bool of = std::find(layout.resources.begin(), layout.resources.end(), resource.id) != layout.resources.end();
    return of && (layout.time.when == When::kDayStart || layout.time.when == When::kDeclared);
  });
  return begins ? When::kDayStart : When::kDayEnd;
}

// The layout that the parameter `columns` describes.
Layout ByHand(const Resource& resource, const ReadOptions& options) {
  Layout layout{
      .name = "columns", .resources = {resource.id}, .time = {.when = resource.bars ? When::kBar : When::kInstant}};
  if (options.unit_ns > 0) {
    layout.time.when = When::kEpoch;
    layout.time.unit_ns = options.unit_ns;
  }
  if (layout.time.when == When::kInstant) layout.time.dates = MeaningOfDates(resource);
  for (const auto& [field, header] : options.columns) {
    if (field == "time") {
      layout.time.column = Normal(header);
    } else if (field == "symbol" && resource.Find(field) == nullptr) {
      layout.symbol_column = Normal(header);
    } else {
      layout.columns.push_back({.header = Normal(header), .field = field});
    }
  }
  return layout;
}

class HeaderReader {
 public:
  HeaderReader(const Resource& resource, const ReadOptions& options,
               const std::function<void(std::string_view)>& complain)
      : resource_(resource), options_(options), complain_(complain) {}

  std::optional<Header> Read(const Row& first, std::string_view line) {
    if (!ChooseLayout(first, line)) return std::nullopt;
    const bool read = layout().headerless || !layout().header_text.empty() ? TakePlaces(first) : TakeNames(first);
    if (!read) return std::nullopt;
    header_.prices = {.splits = Has("split_ratio") || Has("split_coefficient"),
                      .applied_splits = Has("stock_splits"),
                      .adjusted_close = Has("adj_close") || Has("adjusted_close")};
    return std::move(header_);
  }

 private:
  const Layout& layout() const { return header_.layout; }
  bool Has(const std::string& name) const { return header_.cells.contains(name); }
  bool Fail(std::string_view text) {
    complain_(text);
    return false;
  }

  bool ChooseLayout(const Row& first, std::string_view line) {
    if (!options_.columns.empty()) {
      header_.layout = ByHand(resource_, options_);
      return true;
    }
    const bool guess = options_.layout == "auto";
    if (options_.layout == kExportLayout || (guess && IsExport(first.cells))) {
      header_.layout = ExportLayout(resource_);
      return true;
    }
    // What rows say of themselves is of no layout.
    std::vector<std::string_view> cells = first.cells;
    std::erase_if(cells, [&](std::string_view cell) {
      const std::string name = Normal(cell);
      return IsDescription(name) && resource_.Find(name) == nullptr;
    });
    const auto found = guess ? GuessLayout(cells, line, resource_) : FindLayout(options_.layout, resource_.id);
    if (found.ok()) {
      header_.layout = **found;
      return true;
    }
    if (!guess || !resource_.custom) return Fail(base::Message(found.status()));
    absl::StatusOr<Layout> by_names = LayoutByNames(resource_, cells);
    if (!by_names.ok()) return Fail(base::Message(by_names.status()));
    header_.layout = *std::move(by_names);
    return true;
  }

  // Cells are where the layout has them.
  bool TakePlaces(const Row& first) {
    size_t cell = 0;
    if (layout().headerless) header_.cells[layout().time.column] = cell++;
    for (const Column& column : layout().columns) header_.cells[column.header] = cell++;
    if (layout().headerless && first.cells.size() != cell) {
      return Fail(fmt::format("layout {} has {} cells, found {}", layout().name, cell, first.cells.size()));
    }
    if (!layout().header_text.empty() && first.cells.size() < 2) return Fail("the header is not that of the layout");
    return true;
  }

  bool TakeNames(const Row& first) {
    for (size_t cell = 0; cell < first.cells.size(); ++cell) {
      std::string name = layout().as_written ? std::string(first.cells[cell]) : Normal(first.cells[cell]);
      const auto [at, fresh] = header_.cells.try_emplace(std::move(name), cell);
      if (!fresh) return Fail(fmt::format("columns {} and {} have the same name", at->second + 1, cell + 1));
    }
    const bool needed = CheckNeeded();
    return needed && CheckKnown();
  }

  bool CheckNeeded() {
    bool good = true;
    const auto need = [&](const std::string& name) {
      if (name.empty() || Has(name)) return;
      good = Fail(fmt::format("layout {} needs the column {}, which is not among the {} columns of the header",
                              layout().name, name, header_.cells.size()));
    };
    need(layout().time.column);
    if (layout().time.second != layout().time.column) need(layout().time.second);
    need(layout().symbol_column);
    if (layout().shape == Shape::kRows) {
      for (const Column& column : layout().columns) {
        if (!column.optional) need(column.header);
      }
    } else {
      for (const std::string& name : ColumnsOf(layout().shape)) need(name);
    }
    return good;
  }

  // Columns that a named layout does not know may be what the file is about: they are not dropped in silence.
  bool CheckKnown() {
    if (layout().shape != Shape::kRows || layout().rest_as_numbers || !options_.columns.empty()) return true;
    bool good = true;
    for (const auto& [name, cell] : header_.cells) {
      if (layout().Names(name) || IsDescription(name)) continue;
      if (layout().as_written && IsExtra(name)) continue;
      if (resource_.bars && name == kIsFilled) {
        good = Fail(fmt::format("{} {}", kIsFilled, kFilledRows));
        continue;
      }
      good = Fail(layout().as_written ? fmt::format("{} has no field {}", resource_.id, name.substr(0, 40))
                                      : fmt::format("layout {} has no column {}; map columns by hand to leave it out",
                                                    layout().name, name));
    }
    return good;
  }

  const Resource& resource_;
  const ReadOptions& options_;
  const std::function<void(std::string_view)>& complain_;
  Header header_;
};

}  // namespace

std::optional<Header> ReadHeader(const Row& first, std::string_view line, const Resource& resource,
                                 const ReadOptions& options, const std::function<void(std::string_view)>& complain) {
  return HeaderReader(resource, options, complain).Read(first, line);
}

}  // namespace breadthflow::data::csv
