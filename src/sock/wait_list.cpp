#include "sock/wait_list.hpp"

#include "sock/event_queues.hpp"

namespace zs::sock {
namespace {

constexpr std::uint32_t kAlwaysTold = ready::kError | ready::kHangup;

}  // namespace

Result<void> WaitList::begin(Wait& wait, std::span<const Wish> wishes, Instant until) {
  all_.collect();
  wait.end = WaitEnd::kNotYet;
  for (const Wish& wish : wishes) {
    const auto source = all_.source(wish.fd);
    if (!source) {
      finish(wait);
      return source.error();
    }
    WaitWatch& watch = wait.watches.emplace_back();
    watch.wait = &wait;
    watch.fd = wish.fd;
    watch.wanted = wish.wanted | kAlwaysTold;
    link(watch, **source);
    if (is_ready(watch)) {
      end_now(wait, WaitEnd::kReady);
    } else if (all_.must_be_polled(watch)) {
      activate(watch);
    }
  }
  wait.until = until;
  if (!until.is_never()) {
    wait.timer.queue = this;
    wait.timer.wait = &wait;
    all_.start_timer(until, wait.timer);
  }
  return {};
}

void WaitList::finish(Wait& wait) {
  for (WaitWatch& watch : wait.watches) unlink(watch);
  wait.watches.clear();
  if (!wait.until.is_never()) all_.stop_timer(wait.until, wait.timer);
  wait.until = Instant::never();
  if (static_cast<ListHook<WaitTag>&>(wait).is_linked()) over_.erase(wait);
}

void WaitList::end_now(Wait& wait, WaitEnd end) {
  wait.end = end;
  over_.push_back_once(wait);
}

Wait* WaitList::take() { return over_.empty() ? nullptr : &over_.pop_front(); }

bool WaitList::has_over() {
  all_.collect();
  ready_.visit_in_turn([this](Watch& watch) {
    const bool is_so = is_ready(watch);
    if (is_so) end_now(*static_cast<WaitWatch&>(watch).wait, WaitEnd::kReady);
    if (is_so || !all_.must_be_polled(watch)) ready_.erase(watch);
    return true;
  });
  return !over_.empty();
}

// It may have been ready as well: that the descriptor is gone, or another's, is what counts.
void WaitList::forget(Watch& watch) {
  unlink(watch);
  end_now(*static_cast<WaitWatch&>(watch).wait, WaitEnd::kGone);
}

void WaitList::on_timer(Watch& watch, Instant /*now*/) {
  Wait& wait = *static_cast<WaitWatch&>(watch).wait;
  if (wait.end == WaitEnd::kNotYet) end_now(wait, WaitEnd::kTimeout);
}

bool WaitList::is_ready(const Watch& watch) const {
  return all_.readiness(*watch.source, watch.wanted) != 0;
}

}  // namespace zs::sock
