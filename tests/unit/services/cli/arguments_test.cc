#include "services/cli/command.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using testing::StatusIs;

Command Sample() {
  return {.group = "data",
          .verb = "fetch",
          .argument = "FILE",
          .flags = {{.name = "symbols", .value = "A,B", .description = "what", .required = true},
                    {.name = "mode", .value = "M", .default_value = "fast", .choices = {"fast", "slow"}},
                    {.name = "param", .value = "N=V", .repeated = true},
                    {.name = "detach"}}};
}

TEST(Arguments, TakeValuesAfterASpaceOrAnEqualsSign) {
  BF_ASSERT_OK_AND_ASSIGN(const Arguments arguments, Arguments::Parse(Sample(), {"--symbols", "A,B", "--mode=slow"}));
  EXPECT_EQ(arguments.Text("symbols"), "A,B");
  EXPECT_EQ(arguments.Text("mode"), "slow");
}

TEST(Arguments, UseTheDefaultOfWhatIsNotGiven) {
  BF_ASSERT_OK_AND_ASSIGN(const Arguments arguments, Arguments::Parse(Sample(), {"--symbols=A"}));
  EXPECT_EQ(arguments.Text("mode"), "fast");
  EXPECT_FALSE(arguments.Has("mode"));
  EXPECT_FALSE(arguments.Switch("detach"));
}

TEST(Arguments, CollectRepeatedFlagsInOrderAndOneArgument) {
  BF_ASSERT_OK_AND_ASSIGN(
      const Arguments arguments,
      Arguments::Parse(Sample(), {"--param", "a=1", "file.yaml", "--symbols", "A", "--param=b=2", "--detach"}));
  EXPECT_THAT(arguments.All("param"), ElementsAre("a=1", "b=2"));
  EXPECT_EQ(arguments.argument(), "file.yaml");
  EXPECT_TRUE(arguments.Switch("detach"));
}

TEST(Arguments, SayEverythingThatIsWrongAtOnce) {
  const auto arguments =
      Arguments::Parse(Sample(), {"--mode", "odd", "--colour", "red", "a", "b", "--detach=yes", "--param"});
  ASSERT_THAT(arguments, StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
  EXPECT_THAT(
      base::DetailsOf(arguments.status()).violations,
      ElementsAre(Field(&base::FieldViolation::field, "--mode"), Field(&base::FieldViolation::field, "--colour"),
                  Field(&base::FieldViolation::field, "b"), Field(&base::FieldViolation::field, "--detach"),
                  Field(&base::FieldViolation::field, "--param"), Field(&base::FieldViolation::field, "--symbols")));
}

TEST(Arguments, RefuseAnEmptyValueUnlessItMeansSomething) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--symbols", ""}, {"--symbols="}}) {
    const auto arguments = Arguments::Parse(Sample(), words);
    ASSERT_THAT(arguments, StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
    EXPECT_THAT(base::DetailsOf(arguments.status()).violations,
                ElementsAre(base::FieldViolation{"--symbols", "must not be empty: --symbols A,B"}));
  }
  EXPECT_THAT(
      base::DetailsOf(Arguments::Parse(Sample(), {"--symbols", "A", "--mode", "", "--param="}).status()).violations,
      ElementsAre(base::FieldViolation{"--mode", "must be one of fast, slow, was ''"},
                  base::FieldViolation{"--param", "must not be empty: --param N=V"}));
  Command command = Sample();
  command.flags[0].may_be_empty = true;
  BF_ASSERT_OK_AND_ASSIGN(const Arguments arguments, Arguments::Parse(command, {"--symbols", ""}));
  EXPECT_TRUE(arguments.Has("symbols"));
  EXPECT_EQ(arguments.Text("symbols"), "");
}

TEST(Arguments, RefuseAFlagThatIsGivenTwice) {
  EXPECT_THAT(Arguments::Parse(Sample(), {"--symbols", "A", "--symbols", "B"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
}

TEST(Arguments, RefuseAnArgumentWhereNoneIsTaken) {
  Command command = Sample();
  command.argument.clear();
  EXPECT_THAT(Arguments::Parse(command, {"--symbols", "A", "x"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "USAGE"));
}

}  // namespace
}  // namespace breadthflow::cli
