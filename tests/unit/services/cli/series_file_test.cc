#include "services/cli/series_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "services/cli/import_files.h"
#include "services/cli/output_file.h"
#include "services/cli/series_reader.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using testing::IsOk;
using testing::StatusIs;

common::v1::SeriesMessage Message(const char* text) {
  common::v1::SeriesMessage message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

common::v1::SeriesMessage Apple() {
  return Message(R"pb(
    packed {
      key { symbol: "AAPL" }
      times_unix_ns: [ 0, 1500000001 ]
      columns {
        name: "close"
        double_values: [ 0.1, 0 ]
        missing_rows: 1
      }
      columns {
        name: "count"
        int_values: [ 7, -8 ]
      }
      columns {
        name: "note"
        text_values: [ "say \"yes\", twice", "" ]
      }
    })pb");
}
common::v1::SeriesMessage Other(const char* column) {
  auto message = Message(R"pb(packed {
                                key { symbol: "MSFT" }
                                times_unix_ns: 0
                                columns { double_values: 57.29999923706055 }
                              })pb");
  message.mutable_packed()->mutable_columns(0)->set_name(column);
  return message;
}

class SeriesFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("series_file_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  static std::string Get(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static std::string Written(SeriesFormat format, const std::vector<common::v1::SeriesMessage>& messages,
                             std::vector<std::string> columns = {}) {
    std::ostringstream out;
    SeriesWriter writer(out, format, std::move(columns));
    for (const auto& message : messages) EXPECT_THAT(writer.Take(message), IsOk());
    writer.End();
    return out.str();
  }
  // All messages of a file of that text.
  absl::StatusOr<std::vector<common::v1::SeriesMessage>> Read(SeriesFormat format, const std::string& text) const {
    Put("file", text);
    BF_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesReader> reader, SeriesReader::Open(Path("file"), format, kTypes));
    std::vector<common::v1::SeriesMessage> all;
    common::v1::SeriesMessage message;
    while (true) {
      BF_ASSIGN_OR_RETURN(const bool more, reader->Next(message));
      if (!more) return all;
      all.push_back(message);
    }
  }
  static std::vector<std::string> Said(const absl::Status& status) {
    std::vector<std::string> said;
    for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
      said.push_back(one.field.substr(one.field.rfind('/') + 1) + ": " + one.description);
    }
    return said;
  }

  const ColumnTypes kTypes = {
      {"close", quant::ColumnType::kDouble}, {"count", quant::ColumnType::kInt64}, {"note", quant::ColumnType::kText}};
  std::filesystem::path folder_;
};

TEST_F(SeriesFile, CsvKeepsNumbersExactAndTellsMissingFromEmpty) {
  EXPECT_EQ(Written(SeriesFormat::kCsv, {Apple(), Other("close")}),
            "symbol,time,resource,timeframe,price_basis,close,count,note\n"
            "AAPL,1970-01-01T00:00:00Z,,,,0.1,7,\"say \"\"yes\"\", twice\"\n"
            "AAPL,1970-01-01T00:00:01.500000001Z,,,,,-8,\"\"\n"
            "MSFT,1970-01-01T00:00:00Z,,,,57.29999923706055,,\n");
  EXPECT_EQ(Written(SeriesFormat::kCsv, {}), "symbol,time,resource,timeframe,price_basis\n");
}

TEST_F(SeriesFile, EveryRowOfATextSaysWhatItIs) {
  auto minutes = Other("close");
  minutes.mutable_packed()->add_times_unix_ns(60'000'000'000);
  minutes.mutable_packed()->mutable_columns(0)->add_double_values(58);
  *minutes.mutable_first_of() =
      Message(R"pb(first_of { resource: "stock_price" symbol: "MSFT" timeframe: TIMEFRAME_1MIN })pb").first_of();
  minutes.set_basis(common::v1::PRICE_BASIS_SPLIT);
  const std::string csv = Written(SeriesFormat::kCsv, {minutes});
  EXPECT_EQ(csv,
            "symbol,time,resource,timeframe,price_basis,close\n"
            "MSFT,1970-01-01T00:00:00Z,stock_price,1min,split,57.29999923706055\n"
            "MSFT,1970-01-01T00:01:00Z,stock_price,1min,split,58.0\n");
  const std::string json = Written(SeriesFormat::kJsonLines, {minutes});
  EXPECT_EQ(json.substr(0, json.find('\n')),
            R"({"symbol":"MSFT","time":"1970-01-01T00:00:00Z","resource":"stock_price","timeframe":"1min",)"
            R"("price_basis":"split","close":57.29999923706055})");
  for (const auto& [format, text] : {std::pair(SeriesFormat::kCsv, csv), std::pair(SeriesFormat::kJsonLines, json)}) {
    const auto read = Read(format, text);
    ASSERT_THAT(read, IsOk());
    ASSERT_EQ(read->size(), 1u);
    const common::v1::ColumnarBatch& rows = read->at(0).packed();
    EXPECT_EQ(rows.key().timeframe(), common::v1::TIMEFRAME_1MIN);
    EXPECT_EQ(rows.key().resource(), "stock_price");
    EXPECT_EQ(rows.basis(), common::v1::PRICE_BASIS_SPLIT);
    EXPECT_EQ(rows.columns_size(), 1) << "what rows are is no column of theirs";
    const auto said = DescriptionOf(Path("file"), format);
    ASSERT_THAT(said, IsOk());
    EXPECT_EQ(said->first_of().timeframe(), common::v1::TIMEFRAME_1MIN);
    EXPECT_EQ(said->basis(), common::v1::PRICE_BASIS_SPLIT);
  }
  Put("plain", "symbol,time,close\nA,2020-01-01T00:00:00Z,1\n");
  EXPECT_FALSE(DescriptionOf(Path("plain"), SeriesFormat::kCsv)->has_first_of()) << "a file of other writers";
}

TEST_F(SeriesFile, RowsOfTwoKindsInOneTextAreRefused) {
  const auto read = Read(SeriesFormat::kCsv,
                         "symbol,time,timeframe,close\nA,2020-01-01T00:00:00Z,1min,1\nA,2020-01-02T00:00:00Z,1day,1\n"
                         "A,2020-01-03T00:00:00Z,1min,1\nA,2020-01-04T00:00:00Z,,1\n");
  EXPECT_THAT(
      Said(read.status()),
      ::testing::ElementsAre("file:3: timeframe is '1day', but '1min' in the first row: a file has rows of one kind",
                             "file:5: timeframe is '', but '1min' in the first row: a file has rows of one kind"));
  EXPECT_THAT(Said(Read(SeriesFormat::kCsv, "symbol,time,timeframe\nA,2020-01-01T00:00:00Z,3min\n").status()),
              ::testing::ElementsAre(::testing::HasSubstr("file:2: timeframe must be one of")));
}

TEST_F(SeriesFile, EveryMistakeOfATextIsNamed) {
  EXPECT_THAT(Said(Read(SeriesFormat::kCsv,
                        "symbol,time,close,count\nA,2020-01-01T00:00:00Z,x,1.5\nA,2020-01-02T00:00:00Z,1,1\n"
                        "A,2020-01-03T00:00:00Z,1\nA,soon,1,1\n")
                       .status()),
              ::testing::ElementsAre("file:2: close must be a number, was 'x'", "file:2: count must be a whole number",
                                     "file:4: expected 4 cells, found 3",
                                     ::testing::HasSubstr("file:5: the time must be an instant")));
  EXPECT_THAT(
      Said(Read(SeriesFormat::kJsonLines,
                "{\"symbol\":\"A\",\"time\":\"2020-01-01T00:00:00Z\",\"close\":\"x\"}\n[]\n\n"
                "{\"symbol\":\"A\",\"time\":7}\n{\"symbol\":\"A\",\"time\":\"2020-01-01T00:00:00Z\",\"count\":{}}\n")
               .status()),
      ::testing::ElementsAre("file:1: close must be a number", "file:2: must be a JSON object",
                             "file:4: must have a text \"time\"", "file:5: count must be a number, a text or null"));
  std::string many = "symbol,time,close\n";
  for (int i = 0; i < 150; ++i) many += "A,never,1\n";
  const auto said = Said(Read(SeriesFormat::kCsv, many).status());
  ASSERT_EQ(said.size(), 101u);
  EXPECT_EQ(said.back(), "file: and 50 more violations");
}

TEST_F(SeriesFile, APackedFileComesBackEqualAndACutOneIsRefused) {
  const std::string text = Written(SeriesFormat::kCsv, {Apple()});
  {
    const auto file = OutputFile::Open(Path("a.csv.gz"), true);
    ASSERT_THAT(file, IsOk());
    (*file)->stream() << text;
    ASSERT_THAT((*file)->Finish(), IsOk());
    EXPECT_EQ((*file)->bytes(), static_cast<int64_t>(std::filesystem::file_size(Path("a.csv.gz"))));
  }
  const std::string packed = Get(Path("a.csv.gz"));
  EXPECT_EQ(packed.substr(0, 2), "\x1f\x8b");
  EXPECT_TRUE(IsSeriesCsv(Path("a.csv.gz")));
  const auto read = Read(SeriesFormat::kCsv, packed);
  ASSERT_THAT(read, IsOk());
  const auto plain = Read(SeriesFormat::kCsv, text);
  ASSERT_THAT(plain, IsOk());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read->at(0), plain->at(0)));
  EXPECT_THAT(Read(SeriesFormat::kCsv, packed.substr(0, packed.size() - 12)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_FILE"));
}

TEST_F(SeriesFile, TheEndOfANameTellsTheFormat) {
  EXPECT_EQ(KnownFormat("/x/a.csv.gz"), SeriesFormat::kCsv);
  EXPECT_EQ(KnownFormat("a.ndjson"), SeriesFormat::kJsonLines);
  EXPECT_EQ(KnownFormat("a.b.columnar"), SeriesFormat::kColumnar);
  EXPECT_EQ(KnownFormat("/dev/stdout"), SeriesFormat::kCsv);
  EXPECT_EQ(KnownFormat("./a.d/out"), SeriesFormat::kCsv);
  for (const char* other : {"a.xlsx", "a.parquet", "a.csv.zip", "a.txt"})
    EXPECT_EQ(KnownFormat(other), std::nullopt) << other;
}

TEST_F(SeriesFile, CsvHasNoPlaceForAColumnThatComesLater) {
  std::ostringstream out;
  SeriesWriter writer(out, SeriesFormat::kCsv, {});
  ASSERT_THAT(writer.Take(Other("close")), IsOk());
  EXPECT_THAT(writer.Take(Apple()), StatusIs(absl::StatusCode::kFailedPrecondition, "MORE_COLUMNS"));
  Written(SeriesFormat::kCsv, {Other("close"), Apple()}, {"note", "close", "count"});
}

TEST_F(SeriesFile, JsonLinesHaveAnObjectEach) {
  EXPECT_EQ(Written(SeriesFormat::kJsonLines, {Apple(), Other("score")}),
            R"({"symbol":"AAPL","time":"1970-01-01T00:00:00Z","close":0.1,"count":7,"note":"say \"yes\", twice"})"
            "\n"
            R"({"symbol":"AAPL","time":"1970-01-01T00:00:01.500000001Z","close":null,"count":-8,"note":""})"
            "\n"
            R"({"symbol":"MSFT","time":"1970-01-01T00:00:00Z","score":57.29999923706055})"
            "\n");
}

TEST_F(SeriesFile, EveryBitComesBackInEveryFormat) {
  common::v1::SeriesMessage message;
  common::v1::ColumnarBatch& batch = *message.mutable_packed();
  batch.mutable_key()->set_symbol("BRK-A");
  // Several rows of one instant, and the first and last nanosecond there are.
  for (const int64_t time : {std::numeric_limits<int64_t>::min() + 1, int64_t{-1}, int64_t{-1}, int64_t{0},
                             int64_t{1'577'998'800'123'456'789}, std::numeric_limits<int64_t>::max()}) {
    batch.add_times_unix_ns(time);
  }
  common::v1::Column& close = *batch.add_columns();
  close.set_name("close");
  for (const double value : {0.1, -0.0, 5e-324, 1.7976931348623157e308, 3.0, 0.30000000000000004}) {
    close.add_double_values(value);
  }
  common::v1::Column& count = *batch.add_columns();
  count.set_name("count");
  for (const int64_t value : {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), int64_t{0},
                              int64_t{-1}, int64_t{9007199254740993}, int64_t{0}}) {
    count.add_int_values(value);
  }
  count.add_missing_rows(5);
  common::v1::Column& note = *batch.add_columns();
  note.set_name("note");
  for (const char* value : {"", "a,b", "two\nlines\r\n", "\"", "7", "\xC3\xA9 \\"}) note.add_text_values(value);
  note.add_missing_rows(4);
  note.mutable_text_values(4)->clear();
  // Columns that no resource knows have the type of their values.
  common::v1::Column& whole = *batch.add_columns();
  whole.set_name("csv.whole");
  common::v1::Column& number = *batch.add_columns();
  number.set_name("csv.number");
  common::v1::Column& text = *batch.add_columns();
  text.set_name("csv.text");
  for (int i = 0; i < 6; ++i) {
    whole.add_int_values(i - 3);
    number.add_double_values(i * 100.0);
    text.add_text_values(std::to_string(i));
  }
  for (const SeriesFormat format : {SeriesFormat::kCsv, SeriesFormat::kJsonLines, SeriesFormat::kColumnar}) {
    const auto read = Read(format, Written(format, {message}));
    ASSERT_THAT(read, IsOk()) << static_cast<int>(format);
    ASSERT_EQ(read->size(), 1u);
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read->at(0), message))
        << static_cast<int>(format) << read->at(0).DebugString();
    EXPECT_TRUE(std::signbit(read->at(0).packed().columns(0).double_values(1)));
  }
}

TEST_F(SeriesFile, RowsOfSeveralSymbolsComeInMessagesOfTheirOwn) {
  const auto read = Read(SeriesFormat::kCsv,
                         "symbol,time,close\r\nA,2020-01-01T00:00:00Z,1\r\nB,2020-01-01T00:00:00Z,2\r\n"
                         "B,2020-01-02T00:00:00Z,3\r\nA,2020-01-02T00:00:00Z,4");
  ASSERT_THAT(read, IsOk());
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ(read->at(1).packed().key().symbol(), "B");
  EXPECT_EQ(read->at(1).packed().times_unix_ns_size(), 2);
  EXPECT_EQ(read->at(2).packed().columns(0).double_values(0), 4);
}

TEST_F(SeriesFile, LongSeriesComeInSeveralMessages) {
  std::string text = "symbol,time,close\n";
  for (int i = 0; i < 10'000; ++i) text += "A,2020-01-01T00:00:00Z,1.5\n";
  const auto read = Read(SeriesFormat::kCsv, text);
  ASSERT_THAT(read, IsOk());
  int rows = 0;
  for (const auto& message : *read) rows += message.packed().times_unix_ns_size();
  EXPECT_EQ(rows, 10'000);
  EXPECT_EQ(read->size(), 3u);
}

TEST_F(SeriesFile, MistakesAreNamedByFileAndLine) {
  const std::string header = "symbol,time,close,count\n";
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"time,symbol\n", "file:1: the header must begin with symbol,time"},
           {"symbol,time,a,a\n", "file:1: two columns are called 'a'"},
           {header + "A,2020-01-01T00:00:00Z,1\n", "file:2: expected 4 cells, found 3"},
           {header + "A,yesterday,1,1\n", "file:2: the time must be an instant like"},
           {header + "A,2020-01-01T00:00:00Z,1,1.5\n", "file:2: count must be a whole number"},
           {header + "A,2020-01-01T00:00:00Z,x,1\n", "file:2: close must be a number, was 'x'"},
           {header + "A,2020-01-01T00:00:00Z,nan,1\n", "file:2: close must be a finite number"},
           {header + "A,2020-01-02T00:00:00Z,1,1\nA,2020-01-01T00:00:00Z,1,1\n",
            "file:3: rows of one symbol must be oldest first"},
           {header + "A,2020-01-01T00:00:00Z,\"1,1\n", "file:2: a quote is opened and never closed"}}) {
    const auto read = Read(SeriesFormat::kCsv, text);
    EXPECT_THAT(read.status(), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_FILE")) << text;
    ASSERT_EQ(Said(read.status()).size(), 1u) << text;
    EXPECT_EQ(Said(read.status())[0].substr(0, expected.size()), expected);
  }
  EXPECT_THAT(Said(Read(SeriesFormat::kJsonLines, "{\"symbol\":\"A\"}\n").status()),
              ::testing::ElementsAre("file:1: must have a text \"time\""));
  EXPECT_THAT(Said(Read(SeriesFormat::kJsonLines, "[1]\n").status()),
              ::testing::ElementsAre("file:1: must be a JSON object"));
  EXPECT_THAT(Read(SeriesFormat::kColumnar, "\xFF\xFF").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_FILE"));
  EXPECT_THAT(SeriesReader::Open(Path("none"), SeriesFormat::kCsv, {}).status(),
              StatusIs(absl::StatusCode::kNotFound, "NO_SUCH_FILE"));
}

TEST_F(SeriesFile, ACalendarStandsInAColumnOnlyWhereOneWasNamed) {
  auto coins = Other("close");
  coins.mutable_packed()->mutable_key()->set_symbol("BTC");
  coins.mutable_first_of()->set_symbol("BTC");
  coins.mutable_origin()->set_calendar("24/7");
  auto apple = Other("close");
  apple.mutable_packed()->mutable_key()->set_symbol("AAPL");
  apple.mutable_first_of()->set_symbol("AAPL");
  const std::string csv = Written(SeriesFormat::kCsv, {coins, apple});
  EXPECT_EQ(csv,
            "symbol,time,resource,timeframe,price_basis,calendar,close\n"
            "BTC,1970-01-01T00:00:00Z,,,,24/7,57.29999923706055\n"
            "AAPL,1970-01-01T00:00:00Z,,,,,57.29999923706055\n");
  const std::string json = Written(SeriesFormat::kJsonLines, {coins, apple});
  EXPECT_EQ(json,
            "{\"symbol\":\"BTC\",\"time\":\"1970-01-01T00:00:00Z\",\"calendar\":\"24/7\",\"close\":57.29999923706055}\n"
            "{\"symbol\":\"AAPL\",\"time\":\"1970-01-01T00:00:00Z\",\"close\":57.29999923706055}\n");
  for (const auto& [format, text] :
       {std::pair(SeriesFormat::kCsv, csv), std::pair(SeriesFormat::kJsonLines, json),
        std::pair(SeriesFormat::kColumnar, Written(SeriesFormat::kColumnar, {coins, apple}))}) {
    const auto read = Read(format, text);
    ASSERT_THAT(read, IsOk());
    ASSERT_EQ(read->size(), 2u);
    EXPECT_EQ(read->at(0).origin().calendar(), "24/7");
    EXPECT_EQ(read->at(0).packed().columns_size(), 1) << "it is no column of the rows";
    EXPECT_EQ(read->at(1).origin().calendar(), "");
  }
}

// One row as of the day of 2020-08-28, the next as of 2020-09-01.
common::v1::SeriesMessage OfTwoDays() {
  auto rows = Other("close");
  rows.mutable_packed()->add_times_unix_ns(60'000'000'000);
  rows.mutable_packed()->mutable_columns(0)->add_double_values(58);
  rows.mutable_first_of()->set_symbol("MSFT");
  for (const auto& [first, day] : {std::pair(std::numeric_limits<int64_t>::min(), "2020-08-28"),
                                   std::pair(int64_t{60'000'000'000}, "2020-09-01")}) {
    common::v1::AdjustedRows& one = *rows.mutable_origin()->add_adjusted_as_of();
    one.set_first_time_unix_ns(first);
    one.set_adjusted_as_of(day);
  }
  return rows;
}

TEST_F(SeriesFile, TheDaysAsOfWhichPricesWereAdjustedComeBackWithTheirRows) {
  const std::string csv = Written(SeriesFormat::kCsv, {OfTwoDays()});
  EXPECT_EQ(csv,
            "symbol,time,resource,timeframe,price_basis,adjusted_as_of,close\n"
            "MSFT,1970-01-01T00:00:00Z,,,,2020-08-28,57.29999923706055\n"
            "MSFT,1970-01-01T00:01:00Z,,,,2020-09-01,58.0\n");
  const std::string json = Written(SeriesFormat::kJsonLines, {OfTwoDays()});
  EXPECT_EQ(
      json.substr(0, json.find('\n')),
      R"({"symbol":"MSFT","time":"1970-01-01T00:00:00Z","adjusted_as_of":"2020-08-28","close":57.29999923706055})");
  for (const auto& [format, text] : {std::pair(SeriesFormat::kCsv, csv), std::pair(SeriesFormat::kJsonLines, json)}) {
    const auto read = Read(format, text);
    ASSERT_THAT(read, IsOk());
    ASSERT_EQ(read->size(), 2u) << "a message has rows of one day";
    for (const size_t i : {size_t{0}, size_t{1}}) {
      EXPECT_EQ(read->at(i).packed().columns_size(), 1) << "it is no column of the rows";
      ASSERT_EQ(read->at(i).origin().adjusted_as_of_size(), 1);
      EXPECT_EQ(read->at(i).origin().adjusted_as_of(0).adjusted_as_of(), i == 0 ? "2020-08-28" : "2020-09-01");
      EXPECT_EQ(read->at(i).origin().adjusted_as_of(0).first_time_unix_ns(), read->at(i).packed().times_unix_ns(0));
    }
  }
  auto more = Other("close");  // a further message of the same series
  const auto columnar = Read(SeriesFormat::kColumnar, Written(SeriesFormat::kColumnar, {OfTwoDays(), more}));
  ASSERT_THAT(columnar, IsOk());
  ASSERT_EQ(columnar->size(), 2u);
  EXPECT_EQ(columnar->at(1).origin().adjusted_as_of_size(), 2) << "they hold of all its rows";
}

TEST_F(SeriesFile, ACsvHasNoPlaceForADayThatComesLater) {
  auto plain = Other("close");
  plain.mutable_first_of()->set_symbol("MSFT");
  std::ostringstream out;
  SeriesWriter writer(out, SeriesFormat::kCsv, {});
  ASSERT_THAT(writer.Take(plain), IsOk());
  const absl::Status late = writer.Take(OfTwoDays());
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kFailedPrecondition, "MORE_COLUMNS"));
  EXPECT_THAT(base::Message(late), ::testing::HasSubstr("MSFT is adjusted as of 2020-08-28"));
}

TEST_F(SeriesFile, ACsvHasAPlaceForCalendarsThatAreNamedLater) {
  auto coins = Other("close");
  coins.mutable_first_of()->set_symbol("MSFT");
  coins.mutable_origin()->set_calendar("24/7");
  std::ostringstream late;
  SeriesWriter writer(late, SeriesFormat::kCsv, {});
  ASSERT_THAT(writer.Take(Apple()), IsOk());
  EXPECT_THAT(writer.Take(coins), StatusIs(absl::StatusCode::kFailedPrecondition, "MORE_COLUMNS"));
  std::ostringstream known;
  SeriesWriter other(known, SeriesFormat::kCsv, {"close"});
  other.WillSay({.calendar = true});
  auto plain = Other("close");
  plain.mutable_packed()->mutable_key()->set_symbol("AAPL");
  ASSERT_THAT(other.Take(plain), IsOk());
  ASSERT_THAT(other.Take(coins), IsOk());
  EXPECT_EQ(known.str(),
            "symbol,time,resource,timeframe,price_basis,calendar,close\n"
            "AAPL,1970-01-01T00:00:00Z,,,,,57.29999923706055\n"
            "MSFT,1970-01-01T00:00:00Z,,,,24/7,57.29999923706055\n");
}

TEST_F(SeriesFile, RowsOfOneSymbolHaveOneCalendar) {
  const std::string header = "symbol,time,calendar,close\n";
  EXPECT_THAT(
      Said(Read(SeriesFormat::kCsv, header + "A,1970-01-01T00:00:00Z,24/7,1\nB,1970-01-01T00:00:00Z,FX,1\n"
                                             "B,1970-01-02T00:00:00Z,24/7,1\n")
               .status()),
      ::testing::ElementsAre("file:4: calendar is '24/7', but 'FX' in the rows of B before it: a series has one"));
}

TEST_F(SeriesFile, AnchoredPricesSayOnWhichRowTheyStandAndAreNotReadBack) {
  auto grown = Other("close");
  grown.mutable_first_of()->set_symbol("MSFT");
  grown.set_basis(common::v1::PRICE_BASIS_SPLIT_DIVIDEND);
  grown.mutable_origin()->set_anchored(common::v1::ADJUSTMENT_TOTAL_RETURN);
  grown.mutable_origin()->set_anchor_time_unix_ns(-86'400'000'000'000);
  EXPECT_EQ(BasisText(grown), "total_return@1969-12-31T00:00:00Z");
  const std::string csv = Written(SeriesFormat::kCsv, {grown});
  EXPECT_EQ(csv,
            "symbol,time,resource,timeframe,price_basis,close\n"
            "MSFT,1970-01-01T00:00:00Z,,,total_return@1969-12-31T00:00:00Z,57.29999923706055\n");
  const auto refused = Said(Read(SeriesFormat::kCsv, csv).status());
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_THAT(refused[0], ::testing::AllOf(::testing::HasSubstr("file:2: prices are total_return@1969-12-31"),
                                           ::testing::HasSubstr("can not be stored")));
}

TEST_F(SeriesFile, AFileAppearsWhenItIsWhole) {
  {
    const auto file = OutputFile::Open(Path("out.csv"));
    ASSERT_THAT(file, IsOk());
    (*file)->stream() << "half";
    EXPECT_FALSE(std::filesystem::exists(Path("out.csv")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "nothing is left of a file that did not become whole";
  Put("real", "old");
  std::filesystem::create_symlink(Path("real"), Path("link"));
  ASSERT_THAT(WriteFile(Path("link"), "new"), IsOk());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Get(Path("real")), "new");
}

TEST_F(SeriesFile, DevicesAreWrittenToAndFoldersAreNot) {
  EXPECT_THAT(WriteFile("/dev/null", "x"), IsOk());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THAT(WriteFile("/dev/full", "x"), StatusIs(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_THAT(WriteFile(folder_.string(), "x"), StatusIs(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE"));
  EXPECT_THAT(WriteFile("/no/such/folder/file", "x"), StatusIs(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE"));
}

TEST_F(SeriesFile, FilesAreFoundByNameFolderAndPattern) {
  Put("A.csv", "date,close\n");
  Put("B.csv.gz", "");
  Put("C.jsonl", "");
  Put("D.columnar", "");
  Put("E.csv", "symbol,time,close\n");
  Put("notes.txt", "");
  const auto names = [&](const std::vector<ImportFile>& files) {
    std::string text;
    for (const ImportFile& file : files) {
      text += file.path.substr(file.path.rfind('/') + 1) + (file.text ? " text" : " rows") + ", ";
    }
    return text;
  };
  const auto all = FindImportFiles({folder_.string(), Path("A.csv")}, {});
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(names(*all), "A.csv text, B.csv.gz text, C.jsonl rows, D.columnar rows, E.csv rows, ");
  EXPECT_EQ(names(FindImportFiles({Path("[AE].csv")}, {.layouts = true}).value()), "A.csv text, E.csv text, ")
      << "with parameters of a layout every CSV is for the server";
  const auto described = FindImportFiles({Path("A.csv"), Path("C.jsonl"), Path("E.csv")}, {.layouts = true}).value();
  EXPECT_FALSE(described[0].described);
  EXPECT_TRUE(described[1].described);
  EXPECT_TRUE(described[2].described) << "what an export says of itself counts whoever reads it";
  Put("F.json", "{}");
  Put("G.json.gz", "");
  const auto answers = FindImportFiles({folder_.string(), Path("notes.txt")}, {.answers = true});
  ASSERT_THAT(answers, IsOk());
  EXPECT_EQ(names(*answers), "A.csv text, B.csv.gz text, E.csv text, F.json text, G.json.gz text, notes.txt text, ");
  for (const ImportFile& file : *answers) EXPECT_TRUE(file.answer && !file.described) << file.path;
  const absl::Status none = FindImportFiles({Path("X.csv"), Path("*.tsv")}, {}).status();
  EXPECT_THAT(none, StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  EXPECT_EQ(Said(none).size(), 2u);
}

}  // namespace
}  // namespace breadthflow::cli
