#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>

#include "base/result.hpp"
#include "sock/event_queues.hpp"

namespace zs::sock {

/// An epoll instance, in Linux' words and with its answers (epoll(7), epoll_ctl(2)): level- and
/// edge-triggered, one-shot, EPOLLRDHUP, EPOLLEXCLUSIVE, nested.
class EpollSet final : public EventQueue {
 public:
  EpollSet(EventQueues& all, int number) : EventQueue(all, Kind::kEpoll, number) {}
  ~EpollSet() override;

  /// kBadFd; kInvalid for this set itself and for what EPOLLEXCLUSIVE may not be combined with,
  /// kExists, kNotFound, kLoop where sets would watch each other or more than five lie in a row.
  Result<void> add(int fd, const epoll_event& event);
  Result<void> modify(int fd, const epoll_event& event);
  Result<void> remove(int fd);
  /// What is ready now, in turn; at most out.size().
  std::size_t wait(std::span<epoll_event> out);

  void forget(Watch& watch) override;
  unsigned depth() const override;
  bool reaches(const EventQueue& other) const override;

 private:
  /// Linux tells registrations apart by the open file and the descriptor.
  struct Key {
    const Source* source;
    int fd;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<const void*>{}(key.source) ^ static_cast<std::size_t>(key.fd);
    }
  };
  struct Item : Watch {
    std::uint32_t events = 0;  ///< as asked for; without any: a one-shot that has fired
    std::uint64_t data = 0;
    bool is_armed = true;
  };

  bool is_ready(const Watch& watch) const override { return report(watch) != 0; }
  std::uint32_t report(const Watch& watch) const;
  Item* find_item(const Source& source, int fd);
  static void arm(Item& item, const epoll_event& event);
  void queue_if_ready(Item& item);

  std::unordered_map<Key, std::unique_ptr<Item>, Hash> items_;
};

}  // namespace zs::sock
