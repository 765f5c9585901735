#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace breadthflow::base {

// Length of the UTF-8 sequence at the beginning of `text` (RFC 3629: no surrogates, no overlong forms); 0 when it is
// none or `text` is empty.
size_t Utf8SequenceLength(std::string_view text);

// `text` with every byte that is not part of UTF-8 replaced by U+FFFD: what protos and JSON accept as text.
std::string ValidUtf8(std::string_view text);

// The same, and with control characters other than the line end and the tab written as \\xNN: what may be kept in a
// database, sent, logged and shown on a terminal, whatever it was made from.
std::string Printable(std::string_view text);

// The longest beginning of `text` (which must be UTF-8) of at most `limit` bytes that does not cut a character.
std::string_view CutUtf8(std::string_view text, size_t limit);

// The parts of `text` between separators (which must not be empty), in their order: one more than there are separators,
// so one empty part of an empty text. They are views of `text`.
std::vector<std::string_view> Split(std::string_view text, std::string_view separator);

// The same, copied, as the elements of a list: none of an empty text.
std::vector<std::string> SplitList(std::string_view text, std::string_view separator = ",");

// `number` with a comma between every three digits before its decimal point: "1234567.89" -> "1,234,567.89". Digits
// and at most one point; no sign.
std::string GroupDigits(std::string_view number);

}  // namespace breadthflow::base
