#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sock/event_queues.hpp"
#include "sock/wait_list.hpp"

namespace zs::api {

struct Fiber;

/// The functions of a shard that have stacks of their own, so that they may wait. One at a time has
/// the thread, until it waits or ends; nothing interrupts it. What they wait for is the queues'.
class Fibers {
 public:
  static constexpr std::size_t kUsualStack = std::size_t{64} << 10;
  static constexpr std::size_t kLeastStack = std::size_t{16} << 10;
  static constexpr std::size_t kLargestStack = std::size_t{1} << 30;
  /// How often a fiber may try to wait when nobody is to wait any more. One that goes on is left
  /// where it is, for good: it would keep the stack from stopping.
  static constexpr int kLastTries = 1'000;

  using Entry = void (*)(void* arg);

  explicit Fibers(sock::EventQueues& queues);
  /// As cancel().
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  /// `entry(arg)` begins with the next run(). 0 bytes: the usual stack. kInvalid, kNoMemory;
  /// ECANCELED after cancel().
  Result<void> spawn(Entry entry, void* arg, std::size_t stack_bytes);
  /// Those whose wait is over go on, each once. Not inside of a fiber.
  void run();
  /// All waits are over, those to come too, and all fibers come to their ends or are left.
  void cancel();

  /// Whether the caller is one of them.
  bool is_inside() const { return running_ != nullptr; }
  std::size_t count() const { return all_.size(); }
  /// The fiber that calls this stands still until then. kBadFd: a wish names nothing.
  Result<sock::WaitEnd> wait(std::span<const sock::Wish> wishes, Instant until);
  /// The others have their turn first. False: cancelled.
  bool yield();
  Instant now() const { return queues_.now(); }

 private:
  void resume(Fiber& fiber);
  sock::WaitEnd stand_still();
  bool is_refused();
  static void leave(Fiber& fiber, bool for_ever);

  sock::EventQueues& queues_;
  std::list<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> turn_;  ///< of run(), kept for its memory
  Fiber* running_ = nullptr;
  bool is_cancelled_ = false;
};

}  // namespace zs::api
