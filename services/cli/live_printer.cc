#include "services/cli/live_printer.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/series.h"
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/cli/rows.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

// The first of them.
std::string Some(const google::protobuf::RepeatedPtrField<std::string>& symbols) {
  constexpr int kNamed = 10;
  std::string some;
  for (int i = 0; i < std::min(kNamed, symbols.size()); ++i) some += (i == 0 ? "" : ", ") + symbols[i];
  return symbols.size() > kNamed ? fmt::format("{} and {} more", some, Grouped(symbols.size() - kNamed)) : some;
}

}  // namespace

void LivePrinter::Print(const data::v1::StreamSeriesResponse& message) {
  if (message.has_rows()) {
    PrintRows(message.rows());
  } else if (message.has_withdrawal()) {
    PrintWithdrawal(message.withdrawal());
  } else if (message.has_gap()) {
    const data::v1::LiveGap& gap = message.gap();
    out_.Say(fmt::format("gap: {} {} to {}, {} rows expected: {}", gap.key().symbol(),
                         Instant(gap.range().start_time()), Instant(gap.range().end_time()),
                         Grouped(gap.expected_row_count()), gap.reason()));
  } else if (message.has_silence()) {
    const data::v1::LiveSilence& silence = message.silence();
    out_.Say(fmt::format("silent: {}, {}", silence.key().symbol(),
                         silence.has_last_time() ? "last row " + Instant(silence.last_time()) : "never a row"));
  } else if (message.has_awaited()) {
    PrintAwaited(message.awaited());
  } else if (message.has_poll_failure()) {
    const data::v1::LivePollFailure& failure = message.poll_failure();
    out_.Say(
        fmt::format("not to be had: {}: {}", Some(failure.symbols()), base::Message(rpc::FromProto(failure.error()))));
  }
  for (const data::v1::LiveChoice& choice : message.choices()) {
    out_.Say(fmt::format("from {} ({}): {}", choice.source(), choice.reason(), Some(choice.symbols())));
  }
}

void LivePrinter::PrintAwaited(const data::v1::LiveAwaited& awaited) {
  out_.Say(fmt::format("nothing is stored yet for {}; waiting for {}", Some(awaited.symbols()), coming_));
}

void LivePrinter::PrintWithdrawal(const data::v1::LiveWithdrawal& withdrawal) {
  constexpr int kNamed = 5;
  const auto& times = withdrawal.times_unix_ns();
  const auto instant = [](int64_t time_ns) { return Instant(rpc::ToProto(quant::FromNanos(time_ns))); };
  std::string which;
  for (int i = 0; i < times.size() && times.size() <= kNamed; ++i) which += (i == 0 ? "" : ", ") + instant(times[i]);
  if (times.size() > kNamed) which = fmt::format("{} to {}", instant(times[0]), instant(times[times.size() - 1]));
  out_.Say(fmt::format("withdrawn: {} has no row any more of {} {}: {}", withdrawal.key().symbol(),
                       Grouped(times.size()), times.size() == 1 ? "instant" : "instants", which));
}

void LivePrinter::PrintRows(const data::v1::LiveRows& rows) {
  if (rows.conflated_row_count() > 0) {
    out_.Say(fmt::format("{}: {} rows left out", rows.rows().key().symbol(), Grouped(rows.conflated_row_count())));
  }
  for (int row = 0; row < rows.rows().times_unix_ns_size(); ++row) {
    const nlohmann::ordered_json entry = RowOf(rows.rows(), row);
    if (out_.json()) {
      out_.Raw(entry.dump() + "\n");
    } else {
      PrintLine(entry);
    }
  }
}

void LivePrinter::PrintLine(const nlohmann::ordered_json& entry) {
  std::vector<std::string> names;
  for (const auto& [name, value] : entry.items()) names.push_back(name);
  if (names != columns_) {
    columns_ = names;
    widths_.clear();
    for (const std::string& name : names) {
      widths_.push_back(std::max<size_t>(name.size(), name == "time" ? 20 : name == "symbol" ? 8 : 12));
    }
    out_.Say(Line(names));
  }
  std::vector<std::string> cells;
  for (const auto& [name, value] : entry.items()) cells.push_back(CellText(value));
  out_.Say(Line(cells));
}

std::string LivePrinter::Line(const std::vector<std::string>& cells) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += i < 2 ? fmt::format("  {:<{}}", cells[i], widths_[i]) : fmt::format("  {:>{}}", cells[i], widths_[i]);
  }
  return line;
}

}  // namespace breadthflow::cli
