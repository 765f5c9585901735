// LiveCursor, and the sources in it, as texts.
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "services/data/app/live.h"

namespace breadthflow::data {
namespace {

// Parts of a text, by what its first part says.
constexpr size_t kFirstParts = 12;
constexpr size_t kParts = 14;

absl::Status BadToken() {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "resume_token is not one that this stream gave",
                         {.reason = "INVALID_RESUME_TOKEN",
                          .metadata = {},
                          .violations = {{"resume_token", "must be one that a stream of the same query gave"}},
                          .retry_after = {}});
}

template <typename Number>
bool ToNumber(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// What separates parts may be in the label of a source.
std::string Escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '%' || c == '|' || c == ',' || c == ';' || c == '*') {
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return text;
}

bool Unescape(std::string_view text, std::string& name) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    unsigned code = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || digits.size() != 2 || end != digits.data() + 2) return false;
    name += static_cast<char>(code);
    i += 2;
  }
  return !name.empty();
}

}  // namespace

// "first,second;2*1,1*0,7*2": two symbols of the first, one that is not known, seven of the second.
std::string SourcesToText(const std::vector<std::string>& sources) {
  std::unordered_map<std::string_view, size_t> numbers;
  std::string names;
  std::string runs;
  for (size_t i = 0; i < sources.size();) {
    size_t end = i + 1;
    while (end < sources.size() && sources[end] == sources[i]) ++end;
    size_t number = 0;
    if (!sources[i].empty()) {
      const auto [found, is_new] = numbers.emplace(sources[i], numbers.size() + 1);
      if (is_new) names += (names.empty() ? "" : ",") + Escaped(sources[i]);
      number = found->second;
    }
    runs += fmt::format("{}{}*{}", runs.empty() ? "" : ",", end - i, number);
    i = end;
  }
  return names.empty() ? std::string() : names + ";" + runs;
}

absl::StatusOr<std::vector<std::string>> SourcesFromText(std::string_view text, size_t symbols) {
  std::vector<std::string> sources;
  if (text.empty()) return std::vector<std::string>(symbols);
  const std::vector<std::string_view> halves = base::Split(text, ";");
  if (halves.size() != 2) return BadToken();
  std::vector<std::string> names(1);
  for (const std::string_view escaped : base::Split(halves[0], ",")) {
    if (!Unescape(escaped, names.emplace_back())) return BadToken();
  }
  for (const std::string_view run : base::Split(halves[1], ",")) {
    const size_t star = run.find('*');
    size_t count = 0;
    size_t number = 0;
    if (star == std::string_view::npos || !ToNumber(run.substr(0, star), count) ||
        !ToNumber(run.substr(star + 1), number) || count > symbols - sources.size() || number >= names.size()) {
      return BadToken();
    }
    sources.insert(sources.end(), count, names[number]);
  }
  if (sources.size() != symbols) return BadToken();
  return sources;
}

std::string LiveCursor::ToText() const {
  return fmt::format("2|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", database, absl::ToUnixMicros(time), base.ToText(),
                     target ? target->ToText() : "", absl::ToUnixMicros(place.known_at), place.series_id, place.version,
                     place.time_ns, stored ? 1 : 0, symbol, time_ns, told_rows, sources);
}

absl::StatusOr<LiveCursor> LiveCursor::Parse(std::string_view text) {
  const std::vector<std::string_view> parts = base::Split(text, "|");
  const bool first = parts.size() == kFirstParts && parts[0] == "1";
  if (!first && !(parts.size() == kParts && parts[0] == "2")) return BadToken();
  LiveCursor cursor;
  cursor.database = parts[1];
  int64_t time = 0;
  int64_t known_at = 0;
  int64_t stored = 0;
  if (!ToNumber(parts[2], time) || !ToNumber(parts[5], known_at) || !ToNumber(parts[6], cursor.place.series_id) ||
      !ToNumber(parts[7], cursor.place.version) || !ToNumber(parts[8], cursor.place.time_ns) ||
      !ToNumber(parts[9], stored) || !ToNumber(parts[10], cursor.symbol) || !ToNumber(parts[11], cursor.time_ns)) {
    return BadToken();
  }
  if (!first) {
    if (!ToNumber(parts[12], cursor.told_rows) || cursor.told_rows < 0) return BadToken();
    cursor.sources = parts[13];
  }
  cursor.time = absl::FromUnixMicros(time);
  if (known_at != absl::ToUnixMicros(absl::InfinitePast())) cursor.place.known_at = absl::FromUnixMicros(known_at);
  cursor.stored = stored != 0;
  const auto base = columnar::CommitPosition::Parse(parts[3]);
  if (!base.ok()) return BadToken();
  cursor.base = *base;
  if (!parts[4].empty()) {
    const auto target = columnar::CommitPosition::Parse(parts[4]);
    if (!target.ok()) return BadToken();
    cursor.target = *target;
  }
  return cursor;
}

}  // namespace breadthflow::data
