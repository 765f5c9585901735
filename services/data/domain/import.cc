#include "services/data/domain/import.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/price_basis.h"

namespace breadthflow::data {
namespace {

std::string Instant(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", quant::FromNanos(time_ns), absl::UTCTimeZone());
}

bool HasValue(const quant::Column& column) {
  return column.valid.empty() || std::find(column.valid.begin(), column.valid.end(), true) != column.valid.end();
}

// Appends the values of `from` (null: none) to `to`, whose rows were `before` until now and become `before + rows`.
void AppendColumn(quant::Column& to, quant::Column* from, size_t before, size_t rows) {
  if (from == nullptr || !from->valid.empty() || !to.valid.empty()) {
    to.valid.resize(before, true);
    if (from == nullptr) {
      to.valid.resize(before + rows, false);
    } else if (from->valid.empty()) {
      to.valid.resize(before + rows, true);
    } else {
      to.valid.insert(to.valid.end(), from->valid.begin(), from->valid.end());
    }
  }
  std::visit(
      [&](auto& values) {
        if (from == nullptr) return values.resize(before + rows);
        auto& more = std::get<std::remove_reference_t<decltype(values)>>(from->values);
        values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
      },
      to.values);
}

// A column of the type of `like` that is missing in `rows` rows.
quant::Column Missing(const quant::Column& like, size_t rows) {
  quant::Column column{.name = like.name, .values = {}, .valid = std::vector<bool>(rows, false)};
  std::visit([&](const auto& values) { column.values = std::decay_t<decltype(values)>(rows); }, like.values);
  return column;
}

template <typename T>
void Permute(std::vector<T>& values, const std::vector<size_t>& order) {
  std::vector<T> out;
  out.reserve(order.size());
  for (const size_t row : order) out.push_back(std::move(values[row]));
  values = std::move(out);
}

void Permute(std::vector<bool>& values, const std::vector<size_t>& order) {
  std::vector<bool> out;
  out.reserve(order.size());
  for (const size_t row : order) out.push_back(values[row]);
  values = std::move(out);
}

}  // namespace

bool IsSourceName(std::string_view name) {
  if (name.empty() || name.size() > 63 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string SymbolOfFileName(const std::string& file) {
  if (file.starts_with("/dev/") || file.starts_with("/proc/")) return "";
  std::string name = file.substr(file.rfind('/') + 1);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (const size_t dot = name.rfind('.'); dot != std::string::npos && dot > 0) name.resize(dot);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

void ImportFaults::Add(std::string_view field, std::string_view description) {
  if (++count_ <= kMaxListed) violations_.Add(field, description);
}

void ImportFaults::Merge(const absl::Status& status) {
  const base::ErrorDetails details = base::DetailsOf(status);
  for (const base::FieldViolation& violation : details.violations) Add(violation.field, violation.description);
  if (details.violations.empty() && !status.ok()) Add("rows", base::Message(status));
}

absl::Status ImportFaults::ToStatus() const {
  base::Violations all = violations_;
  if (full()) all.Add("import", fmt::format("there are more than {} mistakes: the others are not listed", kMaxListed));
  const absl::Status status = all.ToStatus("nothing was imported", "INVALID_IMPORT");
  if (!full()) return status;
  base::ErrorDetails details = base::DetailsOf(status);
  details.metadata["violations_more_than"] = std::to_string(kMaxListed);
  return base::MakeError(status.code(), base::Message(status), details);
}

void ImportRows::Add(quant::Series rows, const std::string& name, bool assume_basis) {
  if (!rows.empty()) std::erase_if(rows.columns, [](const quant::Column& column) { return !HasValue(column); });
  bytes_ += quant::BytesOf(rows);
  std::vector<Piece>& pieces = pieces_[rows.key.symbol];
  pieces.push_back({std::move(rows), name, assume_basis});
}

// Columns without any value in a piece are not there: only all pieces together tell.
void ImportRows::Assume(std::vector<Piece>& pieces) {
  BasisColumns columns;
  for (const Piece& piece : pieces) {
    if (piece.assume_basis) columns = Together(columns, ColumnsOf(piece.rows));
  }
  const AssumedBasis basis = AssumeBasis(columns);
  for (Piece& piece : pieces) {
    if (!piece.assume_basis) continue;
    piece.rows.basis = basis.basis;
    if (!basis.told && !piece.rows.empty()) assumed_.insert(piece.rows.key.symbol);
  }
}

std::vector<quant::Series> ImportRows::Take(const Resource& resource, ImportFaults& faults) {
  std::vector<quant::Series> all;
  for (auto& [symbol, pieces] : pieces_) {
    if (resource.prices) Assume(pieces);
    all.push_back(Join(std::move(pieces), resource, faults));
  }
  pieces_.clear();
  return all;
}

quant::Series ImportRows::Join(std::vector<Piece> pieces, const Resource& resource, ImportFaults& faults) {
  // Empty pieces only make the symbol known.
  if (std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return !piece.rows.empty(); })) {
    std::erase_if(pieces, [](const Piece& piece) { return piece.rows.empty(); });
  }
  quant::Series all = std::move(pieces.front().rows);
  std::vector<std::pair<size_t, size_t>> origin = {{0, 0}};  // first row and number of each piece
  for (size_t number = 1; number < pieces.size(); ++number) {
    quant::Series& rows = pieces[number].rows;
    if (rows.basis != all.basis) {
      faults.Add(all.key.symbol, fmt::format("prices are {} in {} and {} in {}", quant::ToText(all.basis),
                                             pieces.front().name, quant::ToText(rows.basis), pieces[number].name));
      return all;
    }
    const size_t before = all.size();
    origin.emplace_back(before, number);
    for (const quant::Column& column : rows.columns) {
      const quant::Column* known = all.Find(column.name);
      if (known == nullptr) {
        all.columns.push_back(Missing(column, before));
      } else if (known->type() != column.type()) {
        faults.Add(fmt::format("{}.{}", all.key.symbol, column.name),
                   fmt::format("has another type in {} than in the rows before", pieces[number].name));
        return all;
      }
    }
    for (quant::Column& column : all.columns) {
      const auto from = std::find_if(rows.columns.begin(), rows.columns.end(),
                                     [&](const quant::Column& other) { return other.name == column.name; });
      AppendColumn(column, from == rows.columns.end() ? nullptr : &*from, before, rows.size());
    }
    all.times.insert(all.times.end(), rows.times.begin(), rows.times.end());
    rows = {};
  }
  all.repeats = resource.repeats;
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const bool sorted = std::is_sorted(all.times.begin(), all.times.end());
  // Rows of one instant stay in the order in which they came.
  if (!sorted) {
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return all.times[a] < all.times[b]; });
    Permute(all.times, order);
    for (quant::Column& column : all.columns) {
      std::visit([&](auto& values) { Permute(values, order); }, column.values);
      if (!column.valid.empty()) Permute(column.valid, order);
    }
  }
  if (resource.repeats) return all;
  const auto name_of = [&](size_t row) {
    const auto after = std::upper_bound(origin.begin(), origin.end(), std::pair(order[row], SIZE_MAX));
    return pieces[std::prev(after)->second].name;
  };
  for (size_t row = 1; row < all.size(); ++row) {
    if (all.times[row] != all.times[row - 1]) continue;
    faults.Add(all.key.symbol, fmt::format("{} is in {} and in {}; {} has one row per instant", Instant(all.times[row]),
                                           name_of(row - 1), name_of(row), resource.id));
  }
  return all;
}

}  // namespace breadthflow::data
