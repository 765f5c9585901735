// What ReadSeries may take: bytes of a message, memory and time of readers that do not read.
#include <algorithm>
#include <fstream>
#include <random>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"
#include "services/data/app/reader.h"
#include "services/data/rpc/series_pieces.h"
#include "tests/integration/data/read_fixture.h"
#include "tests/support/scale.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using testing::IsOk;
using testing::StatusIs;

class ReadLimits : public ReadTest {};

class ImpatientReadTest : public ReadTest {
 protected:
  static rpc::GuardOptions Impatient() {
    rpc::GuardOptions options;
    options.slow_reader_timeout = absl::Seconds(testing::AtScale(3, 30));
    return options;
  }
  ImpatientReadTest() : ReadTest(Impatient()) {}
};

// Text that hardly compresses.
std::string Noise(std::mt19937& random, size_t size) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('!' + random() % 90);
  return text;
}

// `instants` times of `each` rows whose headline has `bytes`.
Series News(const std::string& symbol, int instants, int each, size_t bytes) {
  std::mt19937 random(5);
  Series news{.key = {"news_sentiment", symbol, quant::Timeframe::kTick, "test"}, .repeats = true};
  std::vector<double> scores;
  std::vector<std::string> headlines, extras;
  for (int i = 0; i < instants * each; ++i) {
    news.times.push_back(1'600'000'000'000'000'000 + i / each * int64_t{1'000'000'000});
    scores.push_back(static_cast<double>(random() % 100) / 100.0);
    headlines.push_back(Noise(random, bytes));
    extras.push_back(Noise(random, 1 + random() % 40));
  }
  news.Add("score", scores);
  news.Add("headline", headlines);
  news.Add("test.extra", extras);
  return news;
}

Series Rows(const std::vector<common::v1::SeriesMessage>& messages) {
  Series all;
  for (const common::v1::SeriesMessage& message : messages) {
    if (message.has_first_of()) all.repeats = message.repeated_times();
    if (message.has_packed()) {
      const auto rows = rpc::FromProto(message.packed(), all.repeats);
      EXPECT_THAT(rows, IsOk());
      if (all.empty()) {
        all = *rows;
      } else {
        EXPECT_THAT(quant::Append(all, *rows), IsOk());
      }
    } else if (!message.stored().empty()) {
      EXPECT_THAT(columnar::AppendChunk(message.stored(), {}, {}, all), IsOk());
    }
  }
  return all;
}

TEST_F(ReadLimits, NoMessageIsLargerThanAMebibyteHoweverWideTheRows) {
  const std::vector<Series> wide = {News("WIDE", 300, 3, 6000), News("HUGE", 4, 5, 100'000)};
  for (const Series& series : wide) {
    Put(series);
    v1::ReadSeriesRequest request;
    request.set_resource("news_sentiment");
    request.add_symbols(series.key.symbol);
    for (const auto encoding : {common::v1::SERIES_ENCODING_PACKED, common::v1::SERIES_ENCODING_STORED}) {
      for (const bool joined : {false, true}) {
        request.set_encoding(encoding);
        request.clear_joins();
        if (joined) {
          v1::AsOfJoin& join = *request.add_joins();
          join.set_resource("news_sentiment");
          join.add_fields("label");
        }
        BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(request));
        EXPECT_GE(messages.size(), 4u);
        for (const common::v1::SeriesMessage& message : messages) EXPECT_LE(message.ByteSizeLong(), size_t{1} << 20);
        const Series rows = Rows(messages);
        EXPECT_EQ(rows.times, series.times);
        EXPECT_EQ(rows.Find("headline")->values, series.Find("headline")->values);
        EXPECT_EQ(rows.Find("test.extra")->values, series.Find("test.extra")->values);
      }
    }
  }
}

TEST_F(ReadLimits, RowsOfOneInstantThatFitNoMessageAreAnErrorWithTheLimit) {
  Put(News("MANY", 3, 60, 30'000));
  v1::ReadSeriesRequest request;
  request.set_resource("news_sentiment");
  request.add_symbols("MANY");
  for (const auto encoding : {common::v1::SERIES_ENCODING_PACKED, common::v1::SERIES_ENCODING_STORED}) {
    request.set_encoding(encoding);
    const auto refused = Messages(request);
    ASSERT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE"));
    EXPECT_EQ(base::DetailsOf(refused.status()).metadata.at("limit_bytes"), "1048576");
  }
  request.set_encoding(common::v1::SERIES_ENCODING_PACKED);
  request.add_fields("score");
  EXPECT_THAT(Messages(request), IsOk()) << "fewer columns fit";
}

TEST_F(ReadLimits, ARequestAboveItsLimitIsToldTheLimit) {
  v1::ReadSeriesRequest request;
  request.add_symbols(std::string(5 << 20, 'A'));
  const auto refused = Messages(request);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "MESSAGE_TOO_LARGE"));
  EXPECT_EQ(base::DetailsOf(refused.status()).metadata.at("limit_bytes"), "4194304");
}

TEST(SeriesPieces, BarsGoOutChunkByChunkAndWideRowsInPiecesThatKeepInstantsTogether) {
  const Series bars = FlatBars("AAA", absl::CivilDay(1995, 1, 1), std::vector<double>(8000, 1.0));
  EXPECT_EQ(PieceEnd(bars, 0), 8000u);
  const Series news = News("WIDE", 300, 3, 6000);
  size_t pieces = 0;
  for (size_t begin = 0; begin < news.size(); ++pieces) {
    const size_t end = PieceEnd(news, begin);
    ASSERT_GT(end, begin);
    EXPECT_EQ(end % 3, 0u);
    EXPECT_LE((end - begin) * 6000, kWholeBytes);
    begin = end;
  }
  EXPECT_GT(pieces, 10u);
  EXPECT_LT(pieces, 40u);
}

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

Series Minutes(const std::string& symbol, int rows) {
  Series bars{.key = {"stock_price", symbol, quant::Timeframe::kMin1, "test"}, .basis = quant::PriceBasis::kRaw};
  std::vector<double> values;
  for (int i = 0; i < rows; ++i) {
    bars.times.push_back(1'000'000'000'000'000'000 + i * int64_t{60'000'000'000});
    values.push_back(100 + i % 977 / 100.0);
  }
  for (const char* name : {"open", "high", "low", "close", "volume"}) bars.Add(name, values);
  return bars;
}

// B8: what a long export takes does not grow with it. What is promised, of ten years of daily bars of 5,000 symbols
// (12.6 M), is tried with BF_REL_SCALE=release; a fifth of it is 115 MB on the wire.
TEST_F(ReadLimits, ALongExportTakesLittleMemory) {
  const int kSymbols = testing::AtScale(12, 63);
  constexpr int kRows = 200'000;
  v1::ReadSeriesRequest request;
  request.set_timeframe(common::v1::TIMEFRAME_1MIN);
  for (int i = 0; i < kSymbols; ++i) {
    Put(Minutes("S" + std::to_string(i), kRows));
    request.add_symbols("S" + std::to_string(i));
  }
  v1::ReadSeriesRequest first = request;
  first.mutable_symbols()->DeleteSubrange(1, kSymbols - 1);
  ASSERT_THAT(Messages(first), IsOk());
  const int64_t before = ResidentBytes();
  int64_t most = 0;
  int64_t bytes = 0;
  int64_t rows = 0;
  grpc::ClientContext context;
  const auto reader = stub_->ReadSeries(&context, request);
  common::v1::SeriesMessage message;
  while (reader->Read(&message)) {
    rows += message.packed().times_unix_ns_size();
    bytes += static_cast<int64_t>(message.ByteSizeLong());
    most = std::max(most, ResidentBytes() - before);
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(rows, int64_t{kSymbols} * kRows);
  EXPECT_GT(bytes, int64_t{100} << 20) << "else it would not show";
  std::printf("%lld bars, %lld MB: at most %lld MB more, of server and reader\n", static_cast<long long>(rows),
              static_cast<long long>(bytes >> 20), static_cast<long long>(most >> 20));
  if (!testing::kMemoryTells) GTEST_SKIP() << "the memory of a run with a sanitizer says nothing of what is kept";
  EXPECT_LE(most, int64_t{64} << 20);
}

class MadeRowsTest : public ReadTest {
 protected:
  MadeRowsTest() {
    Put(Minutes("LONG", kRows));
    Put(Events("split", "LONG", {{absl::CivilDay(2001, 10, 1), 2.0}}));
  }

  // The bars, adjusted, which are not as they are stored, by a reader of its own.
  absl::StatusOr<ReadRows> Adjusted(Reader& reader) {
    ReadQuery query{.symbols = {"LONG"}, .timeframe = quant::Timeframe::kMin1};
    query.shape.adjustment = Adjustment::kSplit;
    BF_ASSIGN_OR_RETURN(const ReadPlan plan, reader.Plan(query, {}, absl::InfiniteFuture()));
    return reader.Read(plan, 0, absl::InfiniteFuture());
  }

  static constexpr int kRows = 200'000;
  static constexpr int64_t kBytes = int64_t{kRows} * 6 * 8;
  ResourceStore resources_{*database_};
  SeriesStore series_{*database_};
  CoverageStore coverage_{*database_};
  SnapshotStore snapshots_{*database_};
};

TEST_F(MadeRowsTest, ASeriesThatDoesNotFitIsRefusedBeforeItIsInMemory) {
  Reader reader(*database_, resources_, series_, coverage_, snapshots_, clock_,
                {.series_bytes = kBytes / 2, .all_bytes = 4 * kBytes});
  const auto refused = Adjusted(reader);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "READ_TOO_LARGE"));
  EXPECT_EQ(base::DetailsOf(refused.status()).metadata.at("limit_bytes"), std::to_string(kBytes / 2));
}

TEST_F(MadeRowsTest, ReadsAtWorkShareTheirMemoryAndGiveItBack) {
  Reader reader(*database_, resources_, series_, coverage_, snapshots_, clock_,
                {.series_bytes = 2 * kBytes, .all_bytes = kBytes * 3 / 2});
  {
    BF_ASSERT_OK_AND_ASSIGN(const ReadRows held, Adjusted(reader));
    EXPECT_EQ(held.rows.size(), static_cast<size_t>(kRows));
    EXPECT_EQ(held.rows.basis, quant::PriceBasis::kSplitAdjusted);
    const auto busy = Adjusted(reader);
    ASSERT_THAT(busy, StatusIs(absl::StatusCode::kResourceExhausted, "READS_BUSY"));
    EXPECT_TRUE(base::DetailsOf(busy.status()).retry_after.has_value());
  }
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Adjusted(reader), IsOk()) << "what was held is given back";
}

// The time that one call in a hundred exceeds; `calls` is not empty.
absl::Duration SlowestPercent(std::vector<absl::Duration> calls) {
  std::sort(calls.begin(), calls.end());
  return calls[calls.size() - 1 - calls.size() / 100];
}

// B9: readers that take nothing cost a bounded amount, hold up nobody and are sent away. What is promised, of 100 of
// them, 30 seconds and 50 calls a second, is tried with BF_REL_SCALE=release.
TEST_F(ImpatientReadTest, ReadersThatDoNotReadAreCancelledAndCostLittle) {
  const int kReaders = testing::AtScale(40, 100);
  const int kCallsBefore = testing::AtScale(50, 1000);
  const Series bars = Minutes("LONG", 400'000);
  Put(bars);
  v1::ReadSeriesRequest request;
  request.add_symbols("LONG");
  request.set_timeframe(common::v1::TIMEFRAME_1MIN);
  const std::string target = "127.0.0.1:" + std::to_string(server_->port());
  struct Reader {
    std::unique_ptr<v1::DataService::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<common::v1::SeriesMessage>> stream;
  };
  const auto call = [&]() -> absl::Duration {
    v1::GetResourceRequest get;
    get.set_name("resources/stock_price");
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::Resource resource;
    const absl::Time begin = absl::Now();
    EXPECT_TRUE(stub_->GetResource(&context, get, &resource).ok());
    const absl::Duration took = absl::Now() - begin;
    absl::SleepFor(absl::Milliseconds(20));
    return took;
  };
  std::vector<absl::Duration> undisturbed;
  for (int i = 0; i < kCallsBefore; ++i) undisturbed.push_back(call());
  const int64_t before = ResidentBytes();
  std::vector<Reader> readers(kReaders);
  for (Reader& reader : readers) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    reader.stub =
        v1::DataService::NewStub(grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
    reader.stream = reader.stub->ReadSeries(&reader.context, request);
  }
  std::vector<absl::Duration> beside;
  int64_t most = 0;
  const absl::Time opened = absl::Now();
  // As long as some are open: each waits until its reader is given up.
  while (beside.empty() || guard_.streams_open() > 0) {
    beside.push_back(call());
    most = std::max(most, ResidentBytes() - before);
    ASSERT_LT(beside.size(), 3000u) << "readers are never given up";
  }
  const absl::Duration given_up = absl::Now() - opened;
  EXPECT_LT(*std::max_element(beside.begin(), beside.end()), absl::Seconds(1));
  if (kCallsBefore >= 1000) {
    EXPECT_LE(SlowestPercent(beside), std::max(2 * SlowestPercent(undisturbed), absl::Milliseconds(5)));
  }
  for (Reader& reader : readers) {
    common::v1::SeriesMessage message;
    int64_t rows = 0;
    while (reader.stream->Read(&message)) rows += message.packed().times_unix_ns_size();
    EXPECT_FALSE(reader.stream->Finish().ok());
    EXPECT_LT(rows, static_cast<int64_t>(bars.size())) << "it was cut off, not finished";
  }
  std::printf(
      "%d stalled readers: all given up after %s, at most %lld MB more; of %zu calls beside them 99 %% within %s "
      "(%s before)\n",
      kReaders, absl::FormatDuration(given_up).c_str(), static_cast<long long>(most >> 20), beside.size(),
      absl::FormatDuration(SlowestPercent(beside)).c_str(), absl::FormatDuration(SlowestPercent(undisturbed)).c_str());
  if (!testing::kMemoryTells) GTEST_SKIP() << "the memory of a run with a sanitizer says nothing of what is kept";
  EXPECT_LT(most, int64_t{kReaders} * (8 << 20) * 11 / 10) << "one read is 19 MB";
}

}  // namespace
}  // namespace breadthflow::data
