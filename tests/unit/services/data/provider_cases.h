#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/status.h"
#include "common/component/params.h"
#include "services/data/domain/source.h"

// How tests ask the parsers of providers: a body and its HTTP status in, the class of the answer out.
namespace breadthflow::data {

SourceEntry Yahoo();
SourceEntry AlphaVantage();
SourceEntry Polygon();
SourceEntry SecEdgar();

namespace testing {

inline absl::Time At(std::string_view rfc3339) {
  absl::Time time;
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, std::string(rfc3339), &time, &error) ? time : absl::InfinitePast();
}

inline quant::TimeRange Between(std::string_view start, std::string_view end) {
  return {absl::ToUnixNanos(At(std::string(start) + "T00:00:00Z")),
          absl::ToUnixNanos(At(std::string(end) + "T00:00:00Z"))};
}

inline std::unique_ptr<Source> MakeProvider(std::string_view provider, const component::RawParams& params = {}) {
  component::RawParams given = params;
  SourceEntry entry = provider == "yahoo"           ? Yahoo()
                      : provider == "alpha_vantage" ? AlphaVantage()
                      : provider == "polygon"       ? Polygon()
                                                    : SecEdgar();
  if (provider == "sec_edgar") given["contact"] = std::string("someone@example.com");
  return entry.make(component::Params::Check(entry.params, given).value(), {}).value();
}

// "OK 3", "EMPTY", or the reason of the error.
inline std::string ClassOf(const absl::StatusOr<SourceData>& data) {
  if (!data.ok()) return base::DetailsOf(data.status()).reason;
  return data->series.empty() ? "EMPTY" : "OK " + std::to_string(data->series.size());
}

inline absl::StatusOr<SourceData> Parse(const Source& source, const SourceQuery& query, const RawBody& body) {
  return source.TransformData(SourceRequest{query, ""}, body);
}

}  // namespace testing
}  // namespace breadthflow::data
