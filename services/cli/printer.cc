#include "services/cli/printer.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/status.h"

namespace breadthflow::cli {
namespace {

// Columns on a terminal: continuation bytes of UTF-8 take none.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool LooksNumeric(std::string_view text) {
  bool digit = false;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      digit = true;
    } else if (std::string_view("+-., %").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return digit || text == "-";
}

// What a terminal would obey instead of show is escaped: text of files and providers must not move the cursor or rename
// the window. A line end stays where `lines` are allowed.
std::string Shown(std::string_view text, bool lines) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = byte < 0x20 || byte == 0x7F;
    // U+0080 to U+009F, which terminals obey too.
    const bool wide = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (wide) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else if (control && !(lines && byte == '\n')) {
      out += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : fmt::format("\\x{:02x}", byte);
    } else {
      out += text[i];
    }
  }
  return out;
}

constexpr size_t kNarrowest = 16;

// Lines of at most `width` characters, broken at spaces where there are any; at least one line.
std::vector<std::string> Wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (Width(text) > width) {
    size_t cut = 0;    // bytes of the first `width` characters
    size_t space = 0;  // the last space at which the line can end
    for (size_t characters = 0; cut < text.size(); ++cut) {
      characters += (text[cut] & 0xC0) != 0x80;
      if (text[cut] == ' ') space = cut;
      if (characters > width) break;
    }
    if (space > 0) cut = space;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(space > 0 ? cut + 1 : cut);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace

size_t TerminalColumns() {
  winsize size{};
  if (isatty(STDERR_FILENO) != 1 || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

namespace {

// The columns of `table` that `kept` names.
Table Part(const Table& table, const std::vector<size_t>& kept) {
  Table part;
  for (const size_t c : kept) part.columns.push_back(table.columns[c]);
  for (const auto& row : table.rows) {
    part.rows.emplace_back();
    for (const size_t c : kept) part.rows.back().push_back(row[c]);
  }
  return part;
}

size_t WidestCell(const Table& table, size_t column) {
  size_t width = Width(table.columns[column]);
  for (const auto& row : table.rows) width = std::max(width, Width(row[column]));
  return width;
}

// A table that is wider than the terminal by more than its last column can give way, one part below the other. Every
// part begins with the columns that say which row it is: the first two. Empty when there is no need or no room.
std::vector<Table> Parts(const Table& table, size_t columns) {
  constexpr size_t kKeys = 2;
  constexpr size_t kGap = 3;
  std::vector<size_t> widths;
  size_t total = 2;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    widths.push_back(WidestCell(table, c) + kGap);
    total += widths.back();
  }
  if (columns == 0 || table.rows.empty() || widths.size() <= kKeys + 1) return {};
  const size_t keys = 2 + widths[0] + widths[1];
  if (total <= columns + kGap || total - widths.back() + kNarrowest <= columns || keys >= columns) return {};
  std::vector<Table> parts;
  std::vector<size_t> kept = {0, 1};
  size_t width = keys;
  for (size_t c = kKeys; c < widths.size(); ++c) {
    if (kept.size() > kKeys && width + widths[c] > columns + kGap) {
      parts.push_back(Part(table, kept));
      kept = {0, 1};
      width = keys;
    }
    kept.push_back(c);
    width += widths[c];
  }
  parts.push_back(Part(table, kept));
  return parts;
}

std::string RenderWhole(const Table& table, size_t columns) {
  std::vector<size_t> widths;
  std::vector<bool> numeric;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    size_t width = Width(table.columns[c]);
    bool numbers = !table.rows.empty();
    for (const auto& row : table.rows) {
      width = std::max(width, Width(row[c]));
      numbers = numbers && (row[c].empty() || LooksNumeric(row[c]));
    }
    widths.push_back(width);
    numeric.push_back(numbers);
  }
  // The last column gives way: it gets what the others leave, but never less than a few words.
  size_t before_last = 2;
  for (size_t c = 0; c + 1 < widths.size(); ++c) before_last += widths[c] + 3;
  const bool wraps = !widths.empty() && columns >= before_last + kNarrowest && columns < before_last + widths.back() &&
                     !numeric.back();
  if (wraps) widths.back() = columns - before_last;
  const auto plain = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t c = 0; c < cells.size(); ++c) {
      const std::string padding(widths[c] - Width(cells[c]), ' ');
      text += (c == 0 ? "  " : "   ") + (numeric[c] ? padding + cells[c] : cells[c] + padding);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  const auto line = [&](std::vector<std::string> cells) {
    if (!wraps) return plain(cells);
    std::string text;
    for (const std::string& part : Wrap(cells.back(), widths.back())) {
      cells.back() = part;
      text += plain(cells);
      cells.assign(cells.size(), "");
    }
    return text;
  };
  std::string out = table.title.empty() ? "" : table.title + "\n";
  if (table.rows.empty()) return out + "  (none)\n";
  out += line(table.columns);
  std::vector<std::string> rule;
  for (const size_t width : widths) rule.emplace_back(width, '-');
  out += line(rule);
  for (const auto& row : table.rows) out += line(row);
  return out;
}

}  // namespace

std::string Render(const Table& given, size_t columns) {
  Table table = given;
  for (auto& row : table.rows) {
    for (std::string& cell : row) cell = Shown(cell, false);
  }
  const std::vector<Table> parts = Parts(table, columns);
  if (parts.empty()) return RenderWhole(table, columns);
  std::string out = table.title.empty() ? "" : table.title + "\n";
  for (size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : "\n") + RenderWhole(parts[i], columns);
  return out;
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return "null\n";
  return text;
}

void Printer::Result(const google::protobuf::Message& message, const std::function<void()>& describe) {
  Result([&] { return ToJson(message); }, describe);
}

void Printer::Result(const std::function<std::string()>& json, const std::function<void()>& describe) {
  if (mode_ == Mode::kJson) {
    json_ << json() << std::flush;
  } else if (!quiet_) {
    describe();
  }
}

void Printer::Show(const Table& table) {
  if (!quiet_) people_ << Render(table, columns_) << std::flush;
}

void Printer::Say(std::string_view line) {
  if (!quiet_) people_ << Shown(line, true) << '\n' << std::flush;
}

void Printer::Raw(std::string_view text) { json_ << text << std::flush; }

std::string DescribeError(const absl::Status& status) {
  const base::ErrorDetails details = base::DetailsOf(status);
  std::string message = base::Message(status);
  if (!details.violations.empty()) {
    // The message repeats the violations in one line; here each gets its own.
    const size_t list = message.find(": " + details.violations.front().field);
    if (list != std::string::npos) message.resize(list);
  }
  if (message.empty()) message = base::CodeName(status.code());
  std::string text = fmt::format("error: {} ({})\n", message, details.reason);
  for (const base::FieldViolation& violation : details.violations) {
    text += fmt::format("  {}: {}\n", violation.field, violation.description);
  }
  // The server sends no more than an error may be long.
  const auto count = details.metadata.find("violations_count");
  const auto shown = details.metadata.find("violations_shown");
  if (count != details.metadata.end() && shown != details.metadata.end()) {
    // Whoever stopped to count says up to where.
    const auto most = details.metadata.find("violations_more_than");
    text += fmt::format("  ... the first {} of {} mistakes\n", shown->second,
                        most == details.metadata.end() ? count->second : "more than " + most->second);
  }
  if (const auto trace = details.metadata.find("trace_id"); trace != details.metadata.end()) {
    text += fmt::format("  trace {}\n", trace->second);
  }
  return Shown(text, true);
}

void Printer::Error(const absl::Status& status) { people_ << DescribeError(status) << std::flush; }

}  // namespace breadthflow::cli
