#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/data/domain/resource.h"

// Words in which the predefined resources are written down. Fields may be absent unless Required.
namespace breadthflow::data {

inline Field Number(std::string name, std::string unit, std::string description) {
  return {.name = std::move(name), .unit = std::move(unit), .required = false, .description = std::move(description)};
}

inline Field Amount(std::string name, std::string unit, std::string description) {
  Field field = Number(std::move(name), std::move(unit), std::move(description));
  field.min = 0;
  return field;
}

inline Field Count(std::string name, std::string description) {
  return {.name = std::move(name),
          .type = quant::ColumnType::kInt64,
          .required = false,
          .description = std::move(description)};
}

inline Field Text(std::string name, std::string description, std::vector<std::string> one_of = {}) {
  return {.name = std::move(name),
          .type = quant::ColumnType::kText,
          .required = false,
          .one_of = std::move(one_of),
          .description = std::move(description)};
}

inline Field Date(std::string name, std::string description) {
  Field field = Text(std::move(name), std::move(description));
  field.unit = "date YYYY-MM-DD";
  field.date = true;
  return field;
}

inline Field Required(Field field) {
  field.required = true;
  return field;
}

inline Field Positive(Field field) {
  field.min = 0;
  field.min_exclusive = true;
  return field;
}

inline Field Share(std::string name, std::string description, double low = 0) {
  Field field = Number(std::move(name), "", std::move(description));
  field.min = low;
  field.max = 1;
  return field;
}

// No instrument has ever cost less or more: what lies outside is an error of the writer.
inline constexpr double kMinPrice = 1e-9;
inline constexpr double kMaxPrice = 1e12;

inline Field Price(std::string name, std::string description) {
  Field field = Required(Number(std::move(name), "currency per share", std::move(description)));
  field.min = kMinPrice;
  field.max = kMaxPrice;
  return field;
}

inline Field ExchangeTime() {
  Field field = Count("exchange_time_ns", "When it happened by the exchange's own clock.");
  field.unit = "nanoseconds since 1970, UTC";
  return field;
}

inline Field PublicationEstimated() {
  Field field = Count("publication_estimated",
                      "1 where the source does not say when it was published: then its time is the deadline for the "
                      "report, after which a late filer's was not public yet. 0 or missing: published by its time.");
  field.min = 0;
  field.max = 1;
  return field;
}

inline Field Currency() { return Text("currency", "ISO 4217 code of the amounts."); }

inline constexpr char kObserved[] = "when the message could be observed: its arrival, else the exchange's time";
inline constexpr char kPublished[] =
    "when it was published; without that, the earliest instant at which it was surely known";

// The predefined resources in two families: what markets show, what companies and writers publish.
std::vector<Resource> MarketResources();
std::vector<Resource> CompanyResources();

}  // namespace breadthflow::data
