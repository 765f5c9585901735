#include "services/registry/domain/component_rules.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::registry {
namespace {

using component::ChoiceParam;
using component::DoubleParam;
using component::IntParam;
using component::ParamSpec;
using component::ParamType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

Offer Rsi() {
  return {{.kind = "indicator", .name = "rsi", .version = "1.0.0", .description = "Relative strength index"},
          {IntParam("period", 14, 2, 500, "bars", "Window."),
           ChoiceParam("smoothing", "wilder", {"wilder", "simple"}, "")}};
}

struct Wrong {
  std::string name;
  void (*spoil)(Offer&);
  std::string field;
  std::string text;
};

class CheckAnnouncementRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(CheckAnnouncementRefuses, WithTheFieldAndWhatWasExpected) {
  Offer offer = Rsi();
  GetParam().spoil(offer);
  const absl::Status status = CheckAnnouncement("signal", {Rsi(), offer});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ANNOUNCEMENT"));
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::DetailsOf(status).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre(GetParam().field));
  EXPECT_THAT(base::Message(status), HasSubstr(GetParam().text));
}

void Rename(Offer& offer) { offer.info.name = "other"; }

INSTANTIATE_TEST_SUITE_P(
    OneByOne, CheckAnnouncementRefuses,
    ::testing::Values(
        Wrong{"SameTwice", [](Offer&) {}, "components[1]", "components/indicator/rsi/1.0.0 is announced twice"},
        Wrong{"EmptyKind", [](Offer& o) { o.info.kind = ""; }, "components[1].kind", "begin with a letter"},
        Wrong{"UpperCaseName", [](Offer& o) { o.info.name = "RSI"; }, "components[1].name", "'RSI'"},
        Wrong{"NameWithSlash", [](Offer& o) { o.info.name = "a/b"; }, "components[1].name", "'a/b'"},
        Wrong{"LongName", [](Offer& o) { o.info.name.assign(64, 'a'); }, "components[1].name", "1 to 63"},
        Wrong{"Version", [](Offer& o) { o.info.version = "1"; }, "components[1].version", "MAJOR.MINOR.PATCH"},
        Wrong{"LongDescription", [](Offer& o) { Rename(o), o.info.description.assign(4097, 'x'); },
              "components[1].description", "at most 4096 bytes, was 4097"},
        Wrong{"ParameterTwice", [](Offer& o) { Rename(o), o.params.push_back(o.params[0]); },
              "components[1].params[2].name", "'period' occurs twice"},
        Wrong{"ParameterName", [](Offer& o) { Rename(o), o.params[0].name = "1st"; }, "components[1].params[0].name",
              "'1st'"},
        Wrong{"DefaultOutOfRange", [](Offer& o) { Rename(o), o.params[0].default_value = int64_t{1}; },
              "components[1].params[0].default_value", "[2, 500], was 1"},
        Wrong{"DefaultOfWrongType", [](Offer& o) { Rename(o), o.params[0].default_value = "x"; },
              "components[1].params[0].default_value", "must be integer"},
        Wrong{"DefaultThatIsNoChoice", [](Offer& o) { Rename(o), o.params[1].default_value = "ema"; },
              "components[1].params[1].default_value", "one of wilder, simple"},
        Wrong{"BoundsTheWrongWayRound",
              [](Offer& o) {
                Rename(o);
                o.params[0] = component::Required(o.params[0]);
                std::swap(o.params[0].min, o.params[0].max);
              },
              "components[1].params[0].min", "500 > 2"},
        Wrong{"TooManyParameters", [](Offer& o) { Rename(o), o.params.resize(201); }, "components[1].params",
              "at most 200, were 201"}),
    [](const auto& test) { return test.param.name; });

TEST(CheckAnnouncement, AcceptsRequiredParametersAndManyVersions) {
  Offer next = Rsi();
  next.info.version = "1.1.0";
  next.params.push_back(component::Required(component::StringParam("path", "", "")));
  EXPECT_THAT(CheckAnnouncement("signal", {Rsi(), next}), IsOk());
  EXPECT_THAT(CheckAnnouncement("signal", {}), IsOk());
}

TEST(CheckAnnouncement, ReportsEverythingAtOnce) {
  Offer offer = Rsi();
  offer.info.kind = "?";
  offer.info.version = "?";
  offer.params[1].name = "?";
  EXPECT_EQ(base::DetailsOf(CheckAnnouncement("?", {offer})).violations.size(), 4);
}

TEST(CheckAnnouncement, RefusesMoreThanTenThousand) {
  EXPECT_THAT(CheckAnnouncement("signal", std::vector<Offer>(10'001)),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ANNOUNCEMENT"));
}

TEST(Fingerprint, IgnoresOrderAndTextsForPeople) {
  Offer other = Rsi();
  std::swap(other.params[0], other.params[1]);
  other.params[0].description = "Something else.";
  other.params[1].unit = "days";
  EXPECT_EQ(Fingerprint(other.params), Fingerprint(Rsi().params));
  EXPECT_THAT(Difference(Rsi().params, other.params), IsEmpty());
}

TEST(Fingerprint, SeesWhatValuesDependOn) {
  const std::vector<void (*)(std::vector<ParamSpec>&)> changes = {
      [](auto& p) { p[0].name = "window"; },
      [](auto& p) { p[0].type = ParamType::kDouble; },
      [](auto& p) { p[0].default_value = int64_t{15}; },
      [](auto& p) { p[0].min = 3; },
      [](auto& p) { p[0].max.reset(); },
      [](auto& p) { p[0].required = true; },
      [](auto& p) { p[1].choices.pop_back(); },
      [](auto& p) { p.pop_back(); },
      [](auto& p) { p.push_back(DoubleParam("k", 1, 0, 2, "", "")); }};
  for (size_t i = 0; i < changes.size(); ++i) {
    std::vector<ParamSpec> changed = Rsi().params;
    changes[i](changed);
    EXPECT_NE(Fingerprint(changed), Fingerprint(Rsi().params)) << i;
    EXPECT_NE(Difference(Rsi().params, changed), "") << i;
  }
}

TEST(ComponentChanged, SaysWhatDiffers) {
  Offer changed = Rsi();
  changed.params[0].default_value = int64_t{10};
  changed.params[1] = DoubleParam("k", 1, 0, 2, "", "");
  const absl::Status status = ComponentChanged({{Rsi(), changed}});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists, "COMPONENT_CHANGED"));
  EXPECT_THAT(base::Message(status),
              HasSubstr("components/indicator/rsi/1.0.0 (k: added; period: integer, default 10, min 2, max 500; was "
                        "integer, default 14, min 2, max 500; smoothing: removed)"));
}

TEST(ParseName, TakesNamesWithAndWithoutVersion) {
  EXPECT_EQ(ParseName("components/indicator/rsi")->version, std::nullopt);
  EXPECT_EQ(ParseName("components/indicator/rsi/1.0.0")->version, "1.0.0");
  for (const char* wrong : {"", "components", "components/a", "component/a/b", "components/a/b/1",
                            "components/a/b/1.0.0/x", "components//b", "components/a/", "/components/a/b"}) {
    EXPECT_THAT(ParseName(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

}  // namespace
}  // namespace breadthflow::registry
