#include "common/http/http_client.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/http/json.h"

namespace breadthflow::http {
namespace {

TEST(ParseRetryAfter, UnderstandsSecondsAndDatesAndCutsThem) {
  const absl::Time now = absl::FromCivil(absl::CivilSecond(2024, 5, 6, 7, 8, 9), absl::UTCTimeZone());
  EXPECT_EQ(ParseRetryAfter("120", now), absl::Seconds(120));
  EXPECT_EQ(ParseRetryAfter("Mon, 06 May 2024 07:09:09 GMT", now), absl::Minutes(1));
  EXPECT_EQ(ParseRetryAfter("Mon, 06 May 2024 07:00:00 GMT", now), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("86400", now), absl::Hours(1));
  EXPECT_EQ(ParseRetryAfter("99999999999999999999", now), absl::Hours(1));
  for (const char* text : {"", "-5", "soon", "12 s"})
    EXPECT_EQ(ParseRetryAfter(text, now), absl::ZeroDuration()) << text;
}

TEST(UrlEncode, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(UrlEncode("BRK-A_1.~"), "BRK-A_1.~");
  EXPECT_EQ(UrlEncode("^GSPC a&b=c/\xC3\xA9"), "%5EGSPC%20a%26b%3Dc%2F%C3%A9");
}

TEST(ParseJson, ReadsOneDocument) {
  const auto document = ParseJson(R"({"a": [1, 2.5, null]})");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ((*document)["a"][1], 2.5);
}

TEST(ParseJson, ClassifiesEverythingElseAsDataLoss) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{} {}"), std::string("Too Many Requests"),
        std::string(10000, '['), std::string(65, '[') + std::string(65, ']')}) {
    const auto document = ParseJson(text);
    EXPECT_EQ(document.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(base::DetailsOf(document.status()).reason, "BAD_JSON");
  }
}

}  // namespace
}  // namespace breadthflow::http
