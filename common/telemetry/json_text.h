#pragma once

#include <string>
#include <string_view>

namespace breadthflow::telemetry {

// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void AppendJsonText(std::string& out, std::string_view text);

}  // namespace breadthflow::telemetry
