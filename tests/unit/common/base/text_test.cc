#include "common/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::base {
namespace {

TEST(GroupDigits, PutsACommaBetweenThreeDigitsBeforeThePointOnly) {
  EXPECT_EQ(GroupDigits(""), "");
  EXPECT_EQ(GroupDigits("7"), "7");
  EXPECT_EQ(GroupDigits("123"), "123");
  EXPECT_EQ(GroupDigits("1234"), "1,234");
  EXPECT_EQ(GroupDigits("123456"), "123,456");
  EXPECT_EQ(GroupDigits("1234567.1234567"), "1,234,567.1234567");
  EXPECT_EQ(GroupDigits("0.12345"), "0.12345");
}

TEST(Split, GivesOnePartMoreThanThereAreSeparators) {
  EXPECT_THAT(Split("a,b,,c", ","), ::testing::ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(Split(",", ","), ::testing::ElementsAre("", ""));
  EXPECT_THAT(Split("SERVER__PORT_", "__"), ::testing::ElementsAre("SERVER", "PORT_"));
  EXPECT_THAT(Split("a", "__"), ::testing::ElementsAre("a"));
  EXPECT_THAT(Split("", ","), ::testing::ElementsAre(""));
}

TEST(SplitList, FindsNothingInAnEmptyText) {
  EXPECT_THAT(SplitList(""), ::testing::IsEmpty());
  EXPECT_THAT(SplitList("a"), ::testing::ElementsAre("a"));
  EXPECT_THAT(SplitList("a,,b,"), ::testing::ElementsAre("a", "", "b", ""));
  EXPECT_THAT(SplitList("a\nb", "\n"), ::testing::ElementsAre("a", "b"));
}

TEST(ValidUtf8, ReplacesWhatIsNone) {
  EXPECT_EQ(ValidUtf8("a\xC3\xA9\xFF"), "a\xC3\xA9\xEF\xBF\xBD");
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80").size(), 9u) << "a surrogate is three bytes that are none";
}

TEST(Printable, ShowsWhatATerminalOrADatabaseMustNotGet) {
  EXPECT_EQ(Printable(std::string_view("a\0b\x1b[31m\x7f", 9)), "a\\x00b\\x1b[31m\\x7f");
  EXPECT_EQ(Printable("line\n\ttab \xC3\xA9"), "line\n\ttab \xC3\xA9");
  EXPECT_EQ(Printable("\xFF"), "\xEF\xBF\xBD");
}

TEST(CutUtf8, NeverCutsACharacter) {
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
}

}  // namespace
}  // namespace breadthflow::base
