#include "services/cli/origins.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/cli/bars.h"

namespace breadthflow::cli {

void Origins::Add(std::string text, const std::string& symbol) {
  const auto known =
      std::find_if(remarks_.begin(), remarks_.end(), [&](const auto& remark) { return remark.first == text; });
  if (known == remarks_.end())
    remarks_.emplace_back(std::move(text), std::vector<std::string>{symbol});
  else
    known->second.push_back(symbol);
}

void Origins::Take(const common::v1::SeriesMessage& message) {
  if (!message.has_origin()) return;
  const common::v1::SeriesOrigin& origin = message.origin();
  const std::string& symbol = message.first_of().symbol();
  const auto from = [](const std::string& source) {
    return source == "columns" ? std::string("the rows' own columns") : SourceText(source);
  };
  std::string text;
  if (!origin.splits_source().empty()) text = "splits: " + from(origin.splits_source());
  if (!origin.dividends_source().empty()) {
    text += (text.empty() ? "dividends: " : "; dividends: ") + from(origin.dividends_source());
  }
  if (!text.empty()) Add(std::move(text), symbol);
  for (const std::string& notice : origin.notices()) Add(notice, symbol);
  if (origin.made_up()) Add("made-up data", symbol);
}

void Origins::Say(Printer& out) const {
  for (const auto& [text, symbols] : remarks_) out.Say(fmt::format("  {}: {}", SomeOf(symbols), text));
}

}  // namespace breadthflow::cli
