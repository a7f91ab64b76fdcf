// Connections fall asleep when there are many and nothing goes on with them, and wake by the next
// segment, timer or call (ADR 15). What is moved is bytes: a connection that may sleep has nothing
// that points to it but its table, its timer and its seat, and nothing that points into itself.

#include "tcp/dormancy.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "tcp/engine.hpp"

namespace zs::tcp {

namespace {
using ConnectionWords = std::array<std::uint32_t, sizeof(Connection) / sizeof(std::uint32_t)>;
static_assert(sizeof(ConnectionWords) == sizeof(Connection));

/// Who was active so lately is let alone, unless memory is short.
constexpr Duration kNap = std::chrono::seconds{1};
/// How many are looked at when there is one too many.
constexpr int kLooks = 4;
}  // namespace

bool Dormancy::may_sleep(const Connection& c) {
  if (!c.steady_ || c.seat_ == nullptr || c.listener_ != nullptr || c.error_ != Errc{}) {
    return false;
  }
  if (c.has_outstanding() || !c.send_buffer_.empty() || c.receive_buffer_.size() > 0) return false;
  if (c.ack_.is_pending() || c.reassembly_.has_report() || c.write_wanted_ > 0) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(TimerId::kCount); ++i) {
    const auto id = static_cast<TimerId>(i);
    if (id != TimerId::kKeepAlive && c.timers_.is_armed(id)) return false;
  }
  // On no list: whoever has it there has its address.
  return !static_cast<const ListHook<TransmitTag>&>(c).is_linked() &&
         !static_cast<const ListHook<ChangedTag>&>(c).is_linked() &&
         !static_cast<const ListHook<AcceptTag>&>(c).is_linked() && c.is_writable();
}

Instant Dormancy::last_active(const Connection& c) {
  return std::max(c.last_sent_, c.recent_timestamp_at_);
}

std::size_t Dormancy::flow_offset(const Connection& c) {
  return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&c.flow_) -
                                  reinterpret_cast<const std::byte*>(&c));
}

void Dormancy::prepare_to_move(Connection& c) {
  ZS_ASSERT(may_sleep(c));
  // Another hook would be another list that has the address of a connection: may_sleep() must ask.
  struct [[maybe_unused]] Hooks : timer::Entry,
                                  ListHook<TransmitTag>,
                                  ListHook<ChangedTag>,
                                  ListHook<AcceptTag> {};
  ZS_ASSERT(static_cast<const void*>(&c.snd_) ==
            reinterpret_cast<const std::byte*>(&c) + sizeof(Hooks));
  c.disarm();
  c.seat_ = nullptr;
  c.send_buffer_.release_memory();
  c.reassembly_.release_memory();
  c.recovery_.release_memory();
  c.congestion_.before_move();
}

void Dormancy::finish_move(Connection& c, Seat* seat) {
  c.congestion_.after_move();
  c.seat_ = seat;
}

void Engine::make_room(Instant now) {
  const std::size_t enough = shared_.config.awake_connections;
  if (slab_.size() <= enough) return;
  for (int look = 0; look < kLooks; ++look) {
    Connection* const c = slab_.next_in_turn();
    if (c == nullptr || !Dormancy::may_sleep(*c)) continue;
    if (slab_.size() > 2 * enough || now - Dormancy::last_active(*c) >= kNap) put_to_sleep(*c);
  }
}

void Engine::put_to_sleep(Connection& connection) {
  ConnectionWords words;
  const Dormitory::Sleeper sleeper{
      .hash = table_.hash(connection.flow()),
      .words = words,
      .flow_at = Dormancy::flow_offset(connection) / sizeof(std::uint32_t),
      .seat = connection.seat(),
      .deadline = connection.next_deadline()};
  table_.erase(connection.flow(), connection);
  Dormancy::prepare_to_move(connection);
  std::memcpy(words.data(), static_cast<const void*>(&connection), sizeof words);
  slab_.vacate(connection);
  *sleeper.seat = {nullptr, &dormitory_.add(sleeper)};
  ++shared_.counters.connections_slept;
}

Connection& Engine::wake(Dormant& dormant, Instant now) {
  make_room(now);
  ConnectionWords words;
  Seat* const seat = dormitory_.take(dormant, words);
  void* const place = slab_.occupy();
  std::memcpy(place, words.data(), sizeof words);
  Connection& connection = *std::launder(static_cast<Connection*>(place));
  Dormancy::finish_move(connection, seat);
  *seat = {&connection, nullptr};
  table_.insert(connection.flow(), connection);
  arm(connection);
  return connection;
}

Dormant* Engine::find_dormant(const FlowKey& flow) const {
  return dormitory_.size() == 0 ? nullptr : dormitory_.find(table_.hash(flow), flow);
}

void Engine::wake_due(Instant now) {
  while (Dormant* dormant = dormitory_.pop_due(now)) wake(*dormant, now).on_deadline(now);
}

/// Nobody hears of it any more.
void Engine::discard_dormant() {
  while (Dormant* dormant = dormitory_.any()) {
    ConnectionWords words;
    (void)dormitory_.take(*dormant, words);
    void* const place = slab_.occupy();
    std::memcpy(place, words.data(), sizeof words);
    Connection& connection = *std::launder(static_cast<Connection*>(place));
    Dormancy::finish_move(connection, nullptr);
    slab_.destroy(connection);
  }
}

}  // namespace zs::tcp
