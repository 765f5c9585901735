#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/sources/csv/files.h"
#include "services/data/sources/csv/text.h"
#include "tests/support/matchers.h"

namespace breadthflow::data::csv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

std::vector<std::vector<std::string>> Rows(std::string_view text, char delimiter = ',') {
  std::vector<std::vector<std::string>> rows;
  RowReader reader(text, delimiter);
  Row row;
  while (reader.Next(row)) rows.emplace_back(row.cells.begin(), row.cells.end());
  EXPECT_FALSE(reader.fault()) << reader.fault()->text;
  return rows;
}

std::string FaultOf(std::string_view text) {
  RowReader reader(text, ',');
  Row row;
  while (reader.Next(row)) continue;
  return reader.fault() ? std::to_string(reader.fault()->line) + ": " + reader.fault()->text : "";
}

TEST(CsvText, CutsLinesIntoCells) {
  EXPECT_THAT(Rows("a,b\r\nc,d\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
  EXPECT_THAT(Rows("\xEF\xBB\xBF"
                   "a,,\n,b,"),
              ElementsAre(ElementsAre("a", "", ""), ElementsAre("", "b", "")));
  EXPECT_THAT(Rows("a;b,c\t\n", ';'), ElementsAre(ElementsAre("a", "b,c\t")));
  EXPECT_THAT(Rows("a\n\nb\n\n\n"), ElementsAre(ElementsAre("a"), ElementsAre(""), ElementsAre("b")));
  EXPECT_THAT(Rows(""), ElementsAre());
}

TEST(CsvText, UnderstandsQuotes) {
  EXPECT_THAT(Rows("\"a,b\",\"say \"\"yes\"\"\",\"\"\n"), ElementsAre(ElementsAre("a,b", "say \"yes\"", "")));
  EXPECT_THAT(Rows("\"two\nlines\",x\r\ny,z"), ElementsAre(ElementsAre("two\nlines", "x"), ElementsAre("y", "z")));
  EXPECT_THAT(Rows("status (\"D\"= dealt),b"), ElementsAre(ElementsAre("status (\"D\"= dealt)", "b")));
  EXPECT_THAT(Rows("\"a\"\"\"\n"), ElementsAre(ElementsAre("a\"")));
}

TEST(CsvText, NumbersARowByTheLineItBeginsOn) {
  RowReader reader("h\n\"a\nb\"\nc\n", ',');
  Row row;
  std::vector<int64_t> lines;
  while (reader.Next(row)) lines.push_back(row.line);
  EXPECT_THAT(lines, ElementsAre(1, 2, 4));
}

TEST(CsvText, SaysWhereQuotingIsBroken) {
  EXPECT_EQ(FaultOf("a\nb,\"c\nd"), "2: a quote is opened and never closed");
  EXPECT_EQ(FaultOf("a\n\"b\" c,d\n"), "2: there is text after a closing quote");
}

TEST(CsvText, GuessesTheDelimiterOfTheFirstLine) {
  EXPECT_EQ(GuessDelimiter("a,b;c,d\n;;;;;;"), ',');
  EXPECT_EQ(GuessDelimiter("a;b;\"c,,,,\""), ';');
  EXPECT_EQ(GuessDelimiter("a\tb"), '\t');
  EXPECT_EQ(GuessDelimiter("a"), ',');
}

TEST(CsvText, RefusesBytesThatAreNoText) {
  EXPECT_FALSE(NotText("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* bad : {"\xFF", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    const auto fault = NotText(std::string("a\nb") + bad);
    ASSERT_TRUE(fault) << ::testing::PrintToString(bad);
    EXPECT_EQ(fault->line, 2);
  }
  EXPECT_THAT(NotText(std::string_view("a\nb\nc\0", 6))->text, HasSubstr("NUL"));
}

constexpr unsigned char kPacked[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x49, 0x2c, 0x49, 0xd5, 0xc9, 0x2f, 0x48, 0xcd,
    0xd3, 0xc9, 0xc8, 0x4c, 0xcf, 0xd0, 0xc9, 0xc9, 0x2f, 0xd7, 0x49, 0xce, 0xc9, 0x2f, 0x4e, 0xd5, 0x29, 0xcb, 0xcf,
    0x29, 0xcd, 0x4d, 0xe5, 0x32, 0x32, 0x30, 0x34, 0xd7, 0x35, 0x30, 0xd4, 0x35, 0x30, 0xd6, 0x31, 0xd4, 0x31, 0x02,
    0x62, 0x43, 0x3d, 0x53, 0x1d, 0x43, 0x03, 0x03, 0x2e, 0x00, 0xa8, 0xe7, 0xe9, 0x3f, 0x39, 0x00, 0x00, 0x00};
constexpr std::string_view kUnpacked = "date,open,high,low,close,volume\n2017-01-03,1,2,1,1.5,100\n";

std::string Packed() { return {reinterpret_cast<const char*>(kPacked), sizeof(kPacked)}; }

TEST(CsvText, UnpacksGzipOfSeveralMembersAndRefusesDamage) {
  EXPECT_EQ(Unpack("a,b\n", "f").value(), "a,b\n") << "what is not packed stays";
  EXPECT_EQ(Unpack(Packed(), "f").value(), kUnpacked);
  EXPECT_EQ(Unpack(Packed() + Packed(), "f").value(), std::string(kUnpacked) + std::string(kUnpacked));
  for (const size_t bytes : {3U, 20U, 60U}) {
    EXPECT_THAT(Unpack(Packed().substr(0, bytes), "f.gz"), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
  }
  std::string damaged = Packed();
  damaged[40] ^= 1;
  EXPECT_THAT(Unpack(damaged, "f.gz"), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
}

TEST(CsvText, SeveralFilesTravelAsOneBody) {
  std::string body;
  Join(body, "a b.csv", "1,2\n");
  Join(body, "c.csv.gz", Packed());
  Join(body, "empty.csv", "");
  const auto files = Split(body);
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ(files->size(), 3U);
  EXPECT_EQ((*files)[0].name, "a b.csv");
  EXPECT_EQ((*files)[0].text, "1,2\n");
  EXPECT_EQ((*files)[1].text, kUnpacked);
  EXPECT_EQ((*files)[2].text, "");
  for (const std::string& bad : {std::string("x"), std::string("5 a\nabc"), std::string("-1 a\n"), body + "7"}) {
    EXPECT_THAT(Split(bad), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV")) << bad;
  }
}

TEST(CsvText, AStarStandsForAnyCharacters) {
  EXPECT_TRUE(Matches("AAPL_chain_20140603.csv", "AAPL_chain_*.csv"));
  EXPECT_TRUE(Matches("a", "*") && Matches("", "*") && Matches("abc", "a*b*c"));
  std::string stars;
  for (int i = 0; i < 60; ++i) stars += "a*";
  EXPECT_FALSE(Matches(std::string(200, 'a'), stars + "b")) << "and that soon";
  EXPECT_TRUE(Matches(std::string(200, 'a') + "b", stars + "b"));
  EXPECT_FALSE(Matches("abc", "a*d") || Matches("abc", "ab") || Matches("AAPL2.csv", "AAPL.csv"));
}

}  // namespace
}  // namespace breadthflow::data::csv
