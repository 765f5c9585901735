#include "services/data/sources/csv_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

constexpr std::array<std::string_view, 6> kColumns = {"open", "high", "low", "close", "volume", "adj_close"};
constexpr size_t kRequired = 5;

// Collects violations with their line; lists the first kMaxCsvViolations and counts the rest.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}
  void Add(int64_t line, std::string_view text) {
    if (++count_ <= kMaxCsvViolations) violations_.Add(fmt::format("{}:{}", file_, line), text);
  }
  bool empty() const { return count_ == 0; }
  absl::Status ToStatus() {
    if (count_ > kMaxCsvViolations) {
      violations_.Add(file_, fmt::format("and {} more violations", count_ - kMaxCsvViolations));
    }
    return violations_.ToStatus(fmt::format("{} can not be read", file_), "INVALID_CSV");
  }

 private:
  std::string file_;
  base::Violations violations_;
  size_t count_ = 0;
};

std::vector<std::string_view> Split(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const size_t comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Exactly `digits` digits at `at`, or -1.
int Digits(std::string_view text, size_t at, size_t digits) {
  if (text.size() < at + digits) return -1;
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<absl::CivilDay> ParseDay(std::string_view text) {
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || year < 0 || month < 1 || day < 1) return std::nullopt;
  const absl::CivilDay civil(year, month, day);
  // Normalised: the 31st of a short month is not a day.
  if (civil.year() != year || civil.month() != month || civil.day() != day) return std::nullopt;
  return civil;
}

std::optional<int64_t> ParseInstant(std::string_view text, bool new_york_time) {
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto day = ParseDay(text.substr(0, 10));
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  if (!day || text[13] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  size_t at = 16;
  int second = 0;
  if (at < text.size() && text[at] == ':') {
    second = Digits(text, at + 1, 2);
    if (second < 0 || second > 59) return std::nullopt;
    at += 3;
  }
  const absl::CivilSecond local(day->year(), day->month(), day->day(), hour, minute, second);
  const std::string_view zone = text.substr(at);
  if (zone.empty() && new_york_time) return quant::NewYorkInstant(local);
  int64_t offset = 0;
  if (!zone.empty() && zone != "Z") {
    const int hours = Digits(zone, 1, 2);
    const int minutes = Digits(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hours < 0 || hours > 14 ||
        minutes < 0 || minutes > 59) {
      return std::nullopt;
    }
    offset = (zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  const int64_t seconds = local - absl::CivilSecond(1970, 1, 1) - offset;
  return seconds * 1'000'000'000;
}

class Parser {
 public:
  Parser(const std::string& file, const SourceQuery& query, const CsvFormat& format, const quant::Calendar& calendar)
      : file_(file), query_(query), format_(format), calendar_(calendar), faults_(file) {}

  absl::StatusOr<SourceData> Parse(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.empty()) {
      faults_.Add(1, "the file is empty");
      return faults_.ToStatus();
    }
    int64_t line = 0;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      std::string_view row = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (row.ends_with('\r')) row.remove_suffix(1);
      ++line;
      if (line > 1) {
        ReadRow(line, row);
      } else if (!ReadHeader(row)) {
        return faults_.ToStatus();
      }
    }
    if (line == 1) faults_.Add(1, "there are no rows after the header");
    if (!faults_.empty()) return faults_.ToStatus();
    return Result();
  }

 private:
  bool ReadHeader(std::string_view row) {
    const std::vector<std::string_view> names = Split(row);
    const std::string_view first = query_.timeframe == quant::Timeframe::kDay ? "date" : "timestamp";
    bool good = names[0] == first && names.size() >= 1 + kRequired && names.size() <= 1 + kColumns.size();
    for (size_t i = 1; i < names.size() && good; ++i) good = names[i] == kColumns[i - 1];
    if (!good) {
      faults_.Add(1, fmt::format("the header must be {},open,high,low,close,volume[,adj_close], was {}", first,
                                 row.substr(0, 200)));
    }
    columns_ = names.size() - 1;
    return good;
  }

  void ReadRow(int64_t line, std::string_view row) {
    const std::vector<std::string_view> cells = Split(row);
    if (cells.size() != columns_ + 1) {
      faults_.Add(line, fmt::format("expected {} cells, found {}", columns_ + 1, cells.size()));
      return;
    }
    const std::optional<int64_t> time = ReadTime(line, cells[0]);
    if (time && !times_.empty() && *time <= times_.back()) {
      faults_.Add(line, *time == times_.back() ? fmt::format("{} is there twice", cells[0])
                                               : fmt::format("{} is earlier than the row before", cells[0]));
    }
    const Resource& resource = *FindResource(query_.resource).value();
    std::array<double, kColumns.size()> values{};
    bool good = true;
    for (size_t i = 0; i < columns_; ++i) {
      const auto value = ParseNumber(cells[i + 1]);
      std::optional<std::string> fault;
      if (!value)
        fault = fmt::format("{} must be a number, was '{}'", kColumns[i], cells[i + 1].substr(0, 40));
      else
        fault = Fault(*resource.Find(kColumns[i]), values[i] = *value);
      if (!fault) continue;
      faults_.Add(line, *fault);
      good = false;
    }
    if (good && values[1] < values[2]) {
      faults_.Add(line, fmt::format("high must not be below low, were {} and {}", values[1], values[2]));
    }
    if (!time) return;
    times_.push_back(*time);
    lines_.push_back(line);
    for (size_t i = 0; i < columns_; ++i) values_[i].push_back(values[i]);
  }

  std::optional<int64_t> ReadTime(int64_t line, std::string_view cell) {
    if (query_.timeframe == quant::Timeframe::kDay) {
      const auto day = ParseDay(cell);
      if (!day) {
        faults_.Add(line, fmt::format("date must be YYYY-MM-DD, was '{}'", cell.substr(0, 40)));
        return std::nullopt;
      }
      const auto close = calendar_.SessionClose(*day);
      if (close.ok()) return *close;
      faults_.Add(line, base::Message(close.status()));
      return std::nullopt;
    }
    const auto instant = ParseInstant(cell, format_.new_york_time);
    if (!instant) {
      faults_.Add(line, fmt::format("timestamp must be YYYY-MM-DDTHH:MM[:SS][Z], was '{}'", cell.substr(0, 40)));
      return std::nullopt;
    }
    const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(query_.timeframe));
    return *instant + (format_.stamped_at_start ? length : 0);
  }

  SourceData Result() {
    quant::Series all{.key = {query_.resource, query_.symbol, query_.timeframe, ""}, .basis = format_.basis};
    all.times = std::move(times_);
    for (size_t i = 0; i < columns_; ++i) all.Add(std::string(kColumns[i]), std::move(values_[i]));
    const auto first = std::lower_bound(all.times.begin(), all.times.end(), query_.range.start_ns);
    const auto begin = static_cast<size_t>(first - all.times.begin());
    SourceData data{all.Slice(query_.range), {}};
    for (size_t row = 0; row < data.series.size(); ++row) {
      data.labels.push_back(fmt::format("{}:{}", file_, lines_[begin + row]));
    }
    return data;
  }

  const std::string& file_;
  const SourceQuery& query_;
  const CsvFormat& format_;
  const quant::Calendar& calendar_;
  Faults faults_;
  size_t columns_ = 0;
  std::vector<int64_t> times_;
  std::vector<int64_t> lines_;
  std::array<std::vector<double>, kColumns.size()> values_;
};

}  // namespace

absl::StatusOr<SourceData> ParseCsv(std::string_view text, const std::string& file, const SourceQuery& query,
                                    const CsvFormat& format, const quant::Calendar& calendar) {
  return Parser(file, query, format, calendar).Parse(text);
}

}  // namespace breadthflow::data
