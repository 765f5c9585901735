#include "common/telemetry/metrics.h"

#include <exception>
#include <utility>

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "common/base/status.h"

namespace breadthflow::telemetry {

void Counter::Increment(double by) const {
  if (counter_) counter_->Increment(by);
}
double Counter::Value() const { return counter_ ? counter_->Value() : 0; }

void Gauge::Set(double value) const {
  if (gauge_) gauge_->Set(value);
}
void Gauge::Add(double by) const {
  if (gauge_) gauge_->Increment(by);
}
double Gauge::Value() const { return gauge_ ? gauge_->Value() : 0; }

void Histogram::Observe(double value) const {
  if (histogram_) histogram_->Observe(value);
}

const std::vector<double>& SecondsBuckets() {
  static const auto* buckets =
      new std::vector<double>{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};
  return *buckets;
}

struct Metrics::State {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

telemetry::Counter Metrics::Counter(std::string_view name, std::string_view help, const Labels& labels) {
  return telemetry::Counter(&prometheus::BuildCounter()
                                 .Name(std::string(name))
                                 .Help(std::string(help))
                                 .Register(*state_->registry)
                                 .Add(labels));
}

telemetry::Gauge Metrics::Gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return telemetry::Gauge(&prometheus::BuildGauge()
                               .Name(std::string(name))
                               .Help(std::string(help))
                               .Register(*state_->registry)
                               .Add(labels));
}

telemetry::Histogram Metrics::Histogram(std::string_view name, std::string_view help, const Labels& labels,
                                        const std::vector<double>& bounds) {
  return telemetry::Histogram(&prometheus::BuildHistogram()
                                   .Name(std::string(name))
                                   .Help(std::string(help))
                                   .Register(*state_->registry)
                                   .Add(labels, prometheus::Histogram::BucketBoundaries(bounds)));
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(state_->registry->Collect()); }

struct MetricsServer::State {
  std::shared_ptr<prometheus::Registry> registry;
  std::unique_ptr<prometheus::Exposer> exposer;
};

MetricsServer::MetricsServer(std::unique_ptr<State> state, int port) : state_(std::move(state)), port_(port) {}
MetricsServer::~MetricsServer() = default;

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const Metrics& metrics, std::string_view host,
                                                                    int port) {
  const std::string address = fmt::format("{}:{}", host == "localhost" ? "127.0.0.1" : host, port);
  auto state = std::make_unique<State>();
  state->registry = metrics.state_->registry;
  try {
    state->exposer = std::make_unique<prometheus::Exposer>(address, 1);
    state->exposer->RegisterCollectable(state->registry);
    const std::vector<int> ports = state->exposer->GetListeningPorts();
    if (!ports.empty()) port = ports.front();
  } catch (const std::exception&) {
    // What the library says ("null context when constructing CivetServer ...") helps nobody.
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "PORT_IN_USE",
                           fmt::format("metrics port {} can not be opened: is it taken?", address));
  }
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state), port));
}

}  // namespace breadthflow::telemetry
