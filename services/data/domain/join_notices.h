#pragma once

#include <string>

#include "common/quant/series.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/resource.h"

// What whoever uses joined rows should know of them. Pure.
namespace breadthflow::data {

// What whoever uses the rows should know of the times of `joined`: where nobody says when rows were published; empty:
// nothing.
std::string NoticeOfTimes(const quant::Series& joined, const JoinSpec& join);

// The same where rows of one instant differ in what is joined, and the order in which they came decides which one is:
// articles of one minute, dividends that were announced at once. Empty also for trades and quotes, whose order is that
// in time, and where the join says which row counts (replace_by).
std::string NoticeOfTies(const quant::Series& joined, const JoinSpec& join, const Resource& resource);

}  // namespace breadthflow::data
