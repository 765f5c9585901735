#pragma once

#include <charconv>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/quality/gate.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/catalog.h"
#include "tests/support/shared_file.h"

// Real files beside the repository, read through the source and through the bytes of the store, against a reading of
// their own text that knows nothing of layouts.
namespace breadthflow::data {

class Text {
 public:
  explicit Text(const std::filesystem::path& path, std::vector<std::string> header = {}) : header_(std::move(header)) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) lines_.push_back(Cut(line));
    if (header_.empty()) header_ = lines_.at(0);
  }
  size_t lines() const { return lines_.size(); }
  std::string Cell(size_t line, const std::string& header) const {
    for (size_t i = 0; i < header_.size(); ++i) {
      if (header_[i] == header) return lines_.at(line - 1).at(i);
    }
    ADD_FAILURE() << "no column " << header;
    return "";
  }
  const std::vector<std::string>& header() const { return header_; }

 private:
  static std::vector<std::string> Cut(const std::string& line) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += line[++i];
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (line[i] == ',' && !quoted) {
        cells.emplace_back();
      } else if (line[i] != '\r') {
        cells.back() += line[i];
      }
    }
    return cells;
  }
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> lines_;
};

using Value = std::optional<std::variant<double, int64_t, std::string>>;
using CellOf = std::function<std::string(const std::string& header)>;

inline bool Absent(const std::string& cell) { return cell.empty() || cell == "None"; }
inline std::function<Value(const CellOf&)> Number(std::string header, double divisor = 1) {
  return [=](const CellOf& cell) -> Value {
    if (Absent(cell(header))) return std::nullopt;
    const double value = std::stod(cell(header));
    return divisor == 1 ? value : value / divisor;
  };
}
inline std::function<Value(const CellOf&)> NonZero(std::string header) {
  return [=](const CellOf& cell) -> Value {
    if (Absent(cell(header)) || std::stod(cell(header)) == 0) return std::nullopt;
    return std::stod(cell(header));
  };
}
inline std::function<Value(const CellOf&)> Whole(std::string header, int64_t factor = 1) {
  return [=](const CellOf& cell) -> Value { return static_cast<int64_t>(std::stoll(cell(header))) * factor; };
}
inline std::function<Value(const CellOf&)> Word(std::string header, std::map<std::string, std::string> words = {}) {
  return [=](const CellOf& cell) -> Value {
    if (Absent(cell(header))) return std::nullopt;
    return words.empty() ? cell(header) : words.at(cell(header));
  };
}

inline std::function<absl::Time(const CellOf&)> Local(const char* format, std::string header, const char* zone = "UTC",
                                                      absl::Duration later = absl::ZeroDuration()) {
  absl::TimeZone tz;
  EXPECT_TRUE(absl::LoadTimeZone(zone, &tz));
  return [=](const CellOf& cell) {
    absl::Time time;
    std::string error;
    EXPECT_TRUE(absl::ParseTime(format, cell(header), tz, &time, &error)) << cell(header) << error;
    return time + later;
  };
}
inline std::function<absl::Time(const CellOf&)> Epoch(std::string header, absl::Duration unit) {
  return [=](const CellOf& cell) { return absl::UnixEpoch() + std::stoll(cell(header)) * unit; };
}
// The end of a day in a zone.
inline std::function<absl::Time(const CellOf&)> DayEnd(std::string header, const char* zone) {
  absl::TimeZone tz;
  EXPECT_TRUE(absl::LoadTimeZone(zone, &tz));
  return [=](const CellOf& cell) {
    absl::CivilDay day;
    EXPECT_TRUE(absl::ParseCivilTime(cell(header).substr(0, 10), &day)) << cell(header);
    return absl::FromCivil(day + 1, tz);
  };
}

struct RealFile {
  std::string path;  // below data/
  std::string resource;
  std::string symbol;
  quant::Timeframe timeframe = quant::Timeframe::kTick;
  component::RawParams params;
  size_t rows = 0;
  std::function<absl::Time(const CellOf&)> time;  // null: not compared
  std::map<std::string, std::function<Value(const CellOf&)>> columns;
  std::vector<std::string> header;       // where the file has none that can be read
  bool impossible = false;               // a gate would keep its rows apart
  const Resource* definition = nullptr;  // of a resource made at run time
};

inline absl::StatusOr<SourceData> ReadFile(const RealFile& file) {
  component::RawParams params = file.params;
  params["path"] = testing::SharedFile("data/" + file.path).string();
  BF_ASSIGN_OR_RETURN(const SourceEntry* entry, Sources().Find("csv_file"));
  BF_ASSIGN_OR_RETURN(const component::Params checked, component::Params::Check(entry->params, params));
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, entry->make(checked, {.csv_anywhere = true}));
  BF_ASSIGN_OR_RETURN(const SourceRequest request,
                      source->TransformQuery({file.resource, file.symbol, file.timeframe, {}, file.definition}));
  BF_ASSIGN_OR_RETURN(const RawBody body, source->Extract(request, {}));
  return source->TransformData(request, body);
}

// What else is done with every file that could be read, by tests that have more than the source.
inline std::function<void(const RealFile& file, const SourceData& data)>& AlsoDone() {
  static std::function<void(const RealFile&, const SourceData&)> hook;
  return hook;
}

// Through source, checks and the bytes of the store; nullopt (with a failure) when it can not be read.
inline std::optional<SourceData> ReadReal(const RealFile& file) {
  auto data = ReadFile(file);
  if (!data.ok()) {
    ADD_FAILURE() << file.path << ": " << base::Message(data.status()).substr(0, 1000);
    return std::nullopt;
  }
  EXPECT_TRUE(data->series.Validate().ok()) << file.path << ": " << base::Message(data->series.Validate());
  base::Violations violations;
  CheckSeries(
      file.definition != nullptr ? *file.definition : *FindResource(file.resource).value(), data->series,
      [&](size_t row) { return data->labels[row]; }, violations);
  EXPECT_TRUE(violations.empty()) << file.path << ": " << base::Message(violations.ToStatus("")).substr(0, 1000);
  EXPECT_EQ(Gate(data->series, CalendarOf(data->series.key, data->series.times)).rows.empty(), !file.impossible)
      << file.path;
  quant::Series stored{.key = data->series.key, .basis = data->series.basis, .repeats = data->series.repeats};
  for (size_t begin = 0; begin < data->series.size();) {
    const size_t end = columnar::ChunkEnd(data->series.times, begin);
    EXPECT_TRUE(columnar::AppendChunk(columnar::EncodeChunk(data->series, begin, end).value(), {}, {}, stored).ok());
    begin = end;
  }
  EXPECT_EQ(stored.ContentHash(), data->series.ContentHash()) << file.path;
  if (!stored.empty()) data->series = std::move(stored);
  if (AlsoDone()) AlsoDone()(file, *data);
  return *std::move(data);
}

inline size_t LineOf(const std::string& label) { return std::stoul(label.substr(label.rfind(':') + 1)); }

inline Value At(const quant::Series& series, const std::string& name, size_t row) {
  const quant::Column* column = series.Find(name);
  if (column == nullptr || !column->present(row)) return std::nullopt;
  return std::visit([&](const auto& values) -> Value { return values[row]; }, column->values);
}

// Every row against its line: its time, each column that is named, and no column that is not.
inline void ExpectReadsBackEqual(const RealFile& file) {
  SCOPED_TRACE(file.path + " " + file.symbol);
  const auto data = ReadReal(file);
  if (!data) return;
  const Text text(testing::SharedFile("data/" + file.path), file.header);
  EXPECT_EQ(data->series.size(), file.rows);
  for (const quant::Column& column : data->series.columns) {
    EXPECT_TRUE(file.columns.contains(column.name)) << "unexpected column " << column.name;
  }
  std::set<size_t> lines;
  int wrong = 0;
  for (size_t row = 0; row < data->series.size() && wrong < 5; ++row) {
    const size_t line = LineOf(data->labels[row]);
    EXPECT_TRUE(lines.insert(line).second) << "line " << line << " twice";
    const CellOf cell = [&](const std::string& header) { return text.Cell(line, header); };
    if (file.time && absl::FromUnixNanos(data->series.times[row]) != file.time(cell)) {
      ADD_FAILURE() << "line " << line << ": time " << absl::FromUnixNanos(data->series.times[row]) << ", expected "
                    << file.time(cell);
      ++wrong;
    }
    for (const auto& [name, expected] : file.columns) {
      if (At(data->series, name, row) == expected(cell)) continue;
      ADD_FAILURE() << "line " << line << ": " << name << " is not what the file says";
      ++wrong;
    }
  }
  std::printf("%-66s -> %-18s %6zu rows equal\n", file.path.c_str(), file.resource.c_str(), data->series.size());
}

}  // namespace breadthflow::data
