#include "services/cli/rehearsal.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace breadthflow::cli {
namespace {

// "--param trees" for what `flag` says below its field, "--symbols" for an element of a list.
std::string Typed(const FlagOfField& flag, std::string_view field) {
  const std::string_view below = field.substr(flag.field.size());
  return below.empty() || below[0] == '[' ? std::string(flag.flag) : fmt::format("{} {}", flag.flag, below.substr(1));
}

bool Covers(const FlagOfField& flag, std::string_view field) {
  if (field.substr(0, flag.field.size()) != flag.field) return false;
  return field.size() == flag.field.size() || field[flag.field.size()] == '.' || field[flag.field.size()] == '[';
}

}  // namespace

void MergeNew(const base::Violations& more, base::Violations& violations) {
  for (const base::FieldViolation& violation : more.list()) {
    const auto& list = violations.list();
    const bool known = std::any_of(list.begin(), list.end(), [&](const base::FieldViolation& other) {
      return other.field == violation.field && other.description == violation.description;
    });
    if (!known) violations.Add(violation.field, violation.description);
  }
}

void MergeByFlag(const absl::Status& refused, const std::vector<FlagOfField>& flags, base::Violations& violations) {
  std::set<std::string> known;
  for (const base::FieldViolation& violation : violations.list()) known.insert(violation.field);
  base::Violations all;
  all.Merge("", refused);
  for (const base::FieldViolation& violation : all.list()) {
    const auto flag =
        std::find_if(flags.begin(), flags.end(), [&](const FlagOfField& f) { return Covers(f, violation.field); });
    if (flag == flags.end()) {
      violations.Add(violation.field, violation.description);
      continue;
    }
    const std::string typed = Typed(*flag, violation.field);
    if (known.count(typed) == 0) violations.Add(fmt::format("{} ({})", typed, violation.field), violation.description);
  }
}

}  // namespace breadthflow::cli
