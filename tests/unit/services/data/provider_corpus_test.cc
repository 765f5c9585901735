#include <cctype>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/transient.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/data/provider_cases.h"

// Bodies as providers send them on good and bad days. Each must end in one class, and only the good ones in rows.
namespace breadthflow::data {
namespace {

using quant::Timeframe;
using testing::At;
using testing::Between;
using testing::ClassOf;
using testing::MakeProvider;
using testing::Parse;

struct Case {
  std::string name;
  std::string provider;
  std::string resource;
  Timeframe timeframe;
  std::string symbol;
  int status;
  std::string body;
  std::string expected;    // "OK n", "EMPTY", or a reason
  bool retryable = false;  // of an error
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.provider << ' ' << one.name; }

std::string With(std::string body, const std::string& what, const std::string& by) {
  const size_t at = body.find(what);
  if (at == std::string::npos) return "the corpus itself is wrong: no " + what;
  return body.replace(at, what.size(), by);
}

// Three sessions from Thursday 2020-01-02, asked on the Sunday after.
const char kChart[] =
    R"({"chart":{"result":[{"meta":{"currency":"USD","symbol":"ACME","exchangeName":"NYQ","gmtoffset":-18000,)"
    R"("regularMarketTime":1578344400,"dataGranularity":"1d"},"timestamp":[1577975400,1578061800,1578321000],)"
    R"("events":{"dividends":{"1578061800":{"amount":0.25,"date":1578061800}}},)"
    R"("indicators":{"quote":[{"open":[10,10.5,11],"high":[11,11.5,12],"low":[9,9.5,10],"close":[10.5,11,11.5],)"
    R"("volume":[1000,2000,3000]}],"adjclose":[{"adjclose":[10.25,11,11.5]}]}}],"error":null}})";

const char kAggs[] =
    R"({"ticker":"ACME","queryCount":2,"resultsCount":2,"adjusted":false,"results":[)"
    R"({"v":1.5e+06,"vw":10.2,"o":10,"c":10.5,"h":11,"l":9,"t":1577941200000,"n":10},)"
    R"({"v":1000,"vw":10.9,"o":10.5,"c":11,"h":11.5,"l":9.5,"t":1578027600000,"n":11}],"status":"OK","count":2})";

const char kDaily[] =
    R"j({"Meta Data":{"1. Information":"Daily","2. Symbol":"ACME","5. Time Zone":"US/Eastern"},"Time Series (Daily)":{)j"
    R"("2020-01-03":{"1. open":"10.5","2. high":"11.5","3. low":"9.5","4. close":"11.0","5. volume":"2000"},)"
    R"("2020-01-02":{"1. open":"10.0","2. high":"11.0","3. low":"9.0","4. close":"10.5","5. volume":"1000"}}})";

const char kCsv[] =
    "timestamp,open,high,low,close,volume\r\n2020-01-03,10.5,11.5,9.5,11.0,2000\r\n2020-01-02,10.0,11.0,9.0,10.5,"
    "1000\r\n";

const char kIncome[] =
    R"({"symbol":"ACME","annualReports":[{"fiscalDateEnding":"2018-12-31","reportedCurrency":"USD","totalRevenue":"900"}],)"
    R"("quarterlyReports":[{"fiscalDateEnding":"2019-06-30","reportedCurrency":"USD","totalRevenue":"250","grossProfit":"None"}]})";

const char kFacts[] =
    R"({"cik":1,"facts":{"us-gaap":{"Revenues":{"units":{"USD":[{"start":"2019-01-01","end":"2019-03-31","val":100,)"
    R"("accn":"0001-19-01","fy":2019,"fp":"Q1","form":"10-Q","filed":"2019-05-01"},{"start":"2019-01-01",)"
    R"("end":"2019-03-31","val":90,"accn":"0001-19-02","fy":2019,"fp":"Q1","form":"10-Q/A","filed":"2019-06-01"}]}}}}})";

const char kSeries[] =
    R"({"timeseries":{"result":[{"meta":{"symbol":["ACME"],"type":["quarterlyTotalRevenue"]},"quarterlyTotalRevenue":[)"
    R"(null,{"asOfDate":"2019-06-30","currencyCode":"USD","reportedValue":{"raw":100}}]}],"error":null}})";

const char kTrades[] =
    R"({"results":[{"price":10.5,"size":5,"sip_timestamp":1577975400000000001,"exchange":4,"conditions":[12,37]},)"
    R"({"price":10.6,"size":1,"sip_timestamp":1577975400000000001,"exchange":4}],"status":"OK"})";

const char kHtml[] = "<!DOCTYPE html><html><head><title>Before you continue</title></head><body>cookies?</body></html>";

std::vector<Case> Corpus() {
  const auto day = Timeframe::kDay;
  const auto tick = Timeframe::kTick;
  std::vector<Case> all;
  const auto chart = [&](std::string name, std::string body, std::string expected, bool retryable = false,
                         int status = 200) {
    all.push_back({std::move(name), "yahoo", "stock_price", day, "ACME", status, std::move(body), std::move(expected),
                   retryable});
  };
  chart("three bars", kChart, "OK 3");
  chart("a bar without prices",
        With(With(With(With(kChart, "10.5,11]", "null,11]"), "11.5,12]", "null,12]"), "9.5,10]", "null,10]"),
             "10.5,11,11.5]", "10.5,null,11.5]"),
        "OK 2");
  chart("a bar that still goes on", With(kChart, "1578344400", "1578330000"), "OK 2");
  chart(
      "no bars in the range",
      With(
          With(
              With(kChart, R"("timestamp":[1577975400,1578061800,1578321000],)", ""),
              R"({"open":[10,10.5,11],"high":[11,11.5,12],"low":[9,9.5,10],"close":[10.5,11,11.5],"volume":[1000,2000,3000]})",
              "{}"),
          R"(,"adjclose":[{"adjclose":[10.25,11,11.5]}])", ""),
      "EMPTY");
  chart("cut off", std::string(kChart).substr(0, 400), "MALFORMED_BODY", true);
  chart("empty", "", "MALFORMED_BODY", true);
  chart("consent page", kHtml, "MALFORMED_BODY", true);
  chart("compressed rubbish", std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03garbage", 17), "MALFORMED_BODY",
        true);
  chart("a list", "[1,2,3]", "UNEXPECTED_BODY");
  chart("an empty object", "{}", "UNEXPECTED_BODY");
  chart("something else", R"({"somethingWeird":true})", "UNEXPECTED_BODY");
  chart("NaN literal", With(kChart, "10.5,11]", "NaN,11]"), "MALFORMED_BODY", true);
  chart("overflowing number", With(kChart, "10.5,11]", "1e999,11]"), "MALFORMED_BODY", true);
  chart("negative price", With(kChart, "\"low\":[9,", "\"low\":[-9,"), "INVALID_ROWS");
  chart("zero price", With(kChart, "\"low\":[9,", "\"low\":[0,"), "INVALID_ROWS");
  chart("high below low", With(kChart, "\"high\":[11,", "\"high\":[8,"), "INVALID_ROWS");
  chart("negative volume", With(kChart, "[1000,", "[-1000,"), "INVALID_ROWS");
  chart("a price that is text", With(kChart, "\"open\":[10,", "\"open\":[\"ten\","), "INVALID_ROWS");
  chart("half a bar", With(kChart, "\"open\":[10,", "\"open\":[null,"), "INVALID_ROWS");
  chart("other currency", With(kChart, "\"USD\"", "\"GBp\""), "WRONG_CURRENCY");
  chart("the same bar twice", With(kChart, "1578061800,1578321000]", "1577975400,1578321000]"), "INVALID_ROWS");
  chart("a holiday", With(kChart, "[1577975400,", "[1577889000,"), "INVALID_ROWS");
  chart("a bar of next year", With(With(kChart, "1578321000]", "1609770600]"), "1578344400", "1609794000"),
        "INVALID_ROWS");
  chart("a time that is none", With(kChart, "[1577975400,", "[99999999999999999,"), "UNEXPECTED_BODY");
  chart("more stamps than bars", With(kChart, "1578321000]", "1578321000,1578407400]"), "UNEXPECTED_BODY");
  chart("another symbol", With(kChart, "\"ACME\"", "\"OTHER\""), "UNEXPECTED_BODY");
  chart("other bars than asked for", With(kChart, "\"1d\"", "\"1wk\""), "UNEXPECTED_BODY");
  chart("bars without stamps", With(kChart, R"("timestamp":[1577975400,1578061800,1578321000],)", ""),
        "UNEXPECTED_BODY");
  chart("unknown symbol", R"({"chart":{"result":null,"error":{"code":"Not Found","description":"x"}}})",
        "UNKNOWN_SYMBOL", false, 404);
  chart("a 404 of somebody else", kHtml, "UNEXPECTED_BODY", false, 404);
  chart("a range it does not have", R"({"chart":{"result":null,"error":{"code":"Bad Request","description":"x"}}})",
        "REJECTED", false, 400);
  chart(
      "a range with nothing in it",
      R"j({"chart":{"result":null,"error":{"code":"Bad Request","description":"Data doesn't exist for startDate = 1577836800, endDate = 1578009600"}}})j",
      "EMPTY", false, 400);
  chart("bad crumb", R"({"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}})",
        "UNAUTHENTICATED", false, 401);
  chart("too many requests", "Too Many Requests\r\n", "RATE_LIMITED", true, 429);
  chart("gateway fault", kHtml, "PROVIDER_UNAVAILABLE", true, 502);
  chart("a redirect nobody followed", "", "UNEXPECTED_BODY", false, 302);

  const auto yahoo = [&](std::string name, std::string resource, std::string body, std::string expected) {
    all.push_back(
        {std::move(name), "yahoo", std::move(resource), tick, "ACME", 200, std::move(body), std::move(expected)});
  };
  yahoo("dividends of a chart", "dividend", kChart, "OK 1");
  yahoo("no splits in a chart", "split", kChart, "EMPTY");
  yahoo("a dividend without amount", "dividend", With(kChart, "\"amount\":0.25,", ""), "UNEXPECTED_BODY");
  yahoo("a negative dividend", "dividend", With(kChart, "0.25", "-0.25"), "INVALID_ROWS");
  yahoo("revenue", "revenue", kSeries, "OK 1");
  yahoo("a series without values", "revenue",
        R"({"timeseries":{"result":[{"meta":{"symbol":["ACME"],"type":["quarterlyTotalRevenue"]}}],"error":null}})",
        "EMPTY");
  yahoo("none of the series asked for", "cash_flow", kSeries, "UNEXPECTED_BODY");
  yahoo("revenue that is text", "revenue", With(kSeries, "\"raw\":100", "\"raw\":\"a lot\""), "UNEXPECTED_BODY");

  const auto vantage = [&](std::string name, std::string resource, std::string body, std::string expected,
                           bool retryable = false, int status = 200) {
    all.push_back({std::move(name), "alpha_vantage", resource, resource == "stock_price" ? day : tick, "ACME", status,
                   std::move(body), std::move(expected), retryable});
  };
  vantage("two bars", "stock_price", kDaily, "OK 2");
  vantage("two bars as CSV", "stock_price", kCsv, "OK 2");
  vantage("CSV cut off", "stock_price", std::string(kCsv).substr(0, 100), "MALFORMED_BODY", true);
  vantage("a table of something else", "stock_price", "date,value\n2020-01-02,1\n", "MALFORMED_BODY", true);
  vantage("HTML", "stock_price", kHtml, "MALFORMED_BODY", true);
  vantage("HTML with 503", "stock_price", kHtml, "PROVIDER_UNAVAILABLE", true, 503);
  vantage("note", "stock_price", R"({"Note":"any words"})", "RATE_LIMITED", true);
  vantage("information", "stock_price", R"({"Information":"any words"})", "RATE_LIMITED", true);
  vantage("error message", "stock_price", R"({"Error Message":"any words"})", "UNKNOWN_SYMBOL");
  vantage("error message about the key", "stock_price",
          R"({"Error Message":"the parameter apikey is invalid or missing. Please claim your free API key."})",
          "UNAUTHENTICATED");
  vantage("a premium endpoint", "stock_price",
          R"({"Information":"Thank you! This is a premium endpoint. You may subscribe to any of the premium plans."})",
          "NOT_ENTITLED");
  vantage(
      "a premium parameter", "stock_price",
      R"({"Information":"The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint."})",
      "NOT_ENTITLED");
  vantage(
      "a limit that advertises what is paid for", "stock_price",
      R"({"Information":"Please consider spreading out your free API requests. You may subscribe to any of the premium plans to lift the rate limit and instantly unlock all premium endpoints."})",
      "RATE_LIMITED", true);
  vantage("two notices", "stock_price", R"({"Note":"any words","Information":"more of them"})", "RATE_LIMITED", true);
  vantage("two notices, one of them about money", "stock_price",
          R"({"Information":"any words","Note":"This is a premium endpoint."})", "NOT_ENTITLED");
  vantage("empty object", "revenue", "{}", "UNKNOWN_SYMBOL");
  vantage("nan as text", "stock_price", With(kDaily, "\"10.5\"", "\"nan\""), "INVALID_ROWS");
  vantage("infinity as text", "stock_price", With(kCsv, "10.0,", "inf,"), "INVALID_ROWS");
  vantage("missing price", "stock_price", With(kDaily, "\"10.5\"", "\"None\""), "INVALID_ROWS");
  vantage("high below low", "stock_price", With(kCsv, "11.5,9.5", "9.4,9.5"), "INVALID_ROWS");
  vantage("a day that does not exist", "stock_price", With(kCsv, "2020-01-03", "2020-02-30"), "INVALID_ROWS");
  vantage("a Saturday", "stock_price", With(kCsv, "2020-01-03", "2020-01-04"), "INVALID_ROWS");
  vantage("the same day twice", "stock_price", With(kCsv, "2020-01-03", "2020-01-02"), "INVALID_ROWS");
  vantage("next year", "stock_price", With(kCsv, "2020-01-03", "2021-01-04"), "INVALID_ROWS");
  vantage("another symbol", "stock_price", With(kDaily, "\"ACME\"", "\"OTHER\""), "UNEXPECTED_BODY");
  vantage("another time zone", "stock_price", With(kDaily, "US/Eastern", "Europe/London"), "UNEXPECTED_BODY");
  vantage("revenue", "revenue", kIncome, "OK 2");
  vantage("reports of another symbol", "revenue", With(kIncome, "\"ACME\"", "\"OTHER\""), "UNEXPECTED_BODY");
  vantage("a revenue that is no number", "revenue", With(kIncome, "\"250\"", "\"25O\""), "INVALID_ROWS");
  vantage("splits", "split", "effective_date,split_factor\n2019-11-04,1.0460\n", "OK 1");
  vantage("no splits", "split", R"({"symbol":"ACME","data":[]})", "EMPTY");
  vantage("a split of nothing", "split", "effective_date,split_factor\n2019-11-04,0\n", "INVALID_ROWS");
  vantage(
      "sample options", "option_chain",
      R"({"endpoint":"Realtime Options","message":"any words","data":[{"contractID":"XXYYZZ999999C00020000","symbol":"XXYYZZ","expiration":"2099-99-99","strike":"20.00","type":"call","date":"2020-01-02"}]})",
      "INVALID_ROWS");

  const auto polygon = [&](std::string name, std::string resource, std::string body, std::string expected,
                           bool retryable = false, int status = 200) {
    all.push_back({std::move(name), "polygon", resource, resource == "stock_price" ? day : tick, "ACME", status,
                   std::move(body), std::move(expected), retryable});
  };
  polygon("two bars", "stock_price", kAggs, "OK 2");
  polygon("no bars", "stock_price",
          R"({"ticker":"ACME","queryCount":0,"resultsCount":0,"adjusted":false,"status":"OK"})", "EMPTY");
  polygon("adjusted otherwise", "stock_price", With(kAggs, "\"adjusted\":false", "\"adjusted\":true"),
          "UNEXPECTED_BODY");
  polygon("results missing", "stock_price", R"({"ticker":"ACME","resultsCount":2,"adjusted":false,"status":"OK"})",
          "UNEXPECTED_BODY");
  polygon("cut off", "stock_price", std::string(kAggs).substr(0, 200), "MALFORMED_BODY", true);
  polygon("high below low", "stock_price", With(kAggs, "\"h\":11,", "\"h\":8,"), "INVALID_ROWS");
  polygon("unknown key", "stock_price", R"({"status":"ERROR","error":"any words"})", "UNAUTHENTICATED", false, 401);
  polygon("not entitled", "stock_price", R"({"status":"NOT_AUTHORIZED","message":"any words"})", "NOT_ENTITLED", false,
          403);
  polygon("too many", "stock_price", R"({"status":"ERROR","error":"any words"})", "RATE_LIMITED", true, 429);
  polygon("bad limit", "stock_price", R"({"status":"ERROR","error":"any words"})", "REJECTED", false, 400);
  polygon("unknown ticker", "shares_outstanding", R"({"status":"NOT_FOUND","message":"any words"})", "UNKNOWN_SYMBOL",
          false, 404);
  polygon("two trades of one instant", "trade", kTrades, "OK 2");
  polygon("a trade of nothing", "trade", With(kTrades, "\"size\":5", "\"size\":0"), "INVALID_ROWS");
  polygon("a trade without a time", "trade", With(kTrades, "\"sip_timestamp\":1577975400000000001,", ""),
          "UNEXPECTED_BODY");

  const auto sec = [&](std::string name, std::string body, std::string expected, bool retryable = false,
                       int status = 200) {
    all.push_back({std::move(name), "sec_edgar", "revenue", tick, "ACME", status, std::move(body), std::move(expected),
                   retryable});
  };
  sec("a quarter and its restatement", kFacts, "OK 2");
  sec("facts of other things", R"({"cik":1,"facts":{"dei":{}}})", "EMPTY");
  sec("a fact without a filing", With(kFacts, "\"accn\":\"0001-19-01\",", ""), "UNEXPECTED_BODY");
  sec("no such company", "<?xml version=\"1.0\"?><Error/>", "UNKNOWN_SYMBOL", false, 404);
  sec("undeclared tool", kHtml, "NOT_ENTITLED", false, 403);
  return all;
}

class ProviderCorpus : public ::testing::TestWithParam<Case> {};

TEST_P(ProviderCorpus, EndsInItsClass) {
  const Case& one = GetParam();
  const auto source = MakeProvider(one.provider);
  const SourceQuery query{one.resource, one.symbol, one.timeframe, Between("2015-01-01", "2030-01-01")};
  const RawBody body{.bytes = one.body, .http_status = one.status, .received = At("2020-01-06T21:10:00Z")};
  const auto data = Parse(*source, query, body);
  EXPECT_EQ(ClassOf(data), one.expected) << data.status();
  if (data.ok()) {
    EXPECT_THAT(data->series.Validate(), breadthflow::testing::IsOk());
    EXPECT_EQ(data->labels.size(), data->series.size());
  } else {
    EXPECT_EQ(base::IsTransient(data.status()), one.retryable) << data.status();
  }
}

INSTANTIATE_TEST_SUITE_P(All, ProviderCorpus, ::testing::ValuesIn(Corpus()), [](const auto& test) {
  std::string name = test.param.provider + "_" + test.param.resource + "_" + test.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name + "_" + std::to_string(test.index);
});

}  // namespace
}  // namespace breadthflow::data
