#include "common/rpc/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/hash.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::IsOkAndHolds;
using ::breadthflow::testing::StatusIs;
using Code = absl::StatusCode;

TEST(PageSize, FollowsAip158) {
  EXPECT_THAT(PageSize(0), IsOkAndHolds(50));
  EXPECT_THAT(PageSize(1), IsOkAndHolds(1));
  EXPECT_THAT(PageSize(1000), IsOkAndHolds(1000));
  EXPECT_THAT(PageSize(1001), IsOkAndHolds(1000));
  EXPECT_THAT(PageSize(INT32_MAX), IsOkAndHolds(1000));
  EXPECT_THAT(PageSize(-1), StatusIs(Code::kInvalidArgument));
}

TEST(PageTokens, GiveTheCursorBackForTheSameQuery) {
  const PageTokens tokens("secret");
  for (const std::string& cursor :
       {std::string("2024-01-02/abc"), std::string("\0\xff\x01", 3), std::string(1000, 'x')}) {
    EXPECT_THAT(tokens.Decode("List|a=1", tokens.Encode("List|a=1", cursor)), IsOkAndHolds(cursor));
  }
}

TEST(PageTokens, AnEmptyTokenIsTheFirstPageAndAnEmptyCursorTheLast) {
  const PageTokens tokens("secret");
  EXPECT_EQ(tokens.Encode("List", ""), "");
  EXPECT_THAT(tokens.Decode("List", ""), IsOkAndHolds(""));
}

TEST(PageTokens, AreRefusedForAnotherQueryOrSecret) {
  const PageTokens tokens("secret");
  const std::string token = tokens.Encode("List|a=1", "cursor");
  EXPECT_THAT(tokens.Decode("List|a=2", token), StatusIs(Code::kInvalidArgument, "INVALID_PAGE_TOKEN"));
  EXPECT_THAT(PageTokens("other").Decode("List|a=1", token), StatusIs(Code::kInvalidArgument, "INVALID_PAGE_TOKEN"));
  EXPECT_THAT(PageTokens("secret").Decode("List|a=1", token), IsOkAndHolds("cursor")) << "replicas share the secret";
  EXPECT_THAT(PageTokens("").Decode("List|a=1", PageTokens("").Encode("List|a=1", "c")),
              StatusIs(Code::kInvalidArgument));
}

TEST(PageTokens, MovingBytesBetweenQueryAndCursorDoesNotPass) {
  const PageTokens tokens("secret");
  EXPECT_NE(tokens.Encode("ab", "cd"), tokens.Encode("abc", "d"));
}

TEST(PageTokens, AnyChangeIsNoticed) {
  const PageTokens tokens("secret");
  const std::string token = tokens.Encode("List", "cursor");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(tokens.Decode("List", changed), StatusIs(Code::kInvalidArgument, "INVALID_PAGE_TOKEN")) << i;
    EXPECT_THAT(tokens.Decode("List", token.substr(0, i)).ok(), i == 0) << i;
  }
  EXPECT_THAT(tokens.Decode("List", "not base64 at all!"), StatusIs(Code::kInvalidArgument, "INVALID_PAGE_TOKEN"));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(HmacSha256, GivesTheResultsOfTheRfc) {
  using base::HmacSha256;
  using base::ToHex;
  EXPECT_EQ(ToHex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(ToHex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(ToHex(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace breadthflow::rpc
