// What a gRPC call orders, told to ThreadSanitizer: what the caller did before it comes before the handler, what the
// handler did comes before the caller's next step, and what was done before an operation of a stream comes before its
// callback. The system's gRPC is not instrumented, so without this a test that sets something up, calls a server of its
// own process and looks at what the handler left would be reported as a race.
//
// The program's definitions of these functions of gRPC's C interface are found before the library's. One object stands
// for what all callers sent, one for what all servers sent, so a race between two handlers is missed when the second
// served a call that a caller sent after the first had answered it. The threads of a
// synchronous server are not ordered by what other servers sent.
#include <atomic>
#include <cstring>
#include <thread>

#include <dlfcn.h>
#include <grpc/grpc.h>
#include <pthread.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
// grpc::internal::CallbackWithSuccessTag::StaticRun, which runs the callback of an operation of a stream.
void RunCallback(grpc_completion_queue_functor* callback, int ok) __asm__(
    "_ZN4grpc8internal22CallbackWithSuccessTag9StaticRunEP29grpc_completion_queue_functori") __attribute__((weak));
}

namespace {

char sent_by_clients;
char sent_by_servers;

template <typename Function>
Function* InLibrary(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// Whether this thread is one of a synchronous server, by the name that gRPC gives it.
bool Serves() {
  thread_local const bool serves = [] {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    return std::strncmp(name, "grpcpp_sync", 11) == 0;
  }();
  return serves;
}

void RunOrderedCallback(grpc_completion_queue_functor* callback, int ok) {
  __tsan_acquire(callback);
  RunCallback(callback, ok);
}

}  // namespace

// The tag of an operation with a callback is what runs it; other tags are objects too, whose first word is another.
extern "C" grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                                 void* reserved) {
  static const auto real = InLibrary(&grpc_call_start_batch, "grpc_call_start_batch");
  __tsan_release(&sent_by_servers);
  if (!Serves()) __tsan_release(&sent_by_clients);
  if (tag != nullptr) {
    auto* callback = static_cast<grpc_completion_queue_functor*>(tag);
    if (callback->functor_run == &RunCallback) callback->functor_run = &RunOrderedCallback;
    __tsan_release(tag);
  }
  return real(call, ops, count, tag, reserved);
}

// The first step of a handler with callbacks.
extern "C" void grpc_call_ref(grpc_call* call) {
  static const auto real = InLibrary(&grpc_call_ref, "grpc_call_ref");
  real(call);
  __tsan_acquire(&sent_by_clients);
}

// The last use of a call comes before its server goes.
extern "C" void grpc_call_unref(grpc_call* call) {
  static const auto real = InLibrary(&grpc_call_unref, "grpc_call_unref");
  __tsan_release(&sent_by_servers);
  real(call);
}

extern "C" void grpc_server_destroy(grpc_server* server) {
  static const auto real = InLibrary(&grpc_server_destroy, "grpc_server_destroy");
  real(server);
  __tsan_acquire(&sent_by_servers);
}

extern "C" grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
  static const auto real = InLibrary(&grpc_completion_queue_next, "grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  __tsan_acquire(&sent_by_clients);
  return event;
}

extern "C" grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag, gpr_timespec deadline,
                                                  void* reserved) {
  static const auto real = InLibrary(&grpc_completion_queue_pluck, "grpc_completion_queue_pluck");
  const grpc_event event = real(queue, tag, deadline, reserved);
  if (!Serves()) __tsan_acquire(&sent_by_servers);
  return event;
}

// grpc::internal::ServerCallbackCall::ScheduleOnDone, the last step of a stream, which follows when its steps are
// counted down to none (behind the vtable, the second of two counters): in a thread of its own here, which is ordered
// after the one that starts it, as gRPC's threads are. `inlined` lets gRPC take that step where it is called.
struct ServerCall {
  void* vtable;
  std::atomic<int> conditions_of_cancelling;
  std::atomic<int> steps_left;
};
extern "C" void LastStep(ServerCall* call,
                         bool inlined) __asm__("_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
extern "C" void LastStep(ServerCall* call, bool inlined) {
  static const auto real = InLibrary(&LastStep, "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  static_cast<void>(call->steps_left.load(std::memory_order_acquire));
  if (inlined) return real(call, true);
  std::thread([call] { real(call, true); }).detach();
}
