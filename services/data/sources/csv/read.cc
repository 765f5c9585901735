#include "services/data/sources/csv/read.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/csv/row_cells.h"
#include "services/data/sources/csv/row_sink.h"
#include "services/data/sources/csv/row_time.h"
#include "services/data/sources/csv/shapes.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {
namespace {

// The layout that the parameter `columns` describes.
Layout ByHand(const Resource& resource, const ReadOptions& options) {
  Layout layout{
      .name = "columns", .resources = {resource.id}, .time = {.when = resource.bars ? When::kBar : When::kInstant}};
  if (options.unit_ns > 0) {
    layout.time.when = When::kEpoch;
    layout.time.unit_ns = options.unit_ns;
  }
  for (const auto& [field, header] : options.columns) {
    if (field == "time") {
      layout.time.column = Normal(header);
    } else {
      layout.columns.push_back({.header = Normal(header), .field = field});
    }
  }
  return layout;
}

// "eur/jpy" names the same as EURJPY.
bool SameSymbol(std::string_view cell, std::string_view symbol) {
  size_t at = 0;
  for (const char c : cell) {
    if (c == '/') continue;
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (at == symbol.size() || symbol[at++] != upper) return false;
  }
  return at == symbol.size();
}

class FileReader {
 public:
  FileReader(const File& file, const SourceQuery& query, const ReadOptions& options, const Resource& resource,
             RowSink& sink, Faults& faults)
      : context_{file, query, options, resource, layout_, {}, sink, faults},
        skip_(options.skip_lines),
        rows_(file.text, options.delimiter != '\0' ? options.delimiter : GuessDelimiter(file.text)) {}

  void ReadAll() {
    if (const auto fault = NotText(context_.file.text)) return context_.Complain(fault->line, fault->text);
    const std::string_view line = rows_.Peek();
    Row row;
    if (!rows_.Next(row))
      return rows_.fault() ? context_.Complain(rows_.fault()->line, rows_.fault()->text)
                           : context_.Complain(1, "the file is empty");
    if (!ChooseLayout(row, line) || !ReadHeader(row)) return;
    const size_t width = row.cells.size();
    RowTime time(context_);
    RowCells cells(context_);
    const std::unique_ptr<Gatherer> gatherer = MakeGatherer(context_);
    int64_t count = 0;
    for (bool more = layout_.headerless || rows_.Next(row); more; more = rows_.Next(row)) {
      if (skip_.erase(row.line) > 0) continue;
      ++count;
      const size_t expected = layout_.header_text.empty() ? width : layout_.columns.size();
      if (row.cells.size() != expected) {
        context_.Complain(row.line, fmt::format("expected {} cells, found {}", expected, row.cells.size()));
        continue;
      }
      if (!layout_.symbol_column.empty() &&
          !SameSymbol(context_.Cell(row, layout_.symbol_column), context_.query.symbol)) {
        continue;
      }
      has_symbol_ = true;
      if (gatherer != nullptr) {
        gatherer->Take(row);
        continue;
      }
      if (layout_.underlying_row && cells.ReadUnderlying(row)) continue;
      if (layout_.blank_rows && cells.Blank(row)) continue;
      cells.Put(row, time.Begin(row));
    }
    if (rows_.fault()) context_.Complain(rows_.fault()->line, rows_.fault()->text);
    if (count == 0) context_.Complain(1, "there are no rows after the header");
    for (const int64_t missing : skip_) context_.Complain(missing, "is to be skipped, but no row begins there");
    if (gatherer != nullptr) gatherer->Finish();
  }

  const Layout& layout() const { return layout_; }
  // False when the file names symbols and the one asked for is not among them.
  bool has_symbol() const { return has_symbol_; }

 private:
  bool ChooseLayout(const Row& first, std::string_view line) {
    if (!context_.options.columns.empty()) {
      layout_ = ByHand(context_.resource, context_.options);
      return true;
    }
    const bool guess = context_.options.layout == "auto";
    const auto found = guess ? GuessLayout(first.cells, line, context_.resource)
                             : FindLayout(context_.options.layout, context_.resource.id);
    if (!found.ok() && guess && context_.resource.custom) {
      absl::StatusOr<Layout> by_names = LayoutByNames(context_.resource, first.cells);
      if (by_names.ok()) layout_ = *std::move(by_names);
      if (!by_names.ok()) context_.Complain(1, base::Message(by_names.status()));
      return by_names.ok();
    }
    if (!found.ok()) {
      context_.Complain(1, base::Message(found.status()));
      return false;
    }
    layout_ = **found;
    return true;
  }

  bool Fail(const std::string& text) {
    context_.Complain(1, text);
    return false;
  }

  bool ReadHeader(const Row& row) {
    if (layout_.headerless || !layout_.header_text.empty()) {
      size_t cell = 0;
      if (layout_.headerless) context_.headers[layout_.time.column] = cell++;
      for (const Column& column : layout_.columns) context_.headers[column.header] = cell++;
      if (layout_.headerless && row.cells.size() != cell) {
        return Fail(fmt::format("layout {} has {} cells, found {}", layout_.name, cell, row.cells.size()));
      }
      if (!layout_.header_text.empty() && row.cells.size() < 2) return Fail("the header is not that of the layout");
      return true;
    }
    for (size_t cell = 0; cell < row.cells.size(); ++cell) {
      const std::string header = Normal(row.cells[cell]);
      if (!context_.headers.try_emplace(header, cell).second)
        return Fail(fmt::format("two columns are called {}", header));
    }
    bool good = true;
    const auto need = [&](const std::string& header) {
      if (header.empty() || context_.headers.contains(header)) return;
      good = Fail(fmt::format("layout {} needs the column {}; the header has {}", layout_.name, header, HeaderText()));
    };
    need(layout_.time.column);
    if (layout_.time.second != layout_.time.column) need(layout_.time.second);
    need(layout_.symbol_column);
    if (layout_.shape == Shape::kRows) {
      for (const Column& column : layout_.columns) {
        if (!column.optional) need(column.header);
      }
    } else {
      for (const std::string& header : ColumnsOf(layout_.shape)) need(header);
    }
    // Columns that a named layout does not know may be what the file is about: they are not dropped in silence.
    if (layout_.shape == Shape::kRows && !layout_.rest_as_numbers && context_.options.columns.empty()) {
      for (const auto& [header, cell] : context_.headers) {
        const bool known = header == layout_.time.column || header == layout_.time.second ||
                           header == layout_.symbol_column ||
                           std::any_of(layout_.columns.begin(), layout_.columns.end(),
                                       [&, &name = header](const Column& column) { return column.header == name; });
        if (!known)
          good = Fail(
              fmt::format("layout {} has no column {}; map columns by hand to leave it out", layout_.name, header));
      }
    }
    return good;
  }

  std::string HeaderText() const {
    std::string text;
    for (const auto& [header, cell] : context_.headers) text += fmt::format("{}{}", text.empty() ? "" : ",", header);
    return text.substr(0, 200);
  }

  Layout layout_;
  FileContext context_;
  std::set<int64_t> skip_;
  RowReader rows_;
  bool has_symbol_ = false;
};

}  // namespace

absl::StatusOr<SourceData> Read(std::span<const File> files, const SourceQuery& query, const ReadOptions& options) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  Faults faults;
  RowSink sink(*resource);
  bool sort = options.any_order || files.size() > 1;
  bool has_symbol = false;
  for (const File& file : files) {
    FileReader reader(file, query, options, *resource, sink, faults);
    reader.ReadAll();
    sort |= reader.layout().any_order;
    has_symbol |= reader.has_symbol();
  }
  const std::string what = files.size() == 1 ? files[0].name : fmt::format("{} files", files.size());
  if (!faults.empty()) return faults.ToStatus(what);
  if (!has_symbol) {
    return base::MakeError(absl::StatusCode::kNotFound, fmt::format("{} has no rows of symbol {}", what, query.symbol),
                           {.reason = "UNKNOWN_SYMBOL", .metadata = {{"symbol", query.symbol}}});
  }
  const quant::PriceBasis basis = resource->prices ? options.basis : quant::PriceBasis::kNotPrices;
  SourceData data = std::move(sink).Finish(query, basis, sort, faults);
  if (!faults.empty()) return faults.ToStatus(what);
  return data;
}

}  // namespace breadthflow::data::csv
