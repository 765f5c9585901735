#include "common/component/params_json.h"

#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::component {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string JsonOf(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return Quoted(*text);
  std::string text = ToText(value);
  if (std::holds_alternative<double>(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Appends the UTF-8 form of a code point.
void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Reads from the front of what is left; every function is false when it does not find what it wants.
class Reader {
 public:
  explicit Reader(std::string_view json) : rest_(json) {}

  bool Take(char c) {
    SkipSpace();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool AtEnd() {
    SkipSpace();
    return rest_.empty();
  }
  bool Text(std::string& out) {
    if (!Take('"')) return false;
    while (!rest_.empty() && rest_.front() != '"') {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '\\') {
        out += c;
      } else if (!Escape(out)) {
        return false;
      }
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Value(ParamValue& out) {
    SkipSpace();
    if (!rest_.empty() && rest_.front() == '"') {
      std::string text;
      if (!Text(text)) return false;
      out = std::move(text);
      return true;
    }
    const std::string_view token = rest_.substr(0, rest_.find_first_of(" \t\r\n,}"));
    rest_.remove_prefix(token.size());
    if (token == "true" || token == "false") {
      out = token == "true";
      return true;
    }
    return Number(token, out);
  }

 private:
  void SkipSpace() {
    const size_t first = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }
  bool Escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const size_t at = kFrom.find(c); at != std::string_view::npos) {
      out += kTo[at];
      return true;
    }
    uint32_t code = 0;
    if (c != 'u' || rest_.size() < 4) return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    // Surrogates never come: only control characters are written as \u.
    if (error != std::errc() || end != rest_.data() + 4 || (code >= 0xd800 && code < 0xe000)) return false;
    rest_.remove_prefix(4);
    AppendUtf8(code, out);
    return true;
  }
  static bool Number(std::string_view token, ParamValue& out) {
    const char* const end = token.data() + token.size();
    if (token.find_first_of(".eE") == std::string_view::npos) {
      int64_t whole = 0;
      const auto [at, error] = std::from_chars(token.data(), end, whole);
      out = whole;
      return error == std::errc() && at == end;
    }
    double number = 0;
    const auto [at, error] = std::from_chars(token.data(), end, number);
    out = number;
    return error == std::errc() && at == end;
  }

  std::string_view rest_;
};

bool ReadObject(Reader& reader, RawParams& params) {
  if (!reader.Take('{')) return false;
  if (reader.Take('}')) return reader.AtEnd();
  do {
    std::string name;
    ParamValue value;
    if (!reader.Text(name) || !reader.Take(':') || !reader.Value(value)) return false;
    if (!params.emplace(std::move(name), std::move(value)).second) return false;
  } while (reader.Take(','));
  return reader.Take('}') && reader.AtEnd();
}

}  // namespace

std::string ToJson(const RawParams& params) {
  std::string json = "{";
  for (const auto& [name, value] : params)
    json += fmt::format("{}{}: {}", json.size() > 1 ? ", " : "", Quoted(name), JsonOf(value));
  return json + "}";
}

absl::StatusOr<RawParams> ParamsFromJson(std::string_view json) {
  Reader reader(json);
  RawParams params;
  if (ReadObject(reader, params)) return params;
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_PARAMS_JSON",
                         "parameters must be a flat JSON object of numbers, texts, true and false");
}

}  // namespace breadthflow::component
