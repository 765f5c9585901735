#include "services/data/sources/simulated/reports.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "common/quant/stats/random.h"

namespace breadthflow::data {
namespace {

using quant::stats::CounterRandom;

constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr uint64_t kMembers = 40;
constexpr uint64_t kNames = uint64_t{26} * 26 * 26 * 26;

std::string LabelOf(double score) {
  if (score <= -0.35) return "Bearish";
  if (score <= -0.15) return "Somewhat-Bearish";
  if (score < 0.15) return "Neutral";
  return score < 0.35 ? "Somewhat-Bullish" : "Bullish";
}

std::string_view Verb(double move) {
  if (move > 0.03) return "jumps";
  if (move > 0.002) return "rises";
  if (move < -0.03) return "tumbles";
  return move < -0.002 ? "slips" : "ends little changed,";
}

// The n-th name: four letters, all different for n < 26^4, for the multiplier has no factor of 26.
std::string MemberName(uint64_t n, uint64_t offset) {
  uint64_t code = (n * 104'729 + offset) % kNames;
  std::string name(4, 'A');
  for (char& letter : name) {
    letter = static_cast<char>('A' + code % 26);
    code /= 26;
  }
  return name;
}

}  // namespace

std::vector<SimulatedArticle> SimulateNews(uint64_t seed, const SimulatedStock& stock, size_t index) {
  const SimulatedBar& bar = stock.bars[index];
  const CounterRandom random(seed, "news/" + stock.security);
  const int64_t day = DayNumber(bar.session->day);
  const double chance = random.Uniform(day);
  const uint64_t count = chance < 0.6 ? 0 : chance < 0.9 ? 1 : 2;
  const double move = ReturnOf(stock.bars, index);
  // Measured by the moves before it, for the move itself would hide how large it is.
  const double usual = RecentDeviation(stock.bars, index == 0 ? 0 : index - 1);
  std::vector<SimulatedArticle> articles;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t lane = 10 * (i + 1);
    SimulatedArticle article;
    article.time_ns =
        bar.session->close_ns + static_cast<int64_t>(1 + 150 * i + random.Below(148, day, lane)) * kMinuteNs;
    article.score = Micros(std::clamp(0.3 * move / usual + 0.25 * random.Normal(day, lane + 1), -1.0, 1.0));
    article.label = LabelOf(article.score);
    article.relevance = Micros(0.3 + 0.7 * random.Uniform(day, lane + 2));
    article.headline =
        fmt::format("{} {} {:.1f} % at {:.2f}", stock.security, Verb(move), 100 * std::fabs(move), bar.close);
    article.topics = random.Uniform(day, lane + 3) < 0.5 ? "financial_markets" : "financial_markets,earnings";
    articles.push_back(std::move(article));
  }
  return articles;
}

std::vector<SimulatedMembership> SimulateUniverse(uint64_t seed, const std::string& name,
                                                  const quant::Calendar& calendar) {
  const CounterRandom random(seed, "universe/" + name);
  const uint64_t offset = random.Below(kNames, 0);
  std::vector<SimulatedMembership> changes;
  std::vector<std::string> members;
  uint64_t next = 0;
  const auto join = [&](int64_t time_ns) {
    members.push_back(MemberName(next++, offset));
    changes.push_back({time_ns, members.back(), true});
  };
  const auto sessions = calendar.sessions();
  for (uint64_t i = 0; i < kMembers; ++i) join(sessions.front().close_ns);
  for (size_t i = 1; i + 1 < sessions.size(); ++i) {
    const auto quarter = [&](size_t session) { return (sessions[session].day.month() - 1) / 3; };
    if (quarter(i) == quarter(i + 1)) continue;
    const int64_t day = DayNumber(sessions[i].day);
    for (uint64_t lane = 1; lane <= 2; ++lane) {
      const auto gone = members.begin() + static_cast<ptrdiff_t>(random.Below(members.size(), day, lane));
      changes.push_back({sessions[i].close_ns, *gone, false});
      members.erase(gone);
    }
    for (int newcomer = 0; newcomer < 2; ++newcomer) join(sessions[i].close_ns);
  }
  return changes;
}

std::vector<SimulatedFixing> SimulateRate(uint64_t seed, const std::string& name, const quant::Calendar& calendar) {
  const CounterRandom random(seed, "rate/" + name);
  std::vector<SimulatedFixing> fixings;
  double rate = 0.01 + 0.05 * random.Uniform(0);
  for (const quant::Session& session : calendar.sessions()) {
    rate += 0.001 * (0.03 - rate) + 0.0004 * random.Normal(DayNumber(session.day), 1);
    rate = std::max(rate, -0.01);
    fixings.push_back({session.close_ns + 15 * kMinuteNs, Micros(rate)});
  }
  return fixings;
}

std::string TenorOf(const std::string& name) {
  if (name.empty() || std::string_view("DWMY").find(name.back()) == std::string_view::npos) return "";
  const size_t before = name.find_last_not_of("0123456789", name.size() - 2);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  return begin + 1 < name.size() ? name.substr(begin) : "";
}

}  // namespace breadthflow::data
