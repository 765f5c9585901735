#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/alpha_vantage.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "alpha_vantage";

}  // namespace

absl::Status AddAlphaVantageNews(const SourceQuery& query, std::string_view page, bool last,
                                 std::set<std::string>& seen, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
  const Json* feed = Member(document, "feed");
  if (feed == nullptr || !feed->is_array()) return UnexpectedBody(kName, "no feed");
  if (last && feed->size() >= kMostArticles) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "INCOMPLETE_BODY",
                           "alpha_vantage has more articles than are asked for at once: ask for a shorter range");
  }
  for (const Json& article : *feed) {
    const std::string when = TextMember(&article, "time_published");
    const std::string name = fmt::format("{} {} {}", when, TextMember(&article, "url"), TextMember(&article, "title"));
    if (!seen.insert(name).second) continue;
    absl::CivilSecond utc;
    if (when.size() != 15 ||
        !absl::ParseCivilTime(fmt::format("{}-{}-{}T{}:{}:{}", when.substr(0, 4), when.substr(4, 2), when.substr(6, 2),
                                          when.substr(9, 2), when.substr(11, 2), when.substr(13, 2)),
                              &utc)) {
      rows.Complain(when.empty() ? "article" : when, "time_published is no time YYYYMMDDTHHMMSS");
      continue;
    }
    const int64_t time = quant::UtcInstant(utc);
    if (rows.InFuture(time, when)) continue;
    const Json* tickers = Member(article, "ticker_sentiment");
    const Json* own = nullptr;
    if (tickers != nullptr && tickers->is_array()) {
      for (const Json& ticker : *tickers) {
        if (TextMember(&ticker, "ticker") == query.symbol) own = &ticker;
      }
    }
    if (own == nullptr) {
      rows.LeaveOut("article that does not name the symbol", when);
      continue;
    }
    rows.Begin(time, when);
    rows.SetNumber("score", Member(own, "ticker_sentiment_score"));
    rows.SetText("label", TextMember(own, "ticker_sentiment_label"));
    rows.SetNumber("relevance", Member(own, "relevance_score"));
    rows.SetText("headline", TextMember(&article, "title"));
    rows.SetText("url", TextMember(&article, "url"));
    rows.SetText("publisher", TextMember(&article, "source"));
    std::string topics;
    const Json* named = Member(article, "topics");
    for (size_t i = 0; named != nullptr && named->is_array() && i < named->size(); ++i) {
      topics += fmt::format("{}{}", topics.empty() ? "" : ",", TextMember(&(*named)[i], "topic"));
    }
    rows.SetText("topics", topics);
  }
  return absl::OkStatus();
}

std::string LastMinuteOfNews(std::string_view page) {
  const absl::StatusOr<Json> document = ParseObject(kName, page);
  const Json* feed = document.ok() ? Member(*document, "feed") : nullptr;
  if (feed == nullptr || !feed->is_array() || feed->size() < kMostArticles) return "";
  const std::string first = TextMember(&feed->front(), "time_published");
  const std::string last = TextMember(&feed->back(), "time_published");
  constexpr size_t kMinute = 13;  // of YYYYMMDDTHHMMSS
  return first.size() == last.size() && last.size() > kMinute && first <= last ? last.substr(0, kMinute) : "";
}

}  // namespace breadthflow::data
