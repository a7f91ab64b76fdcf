#include "sock/event_queue.hpp"

#include "sock/event_queues.hpp"

namespace zs::sock {

std::size_t EventQueue::count_ready(std::size_t at_most) {
  std::size_t count = 0;
  ready_.visit_in_turn([&](Watch& watch) {
    if (is_ready(watch)) {
      ++count;
    } else if (!all_.must_be_polled(watch)) {
      ready_.erase(watch);
    }
    return count < at_most;
  });
  return count;
}

void EventQueue::activate(Watch& watch) {
  if (!watch.is_queued()) ready_.push_back(watch);
  // A queue that watches this one is told of every arrival, as a socket tells of every segment.
  source_.watches.for_each([](Watch& outer) { outer.queue->activate(outer); });
}

void EventQueue::unlink(Watch& watch) {
  if (watch.is_queued()) watch.queue->ready_.erase(watch);
  if (static_cast<OfSource&>(watch).is_linked()) watch.source->watches.erase(watch);
}

void EventQueue::link(Watch& watch, Source& source) {
  watch.queue = this;
  watch.source = &source;
  source.watches.push_back(watch);
}

}  // namespace zs::sock
