// What a call costs: a bare gRPC echo and the same echo through the Guard (keys, deadline, trace, metrics, one log line
// to a file), on loopback in one process.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/server_builder.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/telemetry/log.h"
#include "tests/support/echo/echo_service.h"

namespace breadthflow {
namespace {

using testing::EchoRequest;
using testing::EchoResponse;
using Stub = test::v1::EchoService::Stub;

constexpr const char* kKey = "a key of sixteen characters or more";
constexpr int kClients = 8;
constexpr int kBlock = 200;  // calls of one kind before the other has its turn

class BareEcho final : public test::v1::EchoService::Service {
 public:
  grpc::Status Echo(grpc::ServerContext*, const EchoRequest* request, EchoResponse* response) override {
    response->set_text(request->text());
    return grpc::Status::OK;
  }
};

std::unique_ptr<security::Authenticator> Keys() {
  static const auto* clock = new base::SystemClock();
  const std::string path = fmt::format("/tmp/bf_rpc_benchmark_{}.yaml", ::getpid());
  std::ofstream(path) << fmt::format("- {{key: '{}', name: bench, scopes: ['data:read']}}\n", kKey);
  auto keys = security::MakeFileAuthenticator(path, *clock);
  std::remove(path.c_str());
  if (!keys.ok()) std::abort();
  return *std::move(keys);
}

// Both servers, for as long as the process lives: gRPC's threads are warm when the measurement begins.
struct Servers {
  Servers() : guarded(testing::EchoGuardOptions(), Keys()) {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // as process::Host does
    std::FILE* log = std::tmpfile();
    telemetry::StartLogging({.service = "bench", .sink = [log](std::string_view line) {
                               std::fwrite(line.data(), 1, line.size(), log);
                               std::fputc('\n', log);
                             }});
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&bare_service);
    bare = builder.BuildAndStart();
    if (!bare || !guarded.Start().ok()) std::abort();
    bare_target = fmt::format("127.0.0.1:{}", port);
  }
  // A client of its own connection.
  static std::unique_ptr<Stub> Client(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return test::v1::EchoService::NewStub(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  }
  static Servers& Get() {
    static auto* servers = new Servers();
    return *servers;
  }
  BareEcho bare_service;
  std::unique_ptr<grpc::Server> bare;
  std::string bare_target;
  testing::EchoServer guarded;
};

void CallOnce(Stub& stub) {
  static const auto* request = [] {
    auto* made = new EchoRequest();
    made->set_text(std::string(64, 'x'));
    return made;
  }();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  context.AddMetadata("authorization", fmt::format("Bearer {}", kKey));
  EchoResponse response;
  if (!stub.Echo(&context, *request, &response).ok()) std::abort();
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime));
}

// What a block of calls took: by the clock, and of the processors (both ends).
struct Cost {
  double wall = 0;
  double cpu = 0;
};

// Bare time / guarded time of one client, in turns.
void GuardOverhead(benchmark::State& state) {
  Servers& servers = Servers::Get();
  const auto bare = Servers::Client(servers.bare_target);
  const auto guarded = Servers::Client(servers.guarded.target());
  const auto block = [](Stub& stub, Cost& cost) {
    const absl::Time begin = absl::Now();
    const double cpu = CpuSeconds();
    for (int i = 0; i < kBlock; ++i) CallOnce(stub);
    cost.wall += absl::ToDoubleSeconds(absl::Now() - begin);
    cost.cpu += CpuSeconds() - cpu;
  };
  Cost warm, bare_cost, guarded_cost;
  block(*bare, warm);
  block(*guarded, warm);
  for (auto _ : state) {
    block(*bare, bare_cost);
    block(*guarded, guarded_cost);
  }
  const double to_us = 1e6 / (kBlock * static_cast<double>(state.iterations()));
  state.counters["value"] = bare_cost.wall / guarded_cost.wall;
  state.counters["bare_us"] = bare_cost.wall * to_us;
  state.counters["guarded_us"] = guarded_cost.wall * to_us;
  state.counters["bare_cpu_us"] = bare_cost.cpu * to_us;
  state.counters["guarded_cpu_us"] = guarded_cost.cpu * to_us;
  state.SetLabel("x");
}
BENCHMARK(GuardOverhead)->Name("rpc.guard_overhead_x")->MinTime(2)->UseRealTime();

double Throughput(const std::string& target, absl::Duration duration) {
  std::vector<std::thread> threads;
  std::atomic<int64_t> calls{0};
  std::atomic<bool> counting{false}, stop{false};
  for (int i = 0; i < kClients; ++i)
    threads.emplace_back([&] {
      const auto stub = Servers::Client(target);
      while (!stop) {
        CallOnce(*stub);
        if (counting) calls.fetch_add(1, std::memory_order_relaxed);
      }
    });
  absl::SleepFor(absl::Milliseconds(200));
  const absl::Time begin = absl::Now();
  counting = true;
  absl::SleepFor(duration);
  counting = false;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(calls) / seconds;
}

// Calls a second of eight clients through the Guard.
void UnaryQps(benchmark::State& state) {
  double qps = 0;
  for (auto _ : state) qps += Throughput(Servers::Get().guarded.target(), absl::Seconds(2));
  state.counters["value"] = qps / static_cast<double>(state.iterations());
  state.SetLabel("calls/s");
}
BENCHMARK(UnaryQps)->Name("rpc.unary_qps")->Iterations(1)->UseRealTime();

// The same without the Guard: what this machine and gRPC allow.
void BareQps(benchmark::State& state) {
  double qps = 0;
  for (auto _ : state) qps += Throughput(Servers::Get().bare_target, absl::Seconds(2));
  state.counters["value"] = qps / static_cast<double>(state.iterations());
  state.SetLabel("calls/s");
}
BENCHMARK(BareQps)->Name("rpc.bare_qps")->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace breadthflow
