#include "services/data/sources/csv/read.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/csv/description.h"
#include "services/data/sources/csv/header.h"
#include "services/data/sources/csv/row_cells.h"
#include "services/data/sources/csv/row_sink.h"
#include "services/data/sources/csv/row_time.h"
#include "services/data/sources/csv/shapes.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {
namespace {

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
    auto header =
        ReadHeader(row, line, sinks_.resource, options_, [this](std::string_view text) { Complain(1, text); });
    if (!header) return;
    header_ = *std::move(header);
    sinks_.sort |= header_.layout.any_order;
    ReadRows(row);
  }

 private:
  void ReadRows(Row& row) {
    const size_t width = row.cells.size();
    const Layout& layout = header_.layout;
    const bool named = !layout.symbol_column.empty();
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
    for (bool more = layout.headerless || rows_.Next(row); more; more = rows_.Next(row)) {
      if (skip_.erase(row.line) > 0) continue;
      ++count;
      const size_t expected = layout.header_text.empty() ? width : layout.columns.size();
      if (row.cells.size() != expected) {
        Complain(row.line, fmt::format("expected {} cells, found {}", expected, row.cells.size()));
        continue;
      }
      if (named) {
        const std::string_view cell = row.cells[header_.cells.at(layout.symbol_column)];
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
      one->said.Finish();
    }
  }

  // What reads the rows of one symbol.
  struct Lane {
    Lane(FileContext shared, BasisColumns prices)
        : context(std::move(shared)), said(context, prices), time(context), cells(context) {
      gatherer = MakeGatherer(context);
    }
    FileContext context;
    Description said;
    RowTime time;
    RowCells cells;
    std::unique_ptr<Gatherer> gatherer;
  };

  void Complain(int64_t line, std::string_view text) { faults_.Add(file_.name, line, text); }

  Lane* LaneOf(const std::string& symbol) {
    std::unique_ptr<Lane>& lane = lanes_[symbol];
    if (lane == nullptr) {
      lane = std::make_unique<Lane>(FileContext{file_, query_, options_, sinks_.resource, header_.layout, header_.cells,
                                                sinks_.Of(symbol), faults_, SessionsOf(symbol, query_, options_)},
                                    header_.prices);
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
    lane.said.Take(row);
    if (lane.gatherer != nullptr) return lane.gatherer->Take(row);
    const Layout& layout = header_.layout;
    if (layout.underlying_row && lane.cells.ReadUnderlying(row)) return;
    if (layout.blank_rows && lane.cells.Blank(row)) return;
    lane.cells.Put(row, lane.time.Begin(row));
  }

  const File& file_;
  const SourceQuery& query_;
  const ReadOptions& options_;
  Sinks& sinks_;
  Faults& faults_;
  Header header_;
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
  SourceData data =
      std::move(sinks.Of(query.symbol)).Finish(query, {sinks.sort, options.any_spacing, options.market}, faults);
  if (options.adjusted_as_of) data.adjusted_as_of = options.adjusted_as_of;
  if (!faults.empty()) return faults.ToStatus(what);
  return data;
}

absl::StatusOr<std::vector<SourceData>> ReadEach(const File& file, const SourceQuery& query,
                                                 const ReadOptions& options) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  Faults faults;
  Sinks sinks{.resource = *resource, .symbol = query.symbol, .all = true, .sort = options.any_order};
  FileReader(file, query, options, sinks, faults).ReadAll();
  std::vector<SourceData> all;
  SourceQuery one = query;
  for (auto& [symbol, sink] : sinks.by_symbol) {
    if (!faults.empty()) break;
    one.symbol = symbol;
    all.push_back(std::move(*sink).Finish(one, {sinks.sort, options.any_spacing, options.market}, faults));
    if (options.adjusted_as_of) all.back().adjusted_as_of = options.adjusted_as_of;
  }
  BF_RETURN_IF_ERROR(faults.ToStatus(file.name));
  return all;
}

}  // namespace breadthflow::data::csv
