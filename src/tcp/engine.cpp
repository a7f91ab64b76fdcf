#include "tcp/engine.hpp"

#include <algorithm>
#include <utility>

#include "tcp/flow_hash.hpp"
#include "tcp/packet_builder.hpp"
#include "tcp/window_scale.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;

Engine::Engine(const EngineDependencies& dependencies)
    : secret_(dependencies.secret),
      isn_(dependencies.secret),
      ports_(dependencies.config, dependencies.secret),
      slab_(dependencies.config.max_connections),
      table_(dependencies.secret),
      dormitory_(sizeof(Connection) / sizeof(std::uint32_t)),
      syn_cache_({.capacity = dependencies.config.syn_cache_entries,
                  .initial_rto = dependencies.config.initial_rto,
                  .max_rto = dependencies.config.max_rto},
                 dependencies.secret),
      fast_open_cookies_(dependencies.secret),
      syn_cookies_(dependencies.secret),
      time_wait_(dependencies.config.time_wait_entries, dependencies.config.time_wait,
                 dependencies.secret) {
  shared_.config = dependencies.config;
  shared_.pools = dependencies.pools;
  shared_.drops = dependencies.drops;
}

Engine::~Engine() {
  while (take_changed_listener() != nullptr) continue;
  for (auto& [id, listener] : listeners_) {
    while (Connection* waiting = listener->dequeue()) waiting->set_listener(nullptr);
  }
  slab_.for_each_live([this](Connection& c) { destroy(c); });
  discard_dormant();
}

void Engine::on_segment(Segment&& segment, Instant now) {
  ++shared_.counters.segments_in;
  if (Connection* connection = table_.find(segment.flow)) {
    connection->on_segment(std::move(segment), now);
    return;
  }
  if (Dormant* dormant = find_dormant(segment.flow)) {
    wake(*dormant, now).on_segment(std::move(segment), now);
    return;
  }
  if (TimeWaitRecord* record = time_wait_.find(segment.flow)) {
    on_time_wait_segment(segment, *record, now);
    return;
  }
  if (SynCacheEntry* entry = syn_cache_.find(segment.flow)) {
    on_half_open_segment(std::move(segment), *entry, now);
    return;
  }
  if (Listener* listener = find_listener(segment.flow)) {
    on_listen_segment(segment, *listener, std::nullopt, now);
    return;
  }
  on_stray_segment(segment);
}

bool Engine::on_plain_segment(const wire::PlainTcp& segment, rte_mbuf* frame,
                              std::uint16_t segment_size, Instant now) {
  // A connection's addresses were judged when it was opened.
  Connection* const connection = table_.find(segment.flow);
  if (connection == nullptr || !connection->predicts(segment)) return false;
  ++shared_.counters.segments_in;
  connection->on_predicted(segment, frame, segment_size, now);
  return true;
}

/// RFC 9293 §3.10.7.1: the state is CLOSED.
void Engine::on_stray_segment(const Segment& segment) {
  shared_.count(Drop::kTcpNoListener);
  if (!segment.has(flag::kRst)) shared_.reply(reset_for(segment));
}

/// RFC 9293 §3.10.7.4, TIME-WAIT, with RFC 6191 and RFC 1337.
void Engine::on_time_wait_segment(Segment& segment, TimeWaitRecord& record, Instant now) {
  if (segment.has(flag::kRst)) return;  // RFC 1337 §3: an old reset must not end TIME-WAIT
  const bool both_stamped = record.timestamps && segment.options.timestamps.has_value();
  const bool is_newer =
      both_stamped ? SeqNum{segment.options.timestamps->value}.after(SeqNum{record.ts_recent})
                   : segment.seq.after(record.rcv_nxt);
  if (segment.has(flag::kSyn) && !segment.has(flag::kAck)) {
    Listener* listener = find_listener(segment.flow);
    if (listener != nullptr && is_newer) {
      // RFC 6191 §2; the new sequence space begins behind the old one (RFC 9293 §3.6.1).
      const SeqNum least_iss = record.snd_nxt + (std::uint32_t{record.window} + 1);
      time_wait_.erase(record);
      on_listen_segment(segment, *listener, least_iss, now);
      return;
    }
  }
  const bool bare = segment.length() == 0 && segment.seq == record.rcv_nxt;
  if (bare) return;  // an old acknowledgement; answering it could begin an ACK war
  if (segment.has(flag::kFin)) time_wait_.restart(record, now);
  if (segment.length() == 0) {  // and so could any other that says nothing
    if (record.answers_left == 0) return;
    --record.answers_left;
  }
  ControlReply ack;
  ack.flow = segment.flow;
  ack.seq = record.snd_nxt;
  ack.ack = record.rcv_nxt;
  ack.flags = flag::kAck;
  ack.window = record.window;
  if (record.timestamps) {
    ack.options.timestamps = {IsnGenerator::timestamp(now, record.ts_offset), record.ts_recent};
  }
  shared_.reply(ack);
}

void Engine::on_icmp_error(const FlowKey& flow, IcmpError error, SeqNum seq, std::uint16_t mtu,
                           Instant now) {
  Connection* connection = table_.find(flow);
  if (connection == nullptr) return;  // of one that sleeps nothing is in flight
  switch (error) {
    case IcmpError::kPacketTooBig:
      connection->on_packet_too_big(seq, mtu, now);
      break;
    case IcmpError::kPortUnreachable:
      connection->on_icmp_error(Errc::kConnRefused, seq, now);
      break;
    case IcmpError::kNetUnreachable:
      connection->on_icmp_error(Errc::kNoRoute, seq, now);
      break;
    case IcmpError::kUnreachable:
    case IcmpError::kTimeExceeded:
      connection->on_icmp_error(Errc::kHostUnreachable, seq, now);
      break;
  }
}

bool Engine::poll_transmit(OutPacket& out, Instant now) {
  while (!shared_.replies.empty()) [[unlikely]] {
      if (build_control(shared_, shared_.replies.pop(), out)) return true;
    }
  while (!shared_.transmit.empty()) {
    Connection& connection = shared_.transmit.pop_front();
    const bool sends = connection.poll_transmit(out, now);
    if (sends && connection.may_have_more_to_send(now)) {
      shared_.transmit.push_back_once(connection);  // the others get their turn
      return true;
    }
    if (sends) {  // the packet may outlive its connection
      out.own_flow = *out.flow;
      out.flow = &out.own_flow;
    }
    if (!settle(connection, now)) out.hint = nullptr;
    if (sends) return true;
  }
  return false;
}

/// A connection has said all it has to say for now. False: it is no more.
bool Engine::settle(Connection& connection, Instant now) {
  if (connection.is_finished()) {
    destroy(connection);
    return false;
  }
  if (connection.state() == State::kTimeWait && connection.is_orphan()) {
    const auto last = connection.time_wait_state();
    TimeWaitRecord record;
    record.set_flow(connection.flow());
    record.snd_nxt = last.snd_nxt;
    record.rcv_nxt = last.rcv_nxt;
    record.ts_recent = last.recent_timestamp;
    record.ts_offset = last.timestamp_offset;
    record.window = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(shared_.config.receive_buffer_bytes, UINT16_MAX));
    record.timestamps = last.timestamps;
    time_wait_.insert(record, now);
    destroy(connection);
    return false;
  }
  if (connection.state() == State::kClosed) {
    // The socket still holds the object; the 4-tuple is free.
    table_.erase(connection.flow(), connection);
  }
  arm(connection);
  if (connection.pacing() != nullptr) [[unlikely]] {
    arm_pacing(connection, now);
  }
  return true;
}

void Engine::arm_pacing(Connection& connection, Instant now) {
  const auto deadline = connection.pacing_deadline(now);
  if (!deadline) return;
  if (!pacing_wheel_) {
    pacing_wheel_ = std::make_unique<timer::Wheel>(timer::Wheel::kFinestResolution, now);
  }
  pacing_wheel_->arm(*connection.pacing(), *deadline);
}

/// An entry that is armed for an earlier time stays: a spurious on_deadline() is harmless.
void Engine::arm(Connection& connection) {
  const Instant deadline = connection.next_deadline();
  if (!deadline.is_never() && (!connection.is_armed() || deadline < connection.deadline())) {
    wheel_.arm(connection, deadline);
  }
}

void Engine::destroy(Connection& connection) {
  table_.erase(connection.flow(), connection);
  slab_.destroy(connection);
}

void Engine::on_deadline(Instant now) {
  while (timer::Entry* entry = wheel_.pop_due(now)) {
    static_cast<Connection*>(entry)->on_deadline(now);
  }
  wake_due(now);
  while (timer::Entry* entry = pacing_wheel_ ? pacing_wheel_->pop_due(now) : nullptr) {
    shared_.transmit.push_back_once(*static_cast<Pacing*>(entry)->connection);
  }
  resend_syn_acks(now);
  time_wait_.expire(now);
  make_room(now);
}

Instant Engine::next_deadline() const {
  const Instant next = std::min({wheel_.next_deadline(), syn_cache_.next_deadline(),
                                 time_wait_.next_deadline(), dormitory_.next_deadline()});
  if (!pacing_wheel_) [[likely]] {
    return next;
  }
  return std::min(next, pacing_wheel_->next_deadline());
}

bool Engine::is_listening(const Endpoint& local, bool v6_only) const {
  const auto [first, last] = listeners_by_port_.equal_range(local.port);
  return std::any_of(first, last, [&](const auto& item) {
    const IpAddress& other = item.second->local().address;
    const bool only_v6 = other.is_v4() ? v6_only : item.second->is_v6_only();
    if (only_v6 && other.family() != local.address.family()) return false;
    return other == local.address || other.is_unspecified() || local.address.is_unspecified();
  });
}

Result<Listener*> Engine::listen(const Endpoint& local, std::uint32_t backlog,
                                 const ConnectionOptions& options, Instant now) {
  Endpoint at = local;
  if (at.port == 0) {
    const auto port = ports_.choose(at.address, Endpoint{}, [&](std::uint16_t p) {
      return is_listening({at.address, p});
    });
    if (!port) return Errc::kAddrInUse;
    at.port = *port;
  } else {
    const auto [first, last] = listeners_by_port_.equal_range(at.port);
    for (auto it = first; it != last; ++it) {
      const bool shares = options.reuse_port && it->second->options().reuse_port;
      if (it->second->local() == at && !shares) return Errc::kAddrInUse;
    }
  }
  (void)now;
  const std::uint32_t bounded = std::clamp(backlog, 1u, shared_.config.max_backlog);
  auto listener = std::make_unique<Listener>(next_listener_id_, at, bounded, options,
                                             receive_scale(options, shared_.config));
  Listener* const result = listener.get();
  listeners_by_port_.emplace(at.port, result);
  listeners_.emplace(next_listener_id_, std::move(listener));
  ++next_listener_id_;
  return result;
}

void Engine::close(Listener& listener, Instant now) {
  syn_cache_.erase_listener(listener.id());
  while (Connection* waiting = listener.dequeue()) {
    waiting->abort();  // RFC 9293 §3.10.4: nobody will ever read from it
    waiting->close(now);
  }
  if (listener.is_linked()) shared_.listeners_changed.erase(listener);
  const auto [first, last] = listeners_by_port_.equal_range(listener.local().port);
  for (auto it = first; it != last; ++it) {
    if (it->second == &listener) {
      listeners_by_port_.erase(it);
      break;
    }
  }
  listeners_.erase(listener.id());
}

/// The most specific one: own address, then any of the family, then IPv6's any (dual stack).
Listener* Engine::find_listener(const FlowKey& flow) const {
  const Endpoint& local = flow.local;
  Listener* best = nullptr;
  int best_rank = 0;
  std::uint64_t best_draw = 0;
  const auto [first, last] = listeners_by_port_.equal_range(local.port);
  for (auto it = first; it != last; ++it) {
    Listener& listener = *it->second;
    const IpAddress& address = listener.local().address;
    int rank = 0;
    if (address == local.address) {
      rank = 3;
    } else if (address.is_unspecified()) {
      rank = address.family() == local.address.family()
                 ? 2
                 : (address.is_v6() && !listener.is_v6_only() ? 1 : 0);
    }
    if (rank == 0 || rank < best_rank) continue;
    // The highest draw wins (rendezvous hashing), and there is none without a rival.
    const std::uint64_t draw = listener.options().reuse_port ? draw_of(listener, flow) : 0;
    if (rank > best_rank || draw > best_draw) {
      best_rank = rank;
      best_draw = draw;
      best = &listener;
    }
  }
  return best;
}

std::uint64_t Engine::draw_of(const Listener& listener, const FlowKey& flow) const {
  const SipKey key{secret_.k0 ^ listener.id(), secret_.k1};
  return flow_hash(key, HashUse::kListener, flow);
}

Listener* Engine::listener_by_id(std::uint32_t id) const {
  const auto it = listeners_.find(id);
  return it == listeners_.end() ? nullptr : it->second.get();
}

bool Engine::is_port_taken(const Endpoint& local, const Endpoint& remote) {
  const FlowKey flow{local, remote};
  return is_listening(local) || table_.find(flow) != nullptr || find_dormant(flow) != nullptr ||
         time_wait_.find(flow) != nullptr || syn_cache_.find(flow) != nullptr;
}

Result<Connection*> Engine::connect(const Endpoint& local, const Endpoint& remote,
                                    std::uint16_t mtu, const ConnectionOptions& options,
                                    Instant now) {
  if (remote.port == 0 || remote.address.is_unspecified() || remote.address.is_multicast() ||
      remote.address.is_limited_broadcast()) {
    return Errc::kAddrNotAvailable;
  }
  if (is_full()) {
    shared_.count(Drop::kTcpTableFull);
    return Errc::kNoBuffers;
  }
  Endpoint from = local;
  if (from.port == 0) {
    const auto port = ports_.choose(from.address, remote, [&](std::uint16_t p) {
      return is_port_taken({from.address, p}, remote);
    });
    if (!port) return Errc::kAddrNotAvailable;
    from.port = *port;
  } else if (const FlowKey flow{from, remote}; table_.find(flow) != nullptr ||
                                               find_dormant(flow) != nullptr ||
                                               time_wait_.find(flow) != nullptr) {
    return Errc::kAddrInUse;
  }
  const FlowKey flow{from, remote};
  make_room(now);
  std::optional<FastOpenCache::Known> fast_open;
  if (options.fast_open) fast_open = shared_.fast_opens.look_up(remote.address, now);
  Connection& connection = slab_.create(shared_,
                                        ActiveOpen{.flow = flow,
                                                   .iss = isn_.isn(flow, now),
                                                   .timestamp_offset = isn_.timestamp_offset(flow),
                                                   .mtu = mtu,
                                                   .options = options,
                                                   .fast_open = fast_open},
                                        now);
  table_.insert(flow, connection);
  return &connection;
}

void Engine::release(Connection& connection, Instant now) {
  connection.set_seat(nullptr);
  connection.close(now);
}

Connection* Engine::take_changed() {
  return shared_.changed.empty() ? nullptr : &shared_.changed.pop_front();
}

Listener* Engine::take_changed_listener() {
  return shared_.listeners_changed.empty() ? nullptr : &shared_.listeners_changed.pop_front();
}

}  // namespace zs::tcp
