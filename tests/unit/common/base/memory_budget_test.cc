#include "common/base/memory_budget.h"

#include <utility>

#include <gtest/gtest.h>

namespace breadthflow::base {
namespace {

TEST(MemoryBudget, WhatIsLeftIsForAllTogether) {
  MemoryBudget budget(100);
  MemoryBudget::Hold one(budget);
  MemoryBudget::Hold two(budget);
  EXPECT_TRUE(one.Set(60));
  EXPECT_FALSE(two.Set(41));
  EXPECT_EQ(two.bytes(), 0);
  EXPECT_EQ(budget.held(), 60);
  EXPECT_TRUE(two.Set(40));
  EXPECT_FALSE(one.Set(61));
  EXPECT_EQ(one.bytes(), 60);
  EXPECT_TRUE(one.Set(10));
  EXPECT_TRUE(two.Set(90));
  EXPECT_EQ(budget.held(), 100);
}

TEST(MemoryBudget, TheEndOfAHoldGivesBackWhatItHeldOnceAlsoWhenItWasMoved) {
  MemoryBudget budget(100);
  {
    MemoryBudget::Hold kept;
    {
      MemoryBudget::Hold first(budget);
      ASSERT_TRUE(first.Set(70));
      kept = std::move(first);
    }
    EXPECT_EQ(budget.held(), 70);
    const MemoryBudget::Hold last(std::move(kept));
    EXPECT_EQ(last.bytes(), 70);
    EXPECT_EQ(budget.held(), 70);
    kept = MemoryBudget::Hold();
    EXPECT_EQ(budget.held(), 70);
  }
  EXPECT_EQ(budget.held(), 0);
}

TEST(MemoryBudget, AHoldOfNothingHoldsAnything) {
  MemoryBudget::Hold hold;
  EXPECT_TRUE(hold.Set(1'000'000));
}

}  // namespace
}  // namespace breadthflow::base
