#include "runtime/shard_loop.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "dev/fault.hpp"
#include "runtime/clock.hpp"
#include "tcp/engine.hpp"

namespace zs::runtime {
namespace {

constexpr Duration kLinkCheckPeriod = 1s;
/// A guard against a wake-up that a device forgot: an idle shard looks this often at least.
constexpr Duration kLongestSleep = 500ms;
/// While the link is down and something waits for it.
constexpr Duration kLinkDownSleep = 1ms;
/// After the last connection the peer's final ACKs may still be on their way.
constexpr Duration kQuietEnd = 20ms;
/// Application, transmit and back: how often a pass repeats while the socket layer has more to say.
constexpr int kMaxRounds = 4;

}  // namespace

ShardLoop::ShardLoop(const ShardParts& parts)
    : parts_(parts),
      burst_(std::min<std::size_t>(parts.config->runtime.burst, kMaxBurst)),
      governor_(parts.config->runtime.spin, read_clock()),
      link_up_(parts.queue->link_up()) {}

ShardLoop::~ShardLoop() {
  for (rte_mbuf* packet : std::span(unsent_).first(unsent_count_)) buf::free_chain(packet);
}

ShardLoop::Turn ShardLoop::turn(Instant now) {
  ++stats_.turns;
  if (parts_.fault != nullptr) parts_.fault->advance(now);
  if (now >= next_link_check_) check_link(now);
  bool busy = receive(now) > 0;
  busy = serve(now) || busy;
  // Behind the answers, which need not wait for the question what is due; and a packet that came in
  // time is seen before a timer that fires for want of it.
  if (fire_timers(now)) busy = serve(now) || busy;
  return busy || (unsent_count_ > 0 && link_up_) ? Turn::kBusy : Turn::kIdle;
}

/// The application's part, and what follows from it. True if there was anything.
bool ShardLoop::serve(Instant now) {
  bool busy = false;
  for (int round = 0; round < kMaxRounds; ++round) {
    const bool served = parts_.application->on_turn(*parts_.sockets, now);
    const std::size_t sent = transmit(now);
    busy = busy || served || sent > 0;
    // What was sent may have made room, and a cut-through delivery may have made data.
    if (!served || unsent_count_ > 0) break;
  }
  return busy;
}

bool ShardLoop::fire_timers(Instant now) {
  const bool of_stack = now >= parts_.shard->next_deadline();
  if (of_stack) parts_.shard->on_deadline(now);
  const bool of_application = now >= parts_.application->next_deadline();
  if (of_application) parts_.application->on_deadline(now);
  return of_stack || of_application;
}

std::size_t ShardLoop::receive(Instant now) {
  std::array<rte_mbuf*, kMaxBurst> packets;
  std::size_t n = parts_.queue->rx_burst(std::span(packets).first(burst_));
  if (n > 0) {
    std::size_t ours = n;
    if (const auto ask = parts_.dispatcher->load(std::memory_order_relaxed)) [[unlikely]] {
      ours = dispatch(ask, parts_.index, std::span(packets).first(n), *parts_.relay, *parts_.queue);
    }
    ours = parts_.relay->offer(parts_.index, std::span(packets).first(ours), *parts_.pools.data);
    parts_.shard->on_burst(0, std::span(packets).first(ours), now);
    stats_.rx_packets += n;
  }
  if (parts_.relay->has_work(parts_.index)) {
    const std::size_t relayed = parts_.relay->take(parts_.index, std::span(packets).first(burst_));
    parts_.shard->on_burst(0, std::span(packets).first(relayed), now);
    n += relayed;
  }
  return n;
}

std::size_t ShardLoop::transmit(Instant now) {
  std::size_t total = 0;
  // Bounded, so that whatever the stack has to say, the next pass hears the network and the
  // signals.
  for (int bursts = 0; bursts < kMaxBurstsSent; ++bursts) {
    if (unsent_count_ < burst_) {
      const auto room = std::span(unsent_).first(burst_).subspan(unsent_count_);
      unsent_count_ += parts_.shard->poll_transmit(0, room, now);
    }
    if (unsent_count_ == 0) break;
    const std::size_t sent = parts_.queue->tx_burst(std::span(unsent_).first(unsent_count_));
    std::copy(unsent_.begin() + static_cast<std::ptrdiff_t>(sent),
              unsent_.begin() + static_cast<std::ptrdiff_t>(unsent_count_), unsent_.begin());
    unsent_count_ -= sent;
    total += sent;
    // A device that took nothing is full: the rest waits for the next pass, and the stack behind
    // it, so that what waits here is never more than a burst.
    if (sent == 0) break;
  }
  stats_.tx_packets += total;
  return total;
}

void ShardLoop::check_link(Instant now) {
  next_link_check_ = now + kLinkCheckPeriod;
  const bool up = parts_.queue->link_up();
  if (up == link_up_) return;
  link_up_ = up;
  parts_.shard->on_link(0, up, now);
}

Instant ShardLoop::next_deadline() const {
  Instant next = std::min(parts_.shard->next_deadline(), parts_.application->next_deadline());
  if (parts_.fault != nullptr) next = std::min(next, parts_.fault->next_deadline());
  return std::min(next, next_link_check_);
}

bool ShardLoop::has_nothing_to_do() const {
  // What a link that is down does not take waits for it.
  return (!has_unsent() || !link_up_) && !parts_.sockets->has_ready() &&
         !parts_.relay->has_work(parts_.index);
}

/// Sleeps until there is work or `deadline`, if that is allowed and possible.
void ShardLoop::rest(Instant deadline, Instant now) {
  const LoopConfig& config = parts_.config->runtime;
  if (config.idle == IdlePolicy::kSpin || !has_nothing_to_do()) return;
  Duration wait = std::clamp<Duration>(deadline.is_never() ? kLongestSleep : deadline - now,
                                       Duration{}, kLongestSleep);
  if (has_unsent()) wait = kLinkDownSleep;
  const dev::Wake wake = governor_.trusts_device() ? parts_.queue->arm_wake() : dev::Wake::kNever;
  if (wake == dev::Wake::kNever) wait = std::min(wait, config.nap);
  if (wait.count() == 0) {
    if (wake == dev::Wake::kNever) governor_.on_insomnia(now);
  } else {
    Waker& waker = parts_.relay->waker(parts_.index);
    waker.fall_asleep();
    // What came before we asked for signals gives none.
    if (wake == dev::Wake::kOnArrival && turn(now) == Turn::kBusy) {
      governor_.on_work(now);
    } else if (has_nothing_to_do()) {
      sleep(wake, wait);
    }
    waker.rise();
  }
  parts_.queue->disarm_wake();
}

void ShardLoop::sleep(dev::Wake wake, Duration wait) {
  ++stats_.sleeps;
  governor_.on_sleep();
  if (wake == dev::Wake::kNever) {
    ++stats_.naps;
    wait_for_signal(-1, wait);
    return;
  }
  const IdleGovernor::Woken woken = wait_for_signal(parts_.queue->wake_fd(), wait);
  const std::uint64_t before = stats_.rx_packets;
  if (turn(read_clock()) == Turn::kBusy) governor_.on_work(read_clock());
  governor_.on_wake(woken, wait, stats_.rx_packets > before);
  if (!governor_.trusts_device()) {
    spdlog::warn("shard {}: its device keeps silent about packets; it is not relied on any more",
                 parts_.index);
  }
}

/// On `device` (none: -1) or on the shard's own waker.
IdleGovernor::Woken ShardLoop::wait_for_signal(int device, Duration wait) {
  Waker& waker = parts_.relay->waker(parts_.index);
  std::array<pollfd, 2> fds{pollfd{waker.fd(), POLLIN, 0}, pollfd{device, POLLIN, 0}};
  const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
  if (ppoll(fds.data(), fds.size(), &timeout, nullptr) <= 0) return IdleGovernor::Woken::kByTime;
  if ((fds[0].revents & POLLIN) != 0) waker.drain();
  // A device whose interface went away reports errors for ever; without a pause here the shard
  // would spin until it is back.
  if ((fds[1].revents & POLLIN) == 0 && (fds[1].revents & (POLLERR | POLLHUP)) != 0) {
    constexpr timespec kPause{0, 10'000'000};
    ppoll(fds.data(), 1, &kPause, nullptr);
  }
  return IdleGovernor::Woken::kBySignal;
}

void ShardLoop::run(const std::atomic<bool>& stop) {
  Instant now = read_clock();
  while (!stop.load(std::memory_order_relaxed)) {
    if (turn(now) == Turn::kBusy) {
      governor_.on_work(now);
    } else if (governor_.should_sleep(now)) {
      rest(next_deadline(), now);
    }
    tell_if_finished();
    now = read_clock();
  }
  drain(now);
}

/// The shard goes on: others may still need what it relays.
void ShardLoop::tell_if_finished() {
  if (told_finished_ || !parts_.application->is_finished()) return;
  told_finished_ = true;
  parts_.finished->fetch_add(1);
  parts_.control->wake();
}

/// Something that we sent, a FIN perhaps, is not acknowledged yet by its peer.
bool ShardLoop::is_flushing() const {
  bool any = false;
  parts_.shard->tcp().for_each_connection([&any](const tcp::Connection& connection) {
    using enum tcp::State;
    const tcp::State state = connection.state();
    any = any || state == kFinWait1 || state == kClosing || state == kLastAck;
  });
  return any;
}

void ShardLoop::drain(Instant now) {
  parts_.application->on_stop(now);
  const Instant end = now + parts_.config->runtime.drain;
  while ((!parts_.application->is_stopped() || is_flushing()) && now < end) {
    if (turn(now) == Turn::kIdle) rest(std::min(next_deadline(), end), now);
    now = read_clock();
  }
  if (!parts_.application->is_stopped()) parts_.application->on_abort(now);
  const Instant quiet = now + std::min(kQuietEnd, parts_.config->runtime.drain);
  do {
    turn(now);
    now = read_clock();
  } while (now < quiet || (unsent_count_ > 0 && now < end));
}

}  // namespace zs::runtime
