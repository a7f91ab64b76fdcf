#include "sock/event_queues.hpp"

#include <algorithm>
#include <utility>

#include "sock/epoll_set.hpp"
#include "sock/kernel_queue.hpp"
#include "sock/readiness.hpp"
#include "sock/socket_table_impl.hpp"
#include "sock/wait_list.hpp"

namespace zs::sock {

EventQueues::EventQueues(SocketTable& sockets)
    : sockets_(*sockets.impl_), waits_(std::make_unique<WaitList>(*this)) {
  sockets_.queues = this;
}

EventQueues::~EventQueues() {
  close_all();
  sockets_.queues = nullptr;
}

void EventQueues::close_all() {
  while (!queues_.empty()) close(queues_.begin()->first);
}

Result<int> EventQueues::take_number() {
  const auto number = sockets_.descriptors.take();
  if (!number) return Errc::kTooManyFiles;
  return *number;
}

Result<int> EventQueues::open_epoll() {
  ZS_TRY_ASSIGN(const int number, take_number());
  queues_.emplace(number, std::make_unique<EpollSet>(*this, number));
  return number;
}

Result<int> EventQueues::open_kernel_queue() {
  ZS_TRY_ASSIGN(const int number, take_number());
  queues_.emplace(number, std::make_unique<KernelQueue>(*this, number));
  return number;
}

EventQueue* EventQueues::find(int fd) {
  if (latest_ != nullptr && latest_->number() == fd) return latest_;
  const auto at = queues_.find(fd);
  if (at == queues_.end()) return nullptr;
  latest_ = at->second.get();
  return latest_;
}

EpollSet* EventQueues::epoll(int fd) {
  EventQueue* const queue = find(fd);
  if (queue == nullptr || queue->kind() != EventQueue::Kind::kEpoll) return nullptr;
  return static_cast<EpollSet*>(queue);
}

KernelQueue* EventQueues::kernel_queue(int fd) {
  EventQueue* const queue = find(fd);
  if (queue == nullptr || queue->kind() != EventQueue::Kind::kKernelQueue) return nullptr;
  return static_cast<KernelQueue*>(queue);
}

bool EventQueues::close(int fd) {
  const auto at = queues_.find(fd);
  if (at == queues_.end()) return false;
  latest_ = nullptr;
  const std::unique_ptr<EventQueue> queue = std::move(at->second);
  queues_.erase(at);
  drop_all(queue->source());
  sockets_.descriptors.give_back(fd);
  return true;
}

void EventQueues::stop_timer(Instant at, const Watch& watch) {
  const auto [first, last] = timers_.equal_range(at);
  const auto found = std::find_if(first, last, [&](const auto& t) { return t.second == &watch; });
  if (found != last) timers_.erase(found);
}

void EventQueues::fire_timers() {
  while (!timers_.empty() && timers_.begin()->first <= now_) {
    Watch& watch = *timers_.begin()->second;
    timers_.erase(timers_.begin());
    watch.queue->on_timer(watch, now_);
  }
}

bool EventQueues::has_ready() {
  if (waits_->has_over()) return true;
  return std::any_of(queues_.begin(), queues_.end(),
                     [](const auto& entry) { return entry.second->has_ready(); });
}

Result<Source*> EventQueues::source(int fd) {
  if (EventQueue* const queue = find(fd)) return &queue->source();
  Socket* const socket = sockets_.find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (!socket->source) {
    socket->source = std::make_unique<Source>();
    socket->source->socket = socket;
    socket->interest |= kObserved;
  }
  return socket->source.get();
}

Result<void> EventQueues::set_timeouts(int fd, const Timeouts& timeouts) {
  ZS_TRY_ASSIGN(Source* const at, source(fd));
  if (at->socket == nullptr) return Errc{ENOTSOCK};
  at->timeouts = timeouts;
  return {};
}

Result<Timeouts> EventQueues::timeouts(int fd) const {
  const Socket* const socket = sockets_.find_as_it_is(fd);
  if (socket == nullptr) return Errc::kBadFd;
  return socket->source ? socket->source->timeouts.value_or({}) : Timeouts{};
}

void EventQueues::collect() {
  sockets_.collect_changes();
  while (!sockets_.ready.empty()) {
    Socket& socket = sockets_.ready.pop_front();
    if (socket.source) touch(*socket.source);
  }
  fire_timers();
}

void EventQueues::expect_edges(Source& source) {
  if (source.socket == nullptr || std::exchange(source.has_edges, true)) return;
  (void)edges_of(source);  // what it looks like now is no news
}

void EventQueues::touch(Source& source) {
  const std::uint32_t edges = source.has_edges ? edges_of(source) : 0;
  source.watches.for_each([edges](Watch& watch) {
    if (!watch.is_edge || (edges & watch.wanted) != 0) watch.queue->activate(watch);
  });
}

std::uint32_t EventQueues::readiness(Source& source, std::uint32_t wanted) {
  if (source.queue != nullptr) {
    return source.queue->has_ready() ? ready::kReadable & wanted : 0;
  }
  const std::uint32_t bits = posix_readiness(*source.socket, wanted, sockets_.udp);
  if ((wanted & ready::kWritable & ~bits) != 0) source.wants_room = true;
  return bits & wanted;
}

bool EventQueues::must_be_polled(const Watch& watch) const {
  return watch.source != nullptr && watch.source->socket != nullptr &&
         watch.source->socket->type == Type::kDatagram && (watch.wanted & ready::kWritable) != 0 &&
         !sockets_.udp.can_send();
}

void EventQueues::drop_all(Source& source) {
  while (!source.watches.empty()) {
    Watch& watch = source.watches.front();
    watch.queue->forget(watch);
  }
}

void EventQueues::drop_by_number(Source& source, int fd) {
  source.watches.for_each([fd](Watch& watch) {
    if (watch.fd == fd && watch.queue->kind() != EventQueue::Kind::kEpoll) {
      watch.queue->forget(watch);
    }
  });
}

}  // namespace zs::sock
