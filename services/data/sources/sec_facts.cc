#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/row_builder.h"
#include "services/data/sources/sec_edgar.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "sec_edgar";

using Said = std::map<size_t, double>;  // by place in a column's list of concepts, best first

// What one filing says about one period.
struct Filed {
  std::string period_start;  // empty: an instant
  std::string period_end;
  std::string filed;
  std::string accession;
  std::string form;
  std::string fiscal_period;
  std::optional<int64_t> fiscal_year;
  std::map<std::string_view, Said> said;      // by column
  std::map<std::string_view, double> values;  // by column: what its row has
};

// What is known of a column of a period, and which of its concepts say so.
struct Known {
  double value;
  std::set<size_t> by;
};

bool IsCurrency(std::string_view unit) {
  return unit.size() == 3 && std::all_of(unit.begin(), unit.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

const Json* ConceptOf(const Json& facts, std::string_view name) {
  const size_t colon = name.find(':');
  return Member(Member(Member(facts, name.substr(0, colon)), name.substr(colon + 1)), "units");
}

// The currency that most amounts are in.
std::string CurrencyOf(const Json& facts, const std::vector<Concept>& concepts) {
  std::map<std::string, size_t> counts;
  const auto count = [&](std::string_view name) {
    const Json* units = ConceptOf(facts, name);
    if (units == nullptr || !units->is_object()) return;
    for (const auto& [unit, values] : units->items()) {
      if (IsCurrency(unit)) counts[unit] += values.size();
    }
  };
  for (const Concept& one : concepts) {
    std::for_each(one.names.begin(), one.names.end(), count);
    std::for_each(one.instead.begin(), one.instead.end(), count);
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

bool Fits(std::string_view column, std::string_view unit, std::string_view currency) {
  if (column.starts_with("eps_"))
    return unit == fmt::format("{}/shares", currency) || (currency.empty() && unit.ends_with("/shares"));
  if (column.starts_with("shares")) return column == "share_repurchases" ? unit == currency : unit == "shares";
  return unit == currency;
}

// quarter, half, nine_months or annual by the days from first to last; empty for other lengths. Companies that count in
// weeks have quarters of 12 to 17 weeks, and three of them in 36 to 41.
std::string_view LengthOf(const std::string& start, const std::string& end) {
  const auto days = *ParseDay(end) - *ParseDay(start) + 1;
  if (days >= 75 && days <= 119) return "quarter";
  if (days >= 165 && days <= 200) return "half";
  if (days >= 250 && days <= 290) return "nine_months";
  if (days >= 340 && days <= 380) return "annual";
  return "";
}

using Key = std::tuple<std::string, std::string, std::string>;  // accession, start, end

absl::Status ReadConcept(std::string_view column, size_t place, const Json& values, std::map<Key, Filed>& filings) {
  if (!values.is_array()) return UnexpectedBody(kName, "a unit without a list of facts");
  for (const Json& fact : values) {
    Filed filed{.period_start = TextMember(&fact, "start"),
                .period_end = TextMember(&fact, "end"),
                .filed = TextMember(&fact, "filed"),
                .accession = TextMember(&fact, "accn"),
                .form = TextMember(&fact, "form"),
                .fiscal_period = TextMember(&fact, "fp"),
                .fiscal_year = std::nullopt,
                .said = {},
                .values = {}};
    const Json* value = Member(fact, "val");
    if (!ParseDay(filed.period_end) || !ParseDay(filed.filed) || filed.accession.empty() || value == nullptr ||
        !value->is_number() || (!filed.period_start.empty() && !ParseDay(filed.period_start))) {
      return UnexpectedBody(kName, "a fact without value, period, filing or date of filing");
    }
    if (const Json* year = Member(fact, "fy"); year != nullptr && year->is_number_integer())
      filed.fiscal_year = year->get<int64_t>();
    Key key{filed.accession, filed.period_start, filed.period_end};
    filings.try_emplace(std::move(key), std::move(filed))
        .first->second.said[column]
        .try_emplace(place, value->get<double>());
  }
  return absl::OkStatus();
}

void AddRow(const SourceQuery& query, const Filed& filed, std::string_view length, bool own_period,
            const std::string& currency, RowBuilder& rows) {
  rows.Begin(quant::NewYorkInstant(absl::CivilSecond(*ParseDay(filed.filed)) + int64_t{22} * 3600),
             fmt::format("{} {}", filed.accession, filed.period_end));
  rows.Set("period_end", filed.period_end);
  rows.Set("accession", filed.accession);
  for (const auto& [column, value] : filed.values) rows.Set(column, value);
  if (query.resource == "shares_outstanding") return;
  rows.Set("period", std::string(length));
  rows.SetText("period_start", filed.period_start);
  rows.SetText("currency", currency);
  rows.SetText("form", filed.form);
  // What a filing calls its year and period is that of its own period, not of the earlier ones beside it.
  if (!own_period) return;
  if (filed.fiscal_year) rows.Set("fiscal_year", *filed.fiscal_year);
  const std::string& period = filed.fiscal_period;
  if (length == "annual" && period == "FY") rows.Set("fiscal_period", period);
  if (length == "quarter" && period.starts_with('Q') && period.size() == 2) rows.Set("fiscal_period", period);
  if (length == "half" && period == "Q2") rows.Set("fiscal_period", std::string("H1"));
}

// The values of the concept at `place` of a column's list, in the units of the column.
absl::Status ReadUnits(const Json& facts, std::string_view column, size_t place, std::string_view name,
                       const std::string& currency, std::map<Key, Filed>& filings) {
  const Json* units = ConceptOf(facts, name);
  if (units == nullptr) return absl::OkStatus();
  if (!units->is_object()) return UnexpectedBody(kName, "a concept without units");
  for (const auto& [unit, values] : units->items()) {
    if (Fits(column, unit, currency)) BF_RETURN_IF_ERROR(ReadConcept(column, place, values, filings));
  }
  return absl::OkStatus();
}

using Filings = std::vector<Filed*>::const_iterator;

// Leaves of the periods of one filing what can stand in a column. `differed`: the concepts that a filing so far had
// beside a better one with another number.
void LeaveOutNear(const Concept& column, Filings first, Filings last, std::set<size_t>& differed) {
  bool named = false;
  for (auto one = first; one != last; ++one) {
    const Said& said = (*one)->said[column.column];
    named = named || (!said.empty() && said.begin()->first < column.names.size());
    for (const auto& [place, value] : said) {
      if (value != said.begin()->second) differed.insert(place);
    }
  }
  for (auto one = first; one != last; ++one) {
    std::erase_if((*one)->said[column.column], [&](const auto& entry) {
      return entry.first >= column.names.size() && (named || differed.contains(entry.first));
    });
  }
}

// Takes what a filing says of a period into what is known of it, and into its row; whether any of it is news.
bool Learn(Filed& filed, std::map<std::string_view, Known>& known) {
  bool news = false;
  for (const auto& [column, said] : filed.said) {
    if (said.empty()) continue;
    const auto [at, fresh] = known.try_emplace(column, Known{said.begin()->second, {}});
    Known& now = at->second;
    const auto again =
        std::find_if(said.begin(), said.end(), [&](const auto& entry) { return now.by.contains(entry.first); });
    const bool restated = again != said.end() && again->second != now.value;
    if (restated) now = {again->second, {}};
    news = news || fresh || restated;
    for (const auto& [place, value] : said) {
      if (value == now.value) {
        now.by.insert(place);
        filed.values[column] = value;
      } else {
        now.by.erase(place);
      }
    }
  }
  return news;
}

}  // namespace

absl::StatusOr<SourceData> ParseCompanyFacts(const SourceQuery& query, const RawBody& body) {
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, body.bytes));
  const Json* facts = Member(document, "facts");
  if (facts == nullptr || !facts->is_object()) return UnexpectedBody(kName, "no company facts");
  const std::vector<Concept>& concepts = ConceptsOf(query.resource);
  const std::string currency = CurrencyOf(*facts, concepts);
  const bool instant = query.resource == "balance_sheet" || query.resource == "shares_outstanding";

  std::map<Key, Filed> filings;
  for (const Concept& one : concepts) {
    size_t place = 0;
    for (const auto* names : {&one.names, &one.instead}) {
      for (const std::string_view name : *names) {
        BF_RETURN_IF_ERROR(ReadUnits(*facts, one.column, place++, name, currency, filings));
      }
    }
  }
  std::map<std::string, std::string> last_period;  // of each filing
  std::vector<Filed*> order;
  for (auto& [key, filed] : filings) {
    if (filed.period_start.empty() != instant) continue;  // a balance within a flow, or the reverse
    std::string& last = last_period[filed.accession];
    last = std::max(last, filed.period_end);
    order.push_back(&filed);
  }
  std::sort(order.begin(), order.end(), [](const Filed* a, const Filed* b) {
    return std::tie(a->filed, a->accession, a->period_end, a->period_start) <
           std::tie(b->filed, b->accession, b->period_end, b->period_start);
  });
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  std::map<std::string_view, std::set<size_t>> differed;
  std::map<std::pair<std::string, std::string>, std::map<std::string_view, Known>> known;
  for (auto first = order.cbegin(); first != order.cend();) {
    const auto last =
        std::find_if(first, order.cend(), [&](const Filed* filed) { return filed->accession != (*first)->accession; });
    for (const Concept& one : concepts) LeaveOutNear(one, first, last, differed[one.column]);
    for (; first != last; ++first) {
      Filed& filed = **first;
      const std::string label = fmt::format("{} {}", filed.accession, filed.period_end);
      const std::string_view length = instant ? "instant" : LengthOf(filed.period_start, filed.period_end);
      if (length.empty()) {
        rows.LeaveOut("period that is no quarter, half, nine months or year", label);
      } else if (Learn(filed, known[{filed.period_start, filed.period_end}])) {
        if (query.resource == "shares_outstanding" && filed.values.begin()->second <= 0) {
          rows.LeaveOut("not a number of shares", label);
        } else {
          AddRow(query, filed, length, filed.period_end == last_period[filed.accession], currency, rows);
        }
      }
    }
  }
  return std::move(rows).Finish(kName);
}

absl::StatusOr<std::map<std::string, int64_t>> ParseCompanyTickers(std::string_view page) {
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
  std::map<std::string, int64_t> keys;
  for (const Json& company : document) {
    const std::string ticker = TextMember(&company, "ticker");
    const Json* key = Member(company, "cik_str");
    if (ticker.empty() || key == nullptr || !key->is_number_integer())
      return UnexpectedBody(kName, "a company without ticker or key");
    keys.try_emplace(ticker, key->get<int64_t>());
  }
  if (keys.empty()) return UnexpectedBody(kName, "no companies");
  return keys;
}

}  // namespace breadthflow::data
