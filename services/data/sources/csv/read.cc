#include "services/data/sources/csv/read.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
    } else {
      layout.columns.push_back({.header = Normal(header), .field = field});
    }
  }
  return layout;
}

// Where the rows of the symbols of several files are gathered.
struct Sinks {
  const Resource& resource;
  std::string symbol;  // the only one that is wanted, or that of files that name none
  bool all = false;    // whatever symbols a file names are wanted
  std::map<std::string, std::unique_ptr<RowSink>> by_symbol{};
  bool has_symbol = false;  // a file that names symbols has `symbol`, or names none
  bool sort = false;        // rows may have come in any order

  RowSink& Of(const std::string& name) {
    std::unique_ptr<RowSink>& sink = by_symbol[name];
    if (sink == nullptr) sink = std::make_unique<RowSink>(resource);
    return *sink;
  }
};

// "eur/jpy" -> "EURJPY".
std::string SymbolIn(std::string_view cell) {
  std::string symbol;
  for (const char c : cell) {
    if (c != '/') symbol += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return symbol;
}

class FileReader {
 public:
  FileReader(const File& file, const SourceQuery& query, const ReadOptions& options, Sinks& sinks, Faults& faults)
      : file_(file),
        query_(query),
        options_(options),
        sinks_(sinks),
        faults_(faults),
        skip_(options.skip_lines),
        rows_(file.text, options.delimiter != '\0' ? options.delimiter : GuessDelimiter(file.text)) {}

  void ReadAll() {
    if (const auto fault = NotText(file_.text)) return Complain(fault->line, fault->text);
    const std::string_view line = rows_.Peek();
    Row row;
    if (!rows_.Next(row))
      return rows_.fault() ? Complain(rows_.fault()->line, rows_.fault()->text) : Complain(1, "the file is empty");
    if (!ChooseLayout(row, line) || !ReadHeader(row)) return;
    sinks_.sort |= layout_.any_order;
    const size_t width = row.cells.size();
    const bool named = !layout_.symbol_column.empty();
    const bool divided = named && sinks_.all;
    Lane* lane = nullptr;
    if (!divided) {
      if (const auto fault = SymbolFault(sinks_.symbol); fault && sinks_.all) {
        return Complain(
            1,
            fmt::format("the file does not say whose rows it has, and its name is no symbol (it {}): name the symbol, "
                        "for data import by --symbol",
                        *fault));
      }
      lane = LaneOf(sinks_.symbol);
    }
    int64_t count = 0;
    for (bool more = layout_.headerless || rows_.Next(row); more; more = rows_.Next(row)) {
      if (skip_.erase(row.line) > 0) continue;
      ++count;
      const size_t expected = layout_.header_text.empty() ? width : layout_.columns.size();
      if (row.cells.size() != expected) {
        Complain(row.line, fmt::format("expected {} cells, found {}", expected, row.cells.size()));
        continue;
      }
      if (named) {
        const std::string_view cell = row.cells[headers_.at(layout_.symbol_column)];
        if (!divided && SymbolIn(cell) != sinks_.symbol) continue;
        if (divided) lane = LaneIn(row.line, cell);
        if (lane == nullptr) continue;
      }
      sinks_.has_symbol = true;
      Take(*lane, row);
    }
    if (rows_.fault()) Complain(rows_.fault()->line, rows_.fault()->text);
    if (count == 0) Complain(1, "there are no rows after the header");
    for (const int64_t missing : skip_) Complain(missing, "is to be skipped, but no row begins there");
    for (const auto& [symbol, one] : lanes_) {
      if (one->gatherer != nullptr) one->gatherer->Finish();
      one->time.Finish();
    }
  }

 private:
  // What reads the rows of one symbol.
  struct Lane {
    explicit Lane(FileContext shared) : context(std::move(shared)), time(context), cells(context) {
      gatherer = MakeGatherer(context);
    }
    FileContext context;
    RowTime time;
    RowCells cells;
    std::unique_ptr<Gatherer> gatherer;
  };

  void Complain(int64_t line, std::string_view text) { faults_.Add(file_.name, line, text); }

  Lane* LaneOf(const std::string& symbol) {
    std::unique_ptr<Lane>& lane = lanes_[symbol];
    if (lane == nullptr) {
      lane = std::make_unique<Lane>(
          FileContext{file_, query_, options_, sinks_.resource, layout_, headers_, sinks_.Of(symbol), faults_});
    }
    return lane.get();
  }

  // Of the symbol that a cell names; null, with a complaint when it is the first such, when it is no symbol.
  Lane* LaneIn(int64_t line, std::string_view cell) {
    const std::string symbol = SymbolIn(cell);
    if (const auto known = lanes_.find(symbol); known != lanes_.end()) return known->second.get();
    if (const auto fault = SymbolFault(symbol)) {
      if (unnamed_.insert(symbol).second) Complain(line, fmt::format("the symbol {}", *fault));
      return nullptr;
    }
    return LaneOf(symbol);
  }

  void Take(Lane& lane, const Row& row) const {
    if (lane.gatherer != nullptr) return lane.gatherer->Take(row);
    if (layout_.underlying_row && lane.cells.ReadUnderlying(row)) return;
    if (layout_.blank_rows && lane.cells.Blank(row)) return;
    lane.cells.Put(row, lane.time.Begin(row));
  }

  bool ChooseLayout(const Row& first, std::string_view line) {
    if (!options_.columns.empty()) {
      layout_ = ByHand(sinks_.resource, options_);
      return true;
    }
    const bool guess = options_.layout == "auto";
    const auto found =
        guess ? GuessLayout(first.cells, line, sinks_.resource) : FindLayout(options_.layout, sinks_.resource.id);
    if (!found.ok() && guess && sinks_.resource.custom) {
      absl::StatusOr<Layout> by_names = LayoutByNames(sinks_.resource, first.cells);
      if (!by_names.ok()) return Fail(base::Message(by_names.status()));
      layout_ = *std::move(by_names);
      return true;
    }
    if (!found.ok()) {
      Complain(1, base::Message(found.status()));
      return false;
    }
    layout_ = **found;
    return true;
  }

  bool Fail(const std::string& text) {
    Complain(1, text);
    return false;
  }

  bool ReadHeader(const Row& row) {
    if (layout_.headerless || !layout_.header_text.empty()) {
      size_t cell = 0;
      if (layout_.headerless) headers_[layout_.time.column] = cell++;
      for (const Column& column : layout_.columns) headers_[column.header] = cell++;
      if (layout_.headerless && row.cells.size() != cell) {
        return Fail(fmt::format("layout {} has {} cells, found {}", layout_.name, cell, row.cells.size()));
      }
      if (!layout_.header_text.empty() && row.cells.size() < 2) return Fail("the header is not that of the layout");
      return true;
    }
    for (size_t cell = 0; cell < row.cells.size(); ++cell) {
      const std::string header = Normal(row.cells[cell]);
      const auto [at, fresh] = headers_.try_emplace(header, cell);
      if (!fresh) return Fail(fmt::format("columns {} and {} have the same name", at->second + 1, cell + 1));
    }
    bool good = true;
    const auto need = [&](const std::string& header) {
      if (header.empty() || headers_.contains(header)) return;
      good = Fail(fmt::format("layout {} needs the column {}, which is not among the {} columns of the header",
                              layout_.name, header, headers_.size()));
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
    if (good && layout_.shape == Shape::kRows && !layout_.rest_as_numbers && options_.columns.empty()) {
      for (const auto& [header, cell] : headers_) {
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

  const File& file_;
  const SourceQuery& query_;
  const ReadOptions& options_;
  Sinks& sinks_;
  Faults& faults_;
  Layout layout_;
  std::map<std::string, size_t> headers_;  // normalised header -> cell
  std::set<int64_t> skip_;
  RowReader rows_;
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
  std::set<std::string> unnamed_;
};

}  // namespace

absl::StatusOr<SourceData> Read(std::span<const File> files, const SourceQuery& query, const ReadOptions& options) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  Faults faults;
  Sinks sinks{.resource = *resource, .symbol = query.symbol};
  sinks.sort = options.any_order || files.size() > 1;
  for (const File& file : files) FileReader(file, query, options, sinks, faults).ReadAll();
  const std::string what = files.size() == 1 ? files[0].name : fmt::format("{} files", files.size());
  if (!faults.empty()) return faults.ToStatus(what);
  if (!sinks.has_symbol) {
    return base::MakeError(absl::StatusCode::kNotFound, fmt::format("{} has no rows of symbol {}", what, query.symbol),
                           {.reason = "UNKNOWN_SYMBOL", .metadata = {{"symbol", query.symbol}}});
  }
  const quant::PriceBasis basis = resource->prices ? options.basis : quant::PriceBasis::kNotPrices;
  SourceData data = std::move(sinks.Of(query.symbol)).Finish(query, basis, sinks.sort, faults);
  if (!faults.empty()) return faults.ToStatus(what);
  return data;
}

absl::StatusOr<std::vector<SourceData>> ReadEach(const File& file, const SourceQuery& query,
                                                 const ReadOptions& options) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  Faults faults;
  Sinks sinks{.resource = *resource, .symbol = query.symbol, .all = true, .sort = options.any_order};
  FileReader(file, query, options, sinks, faults).ReadAll();
  const quant::PriceBasis basis = resource->prices ? options.basis : quant::PriceBasis::kNotPrices;
  std::vector<SourceData> all;
  SourceQuery one = query;
  for (auto& [symbol, sink] : sinks.by_symbol) {
    if (!faults.empty()) break;
    one.symbol = symbol;
    all.push_back(std::move(*sink).Finish(one, basis, sinks.sort, faults));
  }
  BF_RETURN_IF_ERROR(faults.ToStatus(file.name));
  return all;
}

}  // namespace breadthflow::data::csv
