#include "common/base/text.h"

#include <algorithm>
#include <cstdint>

namespace breadthflow::base {

size_t Utf8SequenceLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    if (length > 0) {
      valid.append(text.substr(0, length));
    } else {
      valid += "\xEF\xBF\xBD";
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
  return valid;
}

std::string Printable(std::string_view text) {
  std::string out;
  const std::string valid = ValidUtf8(text);
  out.reserve(valid.size());
  for (const char c : valid) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) {
      constexpr char kDigits[] = "0123456789abcdef";
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view CutUtf8(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

std::vector<std::string> SplitList(std::string_view text, std::string_view separator) {
  if (text.empty()) return {};
  const std::vector<std::string_view> parts = Split(text, separator);
  return {parts.begin(), parts.end()};
}

std::string GroupDigits(std::string_view number) {
  const size_t whole = std::min(number.find('.'), number.size());
  std::string grouped;
  grouped.reserve(number.size() + whole / 3);
  for (size_t at = 0; at < whole; ++at) {
    if (at > 0 && (whole - at) % 3 == 0) grouped += ',';
    grouped += number[at];
  }
  return grouped.append(number.substr(whole));
}

}  // namespace breadthflow::base
