#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

// Prometheus metrics. Ask for a handle once, at construction, and keep it: asking is slow, using it is one atomic
// operation. Handles are small values, thread-safe, valid as long as their Metrics. A default-made handle does nothing.
// Names are `bf_<noun>_<unit>` (and the conventional grpc_*); labels never hold symbols, ids or keys.
namespace breadthflow::telemetry {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  Counter() = default;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  void Increment(double by = 1) const;  // by >= 0
  double Value() const;

 private:
  prometheus::Counter* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value) const;
  void Add(double by) const;
  double Value() const;

 private:
  prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  void Observe(double value) const;

 private:
  prometheus::Histogram* histogram_ = nullptr;
};

// Upper bounds in seconds, 0.5 ms to 60 s, for every duration of the suite.
const std::vector<double>& SecondsBuckets();

// The metrics of one process. Asking twice for the same name and labels gives the same metric.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  telemetry::Counter Counter(std::string_view name, std::string_view help, const Labels& labels = {});
  telemetry::Gauge Gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  telemetry::Histogram Histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                                 const std::vector<double>& bounds = SecondsBuckets());

  // The Prometheus text exposition of everything, as the port serves it.
  std::string Text() const;

 private:
  friend class MetricsServer;
  struct State;
  std::unique_ptr<State> state_;
};

// Serves `metrics` over HTTP at /metrics until it is destroyed.
class MetricsServer {
 public:
  // Port 0 takes a free one. FAILED_PRECONDITION `PORT_IN_USE`, in one line, when the port can not be had.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const Metrics& metrics, std::string_view host, int port);
  ~MetricsServer();
  int port() const { return port_; }

 private:
  struct State;
  MetricsServer(std::unique_ptr<State> state, int port);
  std::unique_ptr<State> state_;
  int port_;
};

}  // namespace breadthflow::telemetry
