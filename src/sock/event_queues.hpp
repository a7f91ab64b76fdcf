#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sock/event_queue.hpp"
#include "sock/socket_table.hpp"

namespace zs::sock {

class EpollSet;
class KernelQueue;
class WaitList;

/// The epoll sets and kqueues of a shard, and the way from a changed socket to those that watch it.
/// Their descriptors are numbers of the SocketTable, which outlives this. A table whose sockets are
/// watched here is not asked by poll_ready().
class EventQueues {
 public:
  explicit EventQueues(SocketTable& sockets);
  ~EventQueues();
  EventQueues(const EventQueues&) = delete;
  EventQueues& operator=(const EventQueues&) = delete;

  /// kTooManyFiles without a descriptor.
  Result<int> open_epoll();
  Result<int> open_kernel_queue();
  /// nullptr: no such queue.
  EpollSet* epoll(int fd);
  KernelQueue* kernel_queue(int fd);
  EventQueue* find(int fd);
  /// False: it is no queue.
  bool close(int fd);
  void close_all();

  /// Time goes by this, for timers.
  void advance(Instant now) { now_ = now; }
  Instant now() const { return now_; }
  Instant next_deadline() const {
    return timers_.empty() ? Instant::never() : timers_.begin()->first;
  }
  /// Some queue has something to report, or somebody need not wait any longer.
  bool has_ready();
  /// Those who wait for what happens here.
  WaitList& waits() { return *waits_; }
  /// How long calls on the socket wait where they may. kBadFd.
  Result<void> set_timeouts(int fd, const Timeouts& timeouts);
  Result<Timeouts> timeouts(int fd) const;

  // For the queues and the sockets.
  /// What `fd` names: a socket or another queue. kBadFd.
  Result<Source*> source(int fd);
  /// Passes on what happened to sockets since the last time.
  void collect();
  /// Readiness bits as Linux' poll() has them. Notes a wish for room that could not be met.
  std::uint32_t readiness(Source& source, std::uint32_t wanted);
  /// No event will tell when it becomes ready, so it stays on its queue's list: UDP's transmit
  /// queue, which all sockets share, had no room.
  bool must_be_polled(const Watch& watch) const;
  void start_timer(Instant at, Watch& watch) { timers_.emplace(at, &watch); }
  /// Does nothing for one that has fired.
  void stop_timer(Instant at, const Watch& watch);
  /// From now on edges of `source` are told, to watches with is_edge.
  static void expect_edges(Source& source);
  /// The last descriptor of a socket is closed.
  static void drop_all(Source& source);
  /// One of its descriptors is closed: kqueue and who waits forget what was registered by that one,
  /// epoll does not.
  static void drop_by_number(Source& source, int fd);
  SocketTable::Impl& sockets() { return sockets_; }

 private:
  Result<int> take_number();
  void touch(Source& source);
  void fire_timers();

  SocketTable::Impl& sockets_;
  std::unordered_map<int, std::unique_ptr<EventQueue>> queues_;
  std::unique_ptr<WaitList> waits_;
  EventQueue* latest_ = nullptr;  ///< that was looked up: mostly the only one
  std::multimap<Instant, Watch*> timers_;
  Instant now_;
};

}  // namespace zs::sock
