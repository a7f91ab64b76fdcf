#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "sock/event_source.hpp"

namespace zs::sock {

class EventQueues;

/// Queues that would watch each other, or too many in a row.
inline constexpr Errc kLoop{ELOOP};
/// epoll(7)'s bound on sets that watch sets.
inline constexpr unsigned kMostNested = 5;

/// What an epoll set and a kqueue have in common: watches of theirs that may have something to
/// report, in the order in which that became so. Whether they have is asked when they are, so that
/// a wait costs what is ready and not what is watched.
class EventQueue {
 public:
  enum class Kind : std::uint8_t { kEpoll, kKernelQueue, kWaitList };

  EventQueue(EventQueues& all, Kind kind, int number) : all_(all), kind_(kind), number_(number) {
    source_.queue = this;
  }
  virtual ~EventQueue() = default;
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  Kind kind() const { return kind_; }
  int number() const { return number_; }
  Source& source() { return source_; }

  /// How many watches would be reported now. Drops from the list what turned out not to be ready.
  std::size_t count_ready(std::size_t at_most);
  bool has_ready() { return count_ready(1) > 0; }
  /// The watch may have something to report. Who watches this queue hears of it.
  void activate(Watch& watch);
  /// The source of the watch goes: so does the watch.
  virtual void forget(Watch& watch) = 0;
  /// The time that EventQueues::start_timer() was told for the watch has come.
  virtual void on_timer(Watch& /*watch*/, Instant /*now*/) {}
  /// How many queues lie below this one, itself included: 1 where it watches sockets only.
  virtual unsigned depth() const = 0;
  virtual bool reaches(const EventQueue& other) const = 0;

 protected:
  /// Whether the watch, which is on the list, has something to report now.
  virtual bool is_ready(const Watch& watch) const = 0;

  /// Takes the watch off all lists.
  static void unlink(Watch& watch);
  void link(Watch& watch, Source& source);

  EventQueues& all_;
  IntrusiveList<Watch, OfQueueTag> ready_;

 private:
  Kind kind_;
  int number_;
  Source source_;
};

}  // namespace zs::sock
