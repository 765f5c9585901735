// The locks and notifications of the system's Abseil, told to ThreadSanitizer. That library is not instrumented, so
// without this every access that absl::Mutex orders would be reported as a race. The linker sends the calls of our code
// here (--wrap); each says what it orders and does what it would have done.
//
// A condition may be evaluated by whoever lets the lock go, on behalf of the one who waits and under the lock, but
// within the library, where its reads can not be ordered: they are passed over.
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

class WithinTheLibrary {
 public:
  WithinTheLibrary() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~WithinTheLibrary() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

}  // namespace

// The member functions by their names in the object files, where `this` is the first argument.
#define ABSL_FUNCTION(result, name, symbol, ...)                       \
  extern "C" result Real##name(__VA_ARGS__) __asm__("__real_" symbol); \
  extern "C" result Wrap##name(__VA_ARGS__) __asm__("__wrap_" symbol); \
  result Wrap##name(__VA_ARGS__)

#define TAKES(name, symbol)                         \
  ABSL_FUNCTION(void, name, symbol, Mutex* mutex) { \
    Real##name(mutex);                              \
    __tsan_acquire(mutex);                          \
  }
#define TRIES(name, symbol)                         \
  ABSL_FUNCTION(bool, name, symbol, Mutex* mutex) { \
    const bool taken = Real##name(mutex);           \
    if (taken) __tsan_acquire(mutex);               \
    return taken;                                   \
  }
#define LEAVES(name, symbol)                        \
  ABSL_FUNCTION(void, name, symbol, Mutex* mutex) { \
    __tsan_release(mutex);                          \
    const WithinTheLibrary within;                  \
    Real##name(mutex);                              \
  }

TAKES(Lock, "_ZN4absl7debian35Mutex4LockEv")
TAKES(ReaderLock, "_ZN4absl7debian35Mutex10ReaderLockEv")
TRIES(TryLock, "_ZN4absl7debian35Mutex7TryLockEv")
TRIES(ReaderTryLock, "_ZN4absl7debian35Mutex13ReaderTryLockEv")
LEAVES(Unlock, "_ZN4absl7debian35Mutex6UnlockEv")
LEAVES(ReaderUnlock, "_ZN4absl7debian35Mutex12ReaderUnlockEv")

ABSL_FUNCTION(void, Await, "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", Mutex* mutex, const Condition& condition) {
  __tsan_release(mutex);
  {
    const WithinTheLibrary within;
    RealAwait(mutex, condition);
  }
  __tsan_acquire(mutex);
}

ABSL_FUNCTION(bool, AwaitWithTimeout, "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
              Mutex* mutex, const Condition& condition, Duration timeout) {
  __tsan_release(mutex);
  bool met = false;
  {
    const WithinTheLibrary within;
    met = RealAwaitWithTimeout(mutex, condition, timeout);
  }
  __tsan_acquire(mutex);
  return met;
}

ABSL_FUNCTION(bool, AwaitWithDeadline, "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
              Mutex* mutex, const Condition& condition, Time deadline) {
  __tsan_release(mutex);
  bool met = false;
  {
    const WithinTheLibrary within;
    met = RealAwaitWithDeadline(mutex, condition, deadline);
  }
  __tsan_acquire(mutex);
  return met;
}

ABSL_FUNCTION(void, Wait, "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", CondVar* changed, Mutex* mutex) {
  __tsan_release(mutex);
  RealWait(changed, mutex);
  __tsan_acquire(mutex);
}

ABSL_FUNCTION(bool, WaitWithTimeout, "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
              CondVar* changed, Mutex* mutex, Duration timeout) {
  __tsan_release(mutex);
  const bool late = RealWaitWithTimeout(changed, mutex, timeout);
  __tsan_acquire(mutex);
  return late;
}

ABSL_FUNCTION(bool, WaitWithDeadline, "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
              CondVar* changed, Mutex* mutex, Time deadline) {
  __tsan_release(mutex);
  const bool late = RealWaitWithDeadline(changed, mutex, deadline);
  __tsan_acquire(mutex);
  return late;
}

ABSL_FUNCTION(void, Notify, "_ZN4absl7debian312Notification6NotifyEv", Notification* told) {
  __tsan_release(told);
  RealNotify(told);
}

ABSL_FUNCTION(void, WaitForNotification, "_ZNK4absl7debian312Notification19WaitForNotificationEv", Notification* told) {
  RealWaitForNotification(told);
  __tsan_acquire(told);
}

ABSL_FUNCTION(bool, WaitForNotificationWithTimeout,
              "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE", Notification* told,
              Duration timeout) {
  const bool notified = RealWaitForNotificationWithTimeout(told, timeout);
  if (notified) __tsan_acquire(told);
  return notified;
}

ABSL_FUNCTION(bool, WaitForNotificationWithDeadline,
              "_ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE", Notification* told,
              Time deadline) {
  const bool notified = RealWaitForNotificationWithDeadline(told, deadline);
  if (notified) __tsan_acquire(told);
  return notified;
}
