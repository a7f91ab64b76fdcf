#include "sock/epoll_set.hpp"

#include <algorithm>
#include <array>

namespace zs::sock {
namespace {

struct Translation {
  std::uint32_t epoll;
  std::uint32_t bits;
};
/// tcp_poll() says each of these pairs together; urgent data there is none (RFC 6093).
constexpr std::array kTranslations{
    Translation{EPOLLIN | EPOLLRDNORM, ready::kReadable},
    Translation{EPOLLOUT | EPOLLWRNORM, ready::kWritable},
    Translation{EPOLLRDHUP, ready::kPeerClosed},
    Translation{EPOLLHUP, ready::kHangup},
    Translation{EPOLLERR, ready::kError},
};
constexpr std::uint32_t kAlways = EPOLLERR | EPOLLHUP;

/// epoll_ctl(2): what may stand beside EPOLLEXCLUSIVE.
constexpr std::uint32_t kExclusive = 1u << 28;
constexpr std::uint32_t kWakeup = 1u << 29;
constexpr std::uint32_t kBesideExclusive =
    kExclusive | kWakeup | EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLET;

std::uint32_t to_bits(std::uint32_t events) {
  std::uint32_t bits = 0;
  for (const Translation& t : kTranslations) {
    if ((events & t.epoll) != 0) bits |= t.bits;
  }
  return bits;
}

std::uint32_t to_events(std::uint32_t bits, std::uint32_t asked) {
  if (bits == ready::kReadable) [[likely]]
    return kTranslations[0].epoll & asked;
  std::uint32_t events = 0;
  for (const Translation& t : kTranslations) {
    if ((bits & t.bits) != 0) events |= t.epoll & asked;
  }
  return events;
}

}  // namespace

EpollSet::~EpollSet() {
  for (auto& [key, item] : items_) unlink(*item);
}

EpollSet::Item* EpollSet::find_item(const Source& source, int fd) {
  const auto at = items_.find(Key{&source, fd});
  return at == items_.end() ? nullptr : at->second.get();
}

void EpollSet::arm(Item& item, const epoll_event& event) {
  item.events = event.events | kAlways;
  item.data = event.data.u64;
  item.wanted = to_bits(item.events);
  item.is_edge = (event.events & EPOLLET) != 0;
  item.is_armed = true;
}

void EpollSet::queue_if_ready(Item& item) {
  if (report(item) != 0) activate(item);
}

Result<void> EpollSet::add(int fd, const epoll_event& event) {
  all_.collect();
  ZS_TRY_ASSIGN(Source* const source, all_.source(fd));
  if (source->queue == this) return Errc::kInvalid;
  if ((event.events & kExclusive) != 0 &&
      (source->queue != nullptr || (event.events & ~kBesideExclusive) != 0)) {
    return Errc::kInvalid;
  }
  if (source->queue != nullptr &&
      (source->queue->reaches(*this) || source->queue->depth() >= kMostNested)) {
    return kLoop;
  }
  if (find_item(*source, fd) != nullptr) return Errc::kExists;
  auto owned = std::make_unique<Item>();
  Item& item = *owned;
  item.fd = fd;
  arm(item, event);
  items_.emplace(Key{source, fd}, std::move(owned));
  link(item, *source);
  if (item.is_edge) EventQueues::expect_edges(*source);
  queue_if_ready(item);
  return {};
}

Result<void> EpollSet::modify(int fd, const epoll_event& event) {
  all_.collect();
  ZS_TRY_ASSIGN(Source* const source, all_.source(fd));
  if (source->queue == this || (event.events & kExclusive) != 0) return Errc::kInvalid;
  Item* const item = find_item(*source, fd);
  if (item == nullptr) return Errc::kNotFound;
  if ((item->events & kExclusive) != 0) return Errc::kInvalid;
  arm(*item, event);
  if (item->is_edge) EventQueues::expect_edges(*source);
  queue_if_ready(*item);
  return {};
}

Result<void> EpollSet::remove(int fd) {
  ZS_TRY_ASSIGN(Source* const source, all_.source(fd));
  if (source->queue == this) return Errc::kInvalid;
  Item* const item = find_item(*source, fd);
  if (item == nullptr) return Errc::kNotFound;
  forget(*item);
  return {};
}

std::uint32_t EpollSet::report(const Watch& watch) const {
  const Item& item = static_cast<const Item&>(watch);
  if (!item.is_armed) return 0;
  return to_events(all_.readiness(*item.source, item.wanted), item.events);
}

[[gnu::flatten]] std::size_t EpollSet::wait(std::span<epoll_event> out) {
  all_.collect();
  std::size_t filled = 0;
  if (out.empty()) return 0;
  ready_.visit_in_turn([&](Watch& watch) {
    Item& item = static_cast<Item&>(watch);
    const std::uint32_t events = report(item);
    if (events == 0) {
      if (!all_.must_be_polled(item)) ready_.erase(item);
      return true;
    }
    out[filled].events = events;
    out[filled].data.u64 = item.data;
    ++filled;
    if ((item.events & EPOLLONESHOT) != 0) item.is_armed = false;
    if (item.is_edge || !item.is_armed) ready_.erase(item);
    return filled < out.size();
  });
  return filled;
}

void EpollSet::forget(Watch& watch) {
  unlink(watch);
  items_.erase(Key{watch.source, watch.fd});
}

unsigned EpollSet::depth() const {
  unsigned deepest = 0;
  for (const auto& [key, item] : items_) {
    if (const EventQueue* const below = key.source->queue) {
      deepest = std::max(deepest, below->depth());
    }
  }
  return deepest + 1;
}

bool EpollSet::reaches(const EventQueue& other) const {
  if (this == &other) return true;
  return std::any_of(items_.begin(), items_.end(), [&](const auto& entry) {
    const EventQueue* const below = entry.first.source->queue;
    return below != nullptr && below->reaches(other);
  });
}

}  // namespace zs::sock
