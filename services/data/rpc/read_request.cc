#include "services/data/rpc/read_request.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/quant/calendar.h"
#include "common/rpc/convert.h"
#include "services/data/rpc/series_source.h"

namespace breadthflow::data {
namespace {

// As the enum of the proto numbers them.
constexpr std::array<Adjustment, 6> kAdjustments = {Adjustment::kRaw,           Adjustment::kSplit,
                                                    Adjustment::kSplitDividend, Adjustment::kTotalReturn,
                                                    Adjustment::kForwardSplit,  Adjustment::kForward};
static_assert(common::v1::ADJUSTMENT_RAW == 1 && common::v1::ADJUSTMENT_SPLIT == 2 &&
              common::v1::ADJUSTMENT_SPLIT_DIVIDEND == 3 && common::v1::ADJUSTMENT_TOTAL_RETURN == 4 &&
              common::v1::ADJUSTMENT_FORWARD_SPLIT == 5 && common::v1::ADJUSTMENT_FORWARD == 6);

std::optional<Adjustment> AdjustmentOf(common::v1::Adjustment given, base::Violations& violations) {
  if (given == common::v1::ADJUSTMENT_UNSPECIFIED) return std::nullopt;
  if (!common::v1::Adjustment_IsValid(given)) {
    violations.Add("adjustment", fmt::format("{} is not an adjustment", static_cast<int>(given)));
    return std::nullopt;
  }
  return kAdjustments[static_cast<size_t>(given) - 1];
}

Resampling ResamplingOf(const v1::Resampling& given, base::Violations& violations) {
  Resampling out;
  const auto by_trading = [&](quant::BarRule rule, double size) {
    out.bars.rule = rule;
    out.bars.size = size;
  };
  switch (given.rule_case()) {
    case v1::Resampling::kTimeframe:
      if (given.timeframe() == common::v1::TIMEFRAME_UNSPECIFIED)
        violations.Add("resampling.timeframe", "must be 1min or longer");
      out.bars.timeframe = rpc::FromProto(given.timeframe(), "resampling.timeframe", violations);
      break;
    case v1::Resampling::kTicks:
      by_trading(quant::BarRule::kTicks, given.ticks());
      break;
    case v1::Resampling::kVolume:
      by_trading(quant::BarRule::kVolume, given.volume());
      break;
    case v1::Resampling::kDollars:
      by_trading(quant::BarRule::kDollar, given.dollars());
      break;
    case v1::Resampling::kRange:
      by_trading(quant::BarRule::kRange, given.range());
      break;
    case v1::Resampling::RULE_NOT_SET:
      violations.Add("resampling", "must have one of timeframe, ticks, volume, dollars, range");
      break;
  }
  out.own_calendar = given.calendar().empty();
  if (!given.calendar().empty()) {
    const absl::StatusOr<const quant::Calendar*> calendar = quant::FindCalendar(given.calendar());
    if (calendar.ok())
      out.calendar = *calendar;
    else
      violations.Add("resampling.calendar", base::Message(calendar.status()));
  }
  out.bars.fill_forward = given.fill_forward();
  return out;
}

JoinSpec JoinOf(const v1::AsOfJoin& given, std::string_view path, base::Violations& violations) {
  JoinSpec join{
      .resource = given.resource(), .fields = {given.fields().begin(), given.fields().end()}, .source = given.source()};
  if (given.has_ttl()) {
    const google::protobuf::Duration& ttl = given.ttl();
    const bool mixed = (ttl.seconds() > 0 && ttl.nanos() < 0) || (ttl.seconds() < 0 && ttl.nanos() > 0);
    if (mixed || ttl.nanos() > 999'999'999 || ttl.nanos() < -999'999'999) {
      violations.Add(fmt::format("{}.ttl", path), "is no duration: seconds and nanos must agree in sign");
    } else {
      join.ttl = rpc::FromProto(ttl);
    }
  }
  join.skip_missing = given.skip_missing();
  join.replace_by = given.replace_by();
  join.symbol = given.symbol();
  join.period = given.period();
  return join;
}

// A read that goes on: as of when it was planned, with which outcome, and where it is.
struct Resumed {
  absl::Time as_of;
  std::string fingerprint;
  ReadPosition position;
};

std::string ToCursor(const Resumed& resumed) {
  const ReadPosition& at = resumed.position;
  return fmt::format("{} {} {} {} {}", absl::ToUnixMicros(resumed.as_of), resumed.fingerprint, at.series,
                     at.begun ? 1 : 0, at.sent_until_ns);
}

// Nothing when the text is no cursor, which no token has that was signed here.
std::optional<Resumed> FromCursor(std::string_view text) {
  std::array<std::string_view, 5> words;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t end = std::min(text.find(' '), text.size());
    words[i] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto number = [](std::string_view word) -> std::optional<int64_t> {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return value;
  };
  const auto as_of = number(words[0]), series = number(words[2]), begun = number(words[3]), until = number(words[4]);
  if (!as_of || !series || *series < 0 || !begun || !until) return std::nullopt;
  return Resumed{
      absl::FromUnixMicros(*as_of), std::string(words[1]), {static_cast<size_t>(*series), *begun == 1, *until}};
}

// What a token is good for: this request, whatever its own token.
std::string TokenQuery(v1::ReadSeriesRequest request) {
  request.clear_resume_token();
  return "ReadSeries|" + base::Sha256HexOf(request.SerializeAsString());
}

}  // namespace

ReadQuery FromProto(const v1::ReadSeriesRequest& request, base::Violations& violations) {
  ReadQuery query;
  if (!request.snapshot().empty()) {
    const absl::StatusOr<std::string> id = rpc::IdOf("snapshots", request.snapshot(), "snapshot");
    if (id.ok())
      query.snapshot_id = *id;
    else
      violations.Merge("", id.status());
  }
  query.resource = request.resource();
  query.symbols.assign(request.symbols().begin(), request.symbols().end());
  if (request.timeframe() != common::v1::TIMEFRAME_UNSPECIFIED) {
    query.timeframe = rpc::FromProto(request.timeframe(), "timeframe", violations);
  }
  if (request.has_range()) query.range = rpc::FromProto(request.range(), false, "range", violations);
  if (request.has_as_of_time()) query.as_of = rpc::FromProto(request.as_of_time(), "as_of_time", violations);
  query.source = request.source();
  query.shape.fields.assign(request.fields().begin(), request.fields().end());
  query.shape.actions_from = request.actions_from();
  query.shape.adjustment = AdjustmentOf(request.adjustment(), violations);
  query.shape.keep_adjusted = request.keep_adjusted();
  if (request.has_resampling()) query.shape.resampling = ResamplingOf(request.resampling(), violations);
  for (int i = 0; i < request.joins_size(); ++i) {
    query.shape.joins.push_back(JoinOf(request.joins(i), fmt::format("joins[{}]", i), violations));
  }
  return query;
}

absl::StatusOr<std::unique_ptr<rpc::Source<common::v1::SeriesMessage>>> OpenRead(const rpc::Call& call,
                                                                                 const v1::ReadSeriesRequest& request,
                                                                                 const ReadParts& parts) {
  base::Violations violations;
  const ReadQuery query = FromProto(request, violations);
  if (!common::v1::SeriesEncoding_IsValid(request.encoding())) {
    violations.Add("encoding", fmt::format("{} is not an encoding", static_cast<int>(request.encoding())));
  }
  SeriesStreamOptions options{.stored = request.encoding() == common::v1::SERIES_ENCODING_STORED,
                              .from = {},
                              .token = {},
                              .deadline = call.deadline};
  if (options.stored && request.fields_size() > 0) violations.Add("fields", "need the packed encoding");
  const std::string token_query = TokenQuery(request);
  std::optional<Resumed> resumed;
  if (!request.resume_token().empty()) {
    const absl::StatusOr<std::string> cursor = parts.page_tokens.Decode(token_query, request.resume_token());
    if (cursor.ok()) resumed = FromCursor(*cursor);
    if (!resumed) {
      violations.Add("resume_token", "must be that of a message of the same read, with all other fields as they were");
    }
  }
  if (!request.snapshot().empty() && query.snapshot_id.empty()) {
    return violations.ToStatus("invalid read");  // what else is wrong depends on it
  }
  BF_ASSIGN_OR_RETURN(ReadPlan plan, parts.reader.Plan(query, std::move(violations), call.deadline,
                                                       resumed ? resumed->as_of : absl::InfiniteFuture()));
  if (resumed) {
    const ReadPosition& at = resumed->position;
    if (resumed->fingerprint != plan.fingerprint || at.series + (at.begun ? 1 : 0) > plan.series.size()) {
      return base::MakeError(absl::StatusCode::kAborted, "SERIES_MOVED",
                             "a change was just being committed when the read began: read again from the start");
    }
    options.from = resumed->position;
  }
  options.token = [&tokens = parts.page_tokens, token_query, as_of = resumed ? resumed->as_of : plan.as_of,
                   fingerprint = plan.fingerprint](const ReadPosition& at) {
    return tokens.Encode(token_query, ToCursor({as_of, fingerprint, at}));
  };
  return MakeSeriesSource(parts.reader, parts.series, std::move(plan), std::move(options));
}

}  // namespace breadthflow::data
