#include "api/fibers.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "api/switch_notes.hpp"
#include "base/assert.hpp"

namespace zs::api {
namespace {

namespace context = boost::context;

/// Memory with a page below it that nobody may touch.
class FiberStack {
 public:
  /// Throws std::bad_alloc.
  explicit FiberStack(std::size_t bytes)
      : allocator_(std::max(bytes, Fibers::kLeastStack)), place_(allocator_.allocate()) {}
  ~FiberStack() { allocator_.deallocate(place_); }
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;

  const context::stack_context& place() const { return place_; }
  std::byte* bottom() const { return static_cast<std::byte*>(place_.sp) - place_.size + guard(); }
  std::size_t bytes() const { return place_.size - guard(); }

 private:
  static std::size_t guard() { return context::stack_traits::page_size(); }

  context::protected_fixedsize_stack allocator_;
  context::stack_context place_;
};

/// The stack outlives what Boost keeps on it.
struct StackOfOthers {
  void deallocate(context::stack_context& /*place*/) const noexcept {}
};

/// What the C++ runtime knows of exceptions that are being handled. It belongs to a thread, where
/// each fiber needs its own: one may wait inside of a catch block.
struct Handling {
  void* caught = nullptr;
  unsigned uncaught = 0;

  void swap() noexcept {
    void* const place = abi::__cxa_get_globals();
    Handling there;
    std::memcpy(&there, place, sizeof(there));
    std::memcpy(place, this, sizeof(*this));
    *this = there;
  }
};

}  // namespace

struct Fiber : sock::Wait {
  Fiber(Fibers::Entry e, void* a, std::size_t stack_bytes)
      : entry(e), arg(a), stack(stack_bytes), notes(stack.bottom(), stack.bytes()) {}

  Fibers::Entry entry;
  void* arg;
  FiberStack stack;
  SwitchNotes notes;
  Handling handling;
  int last_tries = Fibers::kLastTries;
  bool is_left = false;
  std::list<std::unique_ptr<Fiber>>::iterator at;
  context::fiber self;  ///< while it stands still
  context::fiber loop;  ///< while it runs
  /// For `self` of a fiber that is left: to destroy it would throw an exception into the program's
  /// function, which may be C's.
  alignas(context::fiber) std::byte grave[sizeof(context::fiber)];
};

Fibers::Fibers(sock::EventQueues& queues) : queues_(queues) {}
Fibers::~Fibers() { cancel(); }

Result<void> Fibers::spawn(Entry entry, void* arg, std::size_t stack_bytes) {
  if (entry == nullptr || stack_bytes > kLargestStack) return Errc::kInvalid;
  if (is_cancelled_) return Errc{ECANCELED};
  auto made = std::make_unique<Fiber>(entry, arg, stack_bytes == 0 ? kUsualStack : stack_bytes);
  Fiber& fiber = *made;
  const context::stack_context& place = fiber.stack.place();
  fiber.self = context::fiber(std::allocator_arg,
                              context::preallocated(place.sp, fiber.stack.bytes(), place),
                              StackOfOthers{}, [&fiber](context::fiber&& loop) noexcept {
                                fiber.loop = std::move(loop);
                                fiber.notes.on_entry();
                                fiber.entry(fiber.arg);
                                fiber.notes.before_leaving(true);
                                return std::move(fiber.loop);
                              });
  fiber.at = all_.insert(all_.end(), std::move(made));
  queues_.waits().end_now(fiber, sock::WaitEnd::kReady);
  return {};
}

void Fibers::resume(Fiber& fiber) {
  ZS_ASSERT(running_ == nullptr);
  running_ = &fiber;
  fiber.handling.swap();
  fiber.notes.before_entering();
  fiber.self = std::move(fiber.self).resume();
  fiber.notes.on_return();
  fiber.handling.swap();
  running_ = nullptr;
  if (fiber.self && !fiber.is_left) return;
  queues_.waits().finish(fiber);
  if (fiber.self) new (static_cast<void*>(fiber.grave)) context::fiber(std::move(fiber.self));
  all_.erase(fiber.at);
}

void Fibers::run() {
  if (all_.empty() || !queues_.waits().has_over()) return;
  while (sock::Wait* const wait = queues_.waits().take()) {
    turn_.push_back(static_cast<Fiber*>(wait));
  }
  for (Fiber* const fiber : turn_) resume(*fiber);
  turn_.clear();
}

void Fibers::cancel() {
  is_cancelled_ = true;
  while (!all_.empty()) {
    Fiber& fiber = *all_.front();
    fiber.end = sock::WaitEnd::kCancelled;
    resume(fiber);  // which ends or is left: it cannot wait
  }
}

void Fibers::leave(Fiber& fiber, bool for_ever) {
  const int before = errno;
  fiber.notes.before_leaving(for_ever);
  fiber.loop = std::move(fiber.loop).resume();
  fiber.notes.on_entry();
  errno = before;
}

/// Nobody is to wait any more. Does not return to one that does not want to hear it.
bool Fibers::is_refused() {
  if (!is_cancelled_) return false;
  if (--running_->last_tries <= 0) {
    running_->is_left = true;
    leave(*running_, true);
  }
  return true;
}

sock::WaitEnd Fibers::stand_still() {
  Fiber& self = *running_;
  leave(self, false);
  const sock::WaitEnd end = self.end;
  queues_.waits().finish(self);
  return end;
}

Result<sock::WaitEnd> Fibers::wait(std::span<const sock::Wish> wishes, Instant until) {
  ZS_ASSERT(is_inside());
  if (is_refused()) return sock::WaitEnd::kCancelled;
  ZS_TRY(queues_.waits().begin(*running_, wishes, until));
  return stand_still();
}

bool Fibers::yield() {
  ZS_ASSERT(is_inside());
  if (is_refused()) return false;
  queues_.waits().end_now(*running_, sock::WaitEnd::kReady);
  return stand_still() != sock::WaitEnd::kCancelled;
}

}  // namespace zs::api
