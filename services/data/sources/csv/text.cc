#include "services/data/sources/csv/text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <zlib.h>

namespace breadthflow::data::csv {
namespace {

absl::Status Refuse(std::string_view file, std::string_view why) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_CSV", fmt::format("{} {}", file, why));
}

// Bytes of the UTF-8 character that begins here, 0 when there is none.
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string HowToSay(std::string_view parameter) {
  return fmt::format("the parameter {} (data import: --set {}; data fetch: --param {})",
                     parameter.substr(0, parameter.find('=')), parameter, parameter);
}

void Faults::Add(std::string_view file, int64_t line, std::string_view text) {
  if (++count_ <= kMaxViolations) violations_.Add(fmt::format("{}:{}", file, line), text);
}

absl::Status Faults::ToStatus(std::string_view what) {
  if (count_ > kMaxViolations) violations_.Add(what, fmt::format("and {} more violations", count_ - kMaxViolations));
  const absl::Status status = violations_.ToStatus(fmt::format("{} can not be read", what), "INVALID_CSV");
  if (count_ <= kMaxViolations) return status;
  base::ErrorDetails details = base::DetailsOf(status);
  details.metadata["violations_more_than"] = std::to_string(kMaxViolations);
  return base::MakeError(status.code(), base::Message(status), details);
}

absl::StatusOr<std::string> Unpack(std::string bytes, std::string_view file) {
  if (static_cast<int64_t>(bytes.size()) > kMaxFileBytes) {
    return Refuse(file, fmt::format("is larger than {} bytes", kMaxFileBytes));
  }
  if (bytes.size() < 2 || bytes[0] != '\x1f' || bytes[1] != '\x8b') return bytes;
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
    return base::MakeError(absl::StatusCode::kInternal, "ZLIB", "zlib can not start");
  std::string out;
  std::array<char, 1 << 16> buffer;
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  int state = Z_OK;
  while (state == Z_OK && static_cast<int64_t>(out.size()) <= kMaxFileBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
    // Archives may hold several members, one after the other.
    if (state == Z_STREAM_END && stream.avail_in > 0) state = inflateReset(&stream);
  }
  inflateEnd(&stream);
  if (static_cast<int64_t>(out.size()) > kMaxFileBytes) {
    return Refuse(file, fmt::format("unpacks to more than {} bytes", kMaxFileBytes));
  }
  if (state != Z_STREAM_END) return Refuse(file, "is a gzip archive that is damaged or cut off");
  return out;
}

char GuessDelimiter(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  char best = ',';
  ptrdiff_t most = 0;
  for (const char candidate : {',', ';', '\t'}) {
    bool quoted = false;
    const ptrdiff_t count = std::count_if(line.begin(), line.end(), [&](char c) {
      quoted ^= c == '"';
      return !quoted && c == candidate;
    });
    if (count > most) best = candidate;
    most = std::max(most, count);
  }
  return best;
}

std::optional<RowReader::Fault> NotText(std::string_view text) {
  int64_t line = 1;
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0)
      return RowReader::Fault{line, fmt::format("byte 0x{:02x} is not UTF-8", static_cast<unsigned char>(text[0]))};
    if (text[0] == '\0') return RowReader::Fault{line, "a NUL byte: this is no text"};
    line += text[0] == '\n' ? 1 : 0;
    text.remove_prefix(bytes);
  }
  return std::nullopt;
}

RowReader::RowReader(std::string_view text, char delimiter) : rest_(text), delimiter_(delimiter) {
  if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  while (!rest_.empty() && (rest_.back() == '\n' || rest_.back() == '\r')) rest_.remove_suffix(1);
}

std::string_view RowReader::Peek() const {
  std::string_view line = rest_.substr(0, rest_.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool RowReader::Fail(std::string text) {
  fault_ = {line_, std::move(text)};
  rest_ = {};
  return false;
}

// The quoted cell at the start of rest_, up to and with its closing quote.
bool RowReader::Quoted(Row& row) {
  const int64_t begin = line_;
  std::string* unquoted = nullptr;
  size_t from = 1;
  for (size_t at = 1; at < rest_.size(); ++at) {
    line_ += rest_[at] == '\n' ? 1 : 0;
    if (rest_[at] != '"') continue;
    const std::string_view part = rest_.substr(from, at - from);
    const bool doubled = at + 1 < rest_.size() && rest_[at + 1] == '"';
    if (doubled) {
      if (unquoted == nullptr) unquoted = &unquoted_.emplace_back();
      unquoted->append(part).push_back('"');
      from = ++at + 1;
      continue;
    }
    if (unquoted != nullptr) unquoted->append(part);
    row.quoted.push_back(row.cells.size());
    row.cells.push_back(unquoted != nullptr ? std::string_view(*unquoted) : part);
    rest_.remove_prefix(at + 1);
    return true;
  }
  line_ = begin;
  return Fail("a quote is opened and never closed");
}

bool RowReader::Next(Row& row) {
  row.cells.clear();
  row.quoted.clear();
  unquoted_.clear();
  if (rest_.empty()) return false;
  row.line = line_;
  while (true) {
    if (rest_.starts_with('"')) {
      if (!Quoted(row)) return false;
    } else {
      size_t end = 0;
      while (end < rest_.size() && rest_[end] != delimiter_ && rest_[end] != '\n') ++end;
      std::string_view cell = rest_.substr(0, end);
      rest_.remove_prefix(end);
      if ((rest_.empty() || rest_[0] == '\n') && cell.ends_with('\r')) cell.remove_suffix(1);
      row.cells.push_back(cell);
    }
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    if (rest_.empty()) return true;
    if (rest_[0] == '\n') {
      rest_.remove_prefix(1);
      ++line_;
      return true;
    }
    if (rest_[0] != delimiter_) return Fail("there is text after a closing quote");
    rest_.remove_prefix(1);
    if (rest_.empty()) {
      row.cells.push_back({});
      return true;
    }
  }
}

}  // namespace breadthflow::data::csv
