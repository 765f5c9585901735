#include "services/cli/rehearsal.h"

#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Fields(const base::Violations& violations) {
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : violations.list()) fields.push_back(violation.field);
  return fields;
}

absl::Status Refused(const std::vector<std::string>& fields) {
  base::Violations violations;
  for (const std::string& field : fields) violations.Add(field, "is wrong");
  return violations.ToStatus("invalid request");
}

const std::vector<FlagOfField> kFlags = {
    {"spec.symbols", "--symbols"}, {"spec.model.name", "--model-type"}, {"spec.model.params", "--param"}};

TEST(MergeByFlag, NamesTheFlagThatWasTypedBesideTheField) {
  base::Violations violations;
  MergeByFlag(
      Refused({"spec.symbols[1]", "spec.model.name", "spec.model.params.trees", "spec.model.paramsodd", "other"}),
      kFlags, violations);
  EXPECT_THAT(Fields(violations),
              ElementsAre("--symbols (spec.symbols[1])", "--model-type (spec.model.name)",
                          "--param trees (spec.model.params.trees)", "spec.model.paramsodd", "other"));
}

TEST(MergeByFlag, LeavesOutWhatIsSaidOfTheFlagAlready) {
  base::Violations violations;
  violations.Add("--symbols", "symbol 2 is empty");
  MergeByFlag(Refused({"spec.symbols[1]", "spec.model.name"}), kFlags, violations);
  EXPECT_THAT(Fields(violations), ElementsAre("--symbols", "--model-type (spec.model.name)"));
}

TEST(MergeByFlag, TakesAFailureWithoutViolationsToo) {
  base::Violations violations;
  MergeByFlag(base::MakeError(absl::StatusCode::kInvalidArgument, "ODD", "no"), kFlags, violations);
  EXPECT_EQ(violations.list().size(), 1u);
}

TEST(MergeNew, SaysNothingTwice) {
  base::Violations more;
  more.Add("--symbols", "is empty");
  more.Add("--symbols", "is odd");
  base::Violations violations;
  violations.Add("--symbols", "is empty");
  MergeNew(more, violations);
  EXPECT_THAT(Fields(violations), ElementsAre("--symbols", "--symbols"));
}

}  // namespace
}  // namespace breadthflow::cli
