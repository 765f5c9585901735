#include "common/columnar/compaction_plan.h"

#include <algorithm>
#include <cstdint>

#include "common/columnar/chunk_codec.h"

namespace breadthflow::columnar {
namespace {

constexpr int64_t kMostOfOthers = 4;

using Groups = std::vector<std::pair<size_t, size_t>>;

// Takes [begin, end) as a group, or what lies before and behind its largest part.
void Divide(const std::vector<StoredPart>& parts, size_t begin, size_t end, Groups& groups) {
  if (end - begin < 2) return;
  int64_t rows = 0;
  size_t largest = begin;
  for (size_t i = begin; i < end; ++i) {
    rows += parts[i].rows;
    if (parts[i].rows > parts[largest].rows) largest = i;
  }
  if (parts[largest].rows <= kMostOfOthers * (rows - parts[largest].rows)) {
    groups.emplace_back(begin, end);
    return;
  }
  Divide(parts, begin, largest, groups);
  Divide(parts, largest + 1, end, groups);
}

}  // namespace

Groups PlanCompaction(const std::vector<StoredPart>& parts) {
  Groups groups;
  for (size_t begin = 0; begin < parts.size();) {
    int64_t rows = parts[begin].rows;
    size_t end = begin + 1;
    while (end < parts.size() && rows + parts[end].rows <= static_cast<int64_t>(kRowsPerChunk)) {
      rows += parts[end++].rows;
    }
    Divide(parts, begin, end, groups);
    begin = end;
  }
  return groups;
}

}  // namespace breadthflow::columnar
