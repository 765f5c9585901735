#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/columnar/chunk_store.h"
#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "common/rpc/status_bridge.h"
#include "tests/integration/data/data_service_fixture.h"

namespace breadthflow::data {

// Reads of rows that are put straight into the store.
class ReadTest : public DataServiceTest {
 protected:
  using DataServiceTest::DataServiceTest;
  using Message = common::v1::SeriesMessage;

  void Put(const quant::Series& series, const columnar::WriteOptions& options = {}) {
    columnar::ChunkStore store(*database_);
    EXPECT_THAT(store.Put(series, options), testing::IsOk());
  }

  // All messages of a read, or how it failed.
  absl::StatusOr<std::vector<Message>> Messages(const v1::ReadSeriesRequest& request) {
    grpc::ClientContext context;
    const auto reader = stub_->ReadSeries(&context, request);
    std::vector<Message> all;
    Message message;
    while (reader->Read(&message)) all.push_back(message);
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return rpc::FromGrpc(status);
    return all;
  }
};

// Instants of the New York exchange.
inline int64_t CloseOf(absl::CivilDay day) { return *quant::Xnys().SessionClose(day); }

// Bars whose four prices are equal, one for each session from `first` on.
inline quant::Series FlatBars(const std::string& symbol, absl::CivilDay first, const std::vector<double>& closes,
                              quant::PriceBasis basis = quant::PriceBasis::kRaw, const std::string& source = "test") {
  quant::Series bars{.key = {"stock_price", symbol, quant::Timeframe::kDay, source}, .basis = basis};
  for (const quant::Session& session : quant::Xnys().Between(first, quant::Xnys().last_day())) {
    if (bars.size() == closes.size()) break;
    bars.times.push_back(session.close_ns);
  }
  for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, closes);
  bars.Add("volume", std::vector<double>(closes.size(), 100.0));
  return bars;
}

// Splits ("ratio") or dividends ("amount"), each published at the beginning of its ex-date, or so many days before.
inline quant::Series Events(const std::string& resource, const std::string& symbol,
                            const std::vector<std::pair<absl::CivilDay, double>>& events,
                            const std::string& source = "test", int days_before = 0) {
  quant::Series series{.key = {resource, symbol, quant::Timeframe::kTick, source}, .repeats = true};
  std::vector<std::string> dates;
  std::vector<double> values;
  for (const auto& [day, value] : events) {
    series.times.push_back(quant::Xnys().DayStart(day - days_before));
    dates.push_back(std::string(absl::FormatCivilTime(day)));
    values.push_back(value);
  }
  series.Add("ex_date", dates);
  series.Add(resource == "split" ? "ratio" : "amount", values);
  return series;
}

}  // namespace breadthflow::data
