#include "sock/kernel_queue.hpp"

#include <algorithm>
#include <chrono>

#include "sock/readiness.hpp"
#include "sock/socket_table_impl.hpp"

namespace zs::sock {
namespace {

constexpr std::uint16_t kActions =
    kq::kAdd | kq::kDelete | kq::kEnable | kq::kDisable | kq::kReceipt | kq::kError | kq::kEof;

/// The period that data and fflags of EVFILT_TIMER name, or nothing. FreeBSD's unit is the
/// millisecond, and its least period one unit.
Result<Duration> period_of(const KernelEvent& event) {
  using namespace std::chrono;
  if (event.data < 0 || (event.fflags & kq::kAbsolute) != 0) return Errc::kInvalid;
  const std::intptr_t count = std::max<std::intptr_t>(event.data, 1);
  const auto in = [count](auto unit) -> Result<Duration> {
    if (count > Duration::max() / unit / 2) return Errc::kInvalid;
    return Duration{unit} * count;
  };
  switch (event.fflags) {
    case kq::kSeconds:
      return in(seconds{1});
    case 0:
    case kq::kMilliseconds:
      return in(milliseconds{1});
    case kq::kMicroseconds:
      return in(microseconds{1});
    case kq::kNanoseconds:
      return in(nanoseconds{1});
    default:
      return Errc::kInvalid;
  }
}

bool is_end(KernelEvent& event, bool no_more, Errc error) {
  if (!no_more) return false;
  event.flags |= kq::kEof;
  event.fflags = static_cast<std::uint32_t>(error);
  return true;
}

}  // namespace

KernelQueue::~KernelQueue() {
  while (!notes_.empty()) erase(*notes_.begin()->second);
}

Result<void> KernelQueue::change(const KernelEvent& event) {
  const bool of_descriptor = event.filter == kq::kRead || event.filter == kq::kWrite;
  if (!of_descriptor && event.filter != kq::kTimer && event.filter != kq::kUser) {
    return Errc::kInvalid;
  }
  all_.collect();
  if (of_descriptor) {
    if (event.ident > INT32_MAX) return Errc::kBadFd;
    ZS_TRY_ASSIGN(const Source* const source, all_.source(static_cast<int>(event.ident)));
    const bool is_queue = source->queue != nullptr;
    if (is_queue && (event.filter == kq::kWrite || source->queue == this)) return Errc::kInvalid;
  }
  const auto at = notes_.find({event.ident, event.filter});
  if (at == notes_.end()) {
    if ((event.flags & kq::kAdd) == 0) return Errc::kNotFound;
    ZS_TRY_ASSIGN(Note* const note, make(event));
    if (auto applied = apply(*note, event, true); !applied) {
      erase(*note);
      return applied;
    }
    return {};
  }
  if ((event.flags & kq::kDelete) != 0) {
    erase(*at->second);
    return {};
  }
  return apply(*at->second, event, false);
}

Result<KernelQueue::Note*> KernelQueue::make(const KernelEvent& event) {
  Source* source = nullptr;
  const bool of_descriptor = event.filter == kq::kRead || event.filter == kq::kWrite;
  if (of_descriptor) {
    ZS_TRY_ASSIGN(source, all_.source(static_cast<int>(event.ident)));
    if (source->queue != nullptr &&
        (source->queue->reaches(*this) || source->queue->depth() >= kMostNested)) {
      return kLoop;
    }
  }
  auto owned = std::make_unique<Note>();
  Note& note = *owned;
  note.queue = this;
  note.asked = event;
  note.asked.flags = static_cast<std::uint16_t>(event.flags & ~kActions);
  if (event.filter == kq::kTimer) note.asked.flags |= kq::kClear;  // as kevent(2) has it
  note.is_edge = (note.asked.flags & kq::kClear) != 0;
  note.fd = of_descriptor ? static_cast<int>(event.ident) : -1;
  note.wanted = event.filter == kq::kWrite ? ready::kWritable : ready::kReadable;
  note.wanted |= ready::kHangup | ready::kError | ready::kPeerClosed;
  notes_.emplace(Key{event.ident, event.filter}, std::move(owned));
  if (source != nullptr) {
    link(note, *source);
    if (note.is_edge) EventQueues::expect_edges(*source);
  }
  return &note;
}

Result<void> KernelQueue::apply(Note& note, const KernelEvent& event, bool is_new) {
  // Every change brings its own udata (kevent(2)); parameters come with EV_ADD, and the fflags of
  // EVFILT_USER always, since NOTE_TRIGGER is one of them.
  note.asked.udata = event.udata;
  if (note.asked.filter == kq::kUser) apply_user_flags(note, event.fflags);
  if ((event.flags & kq::kAdd) != 0) {
    if (note.asked.filter != kq::kUser) note.asked.fflags = event.fflags;
    note.asked.data = event.data;
    if (note.asked.filter == kq::kTimer) {
      if (!is_new) all_.stop_timer(note.due, note);
      ZS_TRY(start_timer(note));
    }
    note.is_disabled = false;
  }
  if ((event.flags & kq::kEnable) != 0) note.is_disabled = false;
  if ((event.flags & kq::kDisable) != 0) note.is_disabled = true;
  if (note.is_disabled) {
    if (note.is_queued()) ready_.erase(note);
    return {};
  }
  if (is_ready(note)) activate(note);
  return {};
}

void KernelQueue::apply_user_flags(Note& note, std::uint32_t fflags) {
  const std::uint32_t given = fflags & kq::kFlagsMask;
  switch (fflags & kq::kControlMask) {
    case kq::kAnd:
      note.asked.fflags &= given;
      break;
    case kq::kOr:
      note.asked.fflags |= given;
      break;
    case kq::kCopy:
      note.asked.fflags = given;
      break;
    default:
      break;
  }
  note.asked.fflags &= kq::kFlagsMask;
  if ((fflags & kq::kTrigger) != 0) note.is_triggered = true;
}

Result<void> KernelQueue::start_timer(Note& note) {
  ZS_TRY_ASSIGN(note.period, period_of(note.asked));
  note.expired = 0;
  note.due = all_.now() + note.period;
  all_.start_timer(note.due, note);
  return {};
}

void KernelQueue::on_timer(Watch& watch, Instant now) {
  Note& note = static_cast<Note&>(watch);
  const auto times = (now - note.due) / note.period + 1;
  if ((note.asked.flags & kq::kOneShot) != 0) {
    note.expired = 1;
  } else {
    note.expired += static_cast<std::intptr_t>(times);
    note.due = note.due + note.period * times;
    all_.start_timer(note.due, note);
  }
  if (!note.is_disabled) activate(note);
}

bool KernelQueue::is_ready(const Watch& watch) const {
  KernelEvent event;
  return evaluate(static_cast<const Note&>(watch), event);
}

bool KernelQueue::evaluate(const Note& note, KernelEvent& event) const {
  if (note.is_disabled) return false;
  event = note.asked;
  switch (note.asked.filter) {
    case kq::kRead:
      event.fflags = 0;
      return evaluate_read(note, event);
    case kq::kWrite:
      event.fflags = 0;
      return evaluate_write(note, event);
    case kq::kTimer:
      event.data = note.expired;
      event.fflags = 0;
      return note.expired > 0;
    default:
      event.data = 0;
      return note.is_triggered;
  }
}

bool KernelQueue::evaluate_read(const Note& note, KernelEvent& event) const {
  if (EventQueue* const queue = note.source->queue) {
    event.data = static_cast<std::intptr_t>(queue->count_ready(SIZE_MAX));
    return event.data > 0;
  }
  const Socket& socket = *note.source->socket;
  if (socket.listener != nullptr) {
    event.data = static_cast<std::intptr_t>(socket.listener->waiting());
    return event.data > 0;
  }
  const udp::Table& udp = all_.sockets().udp;
  std::intptr_t least = 1;
  if ((note.asked.fflags & kq::kLowWater) != 0) least = std::max<std::intptr_t>(note.asked.data, 1);
  if (socket.type == Type::kDatagram) {
    event.data = static_cast<std::intptr_t>(udp.next_bytes(socket.datagram));
    // An empty datagram is one as well.
    if (least == 1 && udp.has_data(socket.datagram)) return true;
    return event.data >= least || udp.has_error(socket.datagram);
  }
  event.data = 0;
  if (socket.connection == nullptr) return false;
  const tcp::Progress p = socket.connection->progress();
  const Errc error = socket.connection->error();
  event.data = p.unread;
  return is_end(event, p.no_more_in, error) || error != Errc{} || event.data >= least;
}

bool KernelQueue::evaluate_write(const Note& note, KernelEvent& event) const {
  const Socket& socket = *note.source->socket;
  event.data = 0;
  if (socket.type == Type::kDatagram) {
    constexpr std::intptr_t kLargestDatagram = 65'507;
    const bool can_send = all_.sockets().udp.can_send();
    if (can_send) event.data = kLargestDatagram;
    return can_send || all_.sockets().udp.has_error(socket.datagram);
  }
  // One that sleeps can be written to, but only it knows how much.
  SocketTable::Impl& sockets = all_.sockets();
  if (socket.dormant != nullptr) sockets.tcp.wake(*socket.dormant, sockets.shard.now());
  if (socket.connection == nullptr) return false;
  const tcp::Progress p = socket.connection->progress();
  const Errc error = socket.connection->error();
  event.data = p.room;
  if (is_end(event, p.no_more_out, error) || error != Errc{}) return true;
  if (p.connecting) return false;
  const bool has_room = (note.asked.fflags & kq::kLowWater) != 0 ? event.data >= note.asked.data
                                                                 : socket.connection->is_writable();
  if (!has_room) note.source->wants_room = true;
  return has_room;
}

std::size_t KernelQueue::collect_events(std::size_t most,
                                        const std::function<void(const KernelEvent&)>& take) {
  all_.collect();
  std::size_t count = 0;
  if (most == 0) return 0;
  ready_.visit_in_turn([&](Watch& watch) {
    Note& note = static_cast<Note&>(watch);
    KernelEvent event;
    if (!evaluate(note, event)) {
      if (!all_.must_be_polled(note)) ready_.erase(note);
      return true;
    }
    ++count;
    after_report(note);
    take(event);
    return count < most;
  });
  return count;
}

/// EV_ONESHOT, EV_CLEAR and EV_DISPATCH.
void KernelQueue::after_report(Note& note) {
  const std::uint16_t flags = note.asked.flags;
  if ((flags & kq::kOneShot) != 0) {
    erase(note);
    return;
  }
  if ((flags & kq::kClear) != 0) {
    note.expired = 0;
    if (note.asked.filter == kq::kUser) {
      note.is_triggered = false;
      note.asked.fflags = 0;
    }
  }
  if ((flags & kq::kDispatch) != 0) note.is_disabled = true;
  if ((flags & (kq::kClear | kq::kDispatch)) != 0) ready_.erase(note);
}

void KernelQueue::forget(Watch& watch) { erase(static_cast<Note&>(watch)); }

void KernelQueue::erase(Note& note) {
  if (note.asked.filter == kq::kTimer) all_.stop_timer(note.due, note);
  unlink(note);
  notes_.erase(Key{note.asked.ident, note.asked.filter});
}

unsigned KernelQueue::depth() const {
  unsigned deepest = 0;
  for (const auto& [key, note] : notes_) {
    if (note->source == nullptr || note->source->queue == nullptr) continue;
    deepest = std::max(deepest, note->source->queue->depth());
  }
  return deepest + 1;
}

bool KernelQueue::reaches(const EventQueue& other) const {
  if (this == &other) return true;
  return std::any_of(notes_.begin(), notes_.end(), [&](const auto& entry) {
    const Source* const source = entry.second->source;
    return source != nullptr && source->queue != nullptr && source->queue->reaches(other);
  });
}

}  // namespace zs::sock
