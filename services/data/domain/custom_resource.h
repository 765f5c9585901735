#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {

// Bounds of what may be made at run time.
inline constexpr size_t kMaxFields = 200;
inline constexpr size_t kMaxAllowedValues = 1'000;

// Lower-case letters, digits and underscores, at most 63, beginning with a letter.
bool IsResourceId(std::string_view id);

// What is wrong with a resource that somebody wants to make, under the paths of the message that brought it:
// "resource_id" and "resource.fields[2].name". Whether the name is taken is not looked at.
//   id, field names   lower-case letters, digits and underscores, at most 63, beginning with a letter; names of fields
//                     once each, and none of those that files give the time, symbol or kind of a row
//   bounds            finite, of numbers only, min not above max, an excluded bound must be there
//   days and values   of texts only, not both; accepted values once each
//   orders            of two different columns of numbers, once each, and not in a circle
//   bars              have one row per instant
//   prices            are bars with a required close: adjustment goes by the names of columns
//   texts             at most 1,000 characters, no control characters
void CheckDefinition(const Resource& resource, base::Violations& violations);

// Two definitions with one fingerprint are the same.
std::string Fingerprint(const Resource& resource);

}  // namespace breadthflow::data
