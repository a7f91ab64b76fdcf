// Passive open: LISTEN (RFC 9293 §3.10.7.2) and SYN-RECEIVED (§3.10.7.4), where a connection is no
// more than an entry of the SYN cache until the peer has shown that it can hear us.

#include <algorithm>
#include <utility>

#include "tcp/engine.hpp"
#include "tcp/packet_builder.hpp"
#include "tcp/window_scale.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;

namespace {
std::uint16_t syn_window(const Listener& listener) {
  return static_cast<std::uint16_t>(
      std::min(listener.options().receive_buffer_bytes, kMaxUnscaledWindow));
}

Negotiated negotiated(const SynCacheEntry& entry, const Listener& listener) {
  Negotiated n;
  n.peer_mss = clamp_peer_mss(entry.peer_mss != 0 ? std::optional{entry.peer_mss} : std::nullopt);
  n.timestamps = entry.timestamps;
  n.sack = entry.sack;
  n.window_scaling = entry.window_scaling;
  if (entry.window_scaling) {
    n.send_scale = std::min(entry.peer_window_scale, kMaxWindowScale);
    n.receive_scale = window_scale_for(listener.options().receive_buffer_bytes);
  }
  n.timestamp_offset = entry.ts_offset;
  n.recent_timestamp = entry.ts_recent;
  return n;
}
}  // namespace

void Engine::on_listen_segment(Segment& segment, Listener& listener,
                               std::optional<SeqNum> least_iss, Instant now) {
  if (segment.has(flag::kRst)) return;
  if (segment.has(flag::kAck)) {
    on_stray_segment(segment);
    return;
  }
  if (!segment.has(flag::kSyn) || segment.has(flag::kFin)) {
    shared_.count(Drop::kTcpBadFlags);
    return;
  }
  if (listener.is_full()) {
    // As Linux does: silence, so that the peer tries again when there may be room.
    shared_.count(Drop::kTcpAcceptQueueFull);
    return;
  }
  const wire::TcpOptions& o = segment.options;
  SynCacheEntry entry;
  entry.flow = segment.flow;
  entry.irs = segment.seq;
  entry.iss = isn_.isn(segment.flow, now);
  if (least_iss) entry.iss = SeqNum::later(entry.iss, *least_iss);
  entry.ts_offset = isn_.timestamp_offset(segment.flow);
  entry.listener = listener.id();
  entry.peer_mss = o.mss.value_or(0);
  entry.mtu = segment.mtu;
  entry.window_scaling = shared_.config.window_scaling && o.window_scale.has_value();
  entry.peer_window_scale = o.window_scale.value_or(0);
  entry.sack = shared_.config.sack && o.sack_permitted;
  entry.timestamps = shared_.config.timestamps && o.timestamps.has_value();
  if (entry.timestamps) entry.ts_recent = o.timestamps->value;
  // Data on a SYN is not kept (RFC 9293 §3.10.7.2 allows it): the peer sends it again.
  const auto inserted = syn_cache_.insert(entry, now);
  ++shared_.counters.syn_cache_added;
  if (inserted.displaced) shared_.count(Drop::kTcpSynFlood);
  send_syn_ack(*inserted.entry, now);
}

void Engine::send_syn_ack(const SynCacheEntry& entry, Instant now) {
  const Listener* listener = listener_by_id(entry.listener);
  if (listener == nullptr) return;
  ControlReply reply;
  reply.flow = entry.flow;
  reply.seq = entry.iss;
  reply.ack = entry.irs + 1;
  reply.flags = flag::kSyn | flag::kAck;
  reply.window = syn_window(*listener);  // RFC 7323 §2.2: never scaled on a SYN
  reply.options.mss = mss_for_mtu(entry.mtu, entry.flow);
  reply.options.sack_permitted = entry.sack;
  if (entry.window_scaling) {
    reply.options.window_scale = window_scale_for(listener->options().receive_buffer_bytes);
  }
  if (entry.timestamps) {
    reply.options.timestamps = {IsnGenerator::timestamp(now, entry.ts_offset), entry.ts_recent};
  }
  shared_.reply(reply);
}

void Engine::acknowledge_half_open(const SynCacheEntry& entry, Instant now) {
  ControlReply reply;
  reply.flow = entry.flow;
  reply.seq = entry.iss + 1;
  reply.ack = entry.irs + 1;
  reply.flags = flag::kAck;
  if (const Listener* listener = listener_by_id(entry.listener)) {
    const std::uint8_t scale =
        entry.window_scaling ? window_scale_for(listener->options().receive_buffer_bytes) : 0;
    reply.window = static_cast<std::uint16_t>(syn_window(*listener) >> scale);
  }
  if (entry.timestamps) {
    reply.options.timestamps = {IsnGenerator::timestamp(now, entry.ts_offset), entry.ts_recent};
  }
  shared_.reply(reply);
}

void Engine::on_half_open_segment(Segment&& segment, SynCacheEntry& entry, Instant now) {
  const Listener* listener = listener_by_id(entry.listener);
  if (listener == nullptr) {
    syn_cache_.erase(entry);
    on_stray_segment(segment);
    return;
  }
  const SeqNum expected = entry.irs + 1;
  if (segment.has(flag::kSyn) && !segment.has(flag::kAck | flag::kRst) &&
      segment.seq == entry.irs) {
    send_syn_ack(entry, now);  // our SYN-ACK was lost, or the peer is impatient
    return;
  }
  if (segment.has(flag::kRst)) {
    // RFC 5961 §3.2: exactly, or not at all.
    if (segment.seq == expected) {
      ++shared_.counters.attempt_fails;
      syn_cache_.erase(entry);
    } else {
      shared_.count(Drop::kTcpOutOfWindow);
    }
    return;
  }
  const bool stale = entry.timestamps && segment.options.timestamps &&
                     SeqNum{segment.options.timestamps->value}.before(SeqNum{entry.ts_recent});
  const bool in_window = segment.seq.at_or_after(expected) &&
                         segment.seq.at_or_before(expected + std::uint32_t{syn_window(*listener)});
  if (segment.has(flag::kSyn) || stale || !in_window) {
    shared_.count(stale ? Drop::kTcpPaws : Drop::kTcpOutOfWindow);
    // Not without a limit: the other end may answer, and each take the other's for old.
    if (entry.challenges.take(now)) acknowledge_half_open(entry, now);
    return;
  }
  if (!segment.has(flag::kAck)) {
    shared_.count(Drop::kTcpBadFlags);
    return;
  }
  if (segment.ack != entry.iss + 1) {
    shared_.count(Drop::kTcpBadAck);
    shared_.reply(reset_for(segment));
    return;
  }
  complete_handshake(std::move(segment), entry, now);
}

void Engine::complete_handshake(Segment&& segment, SynCacheEntry& entry, Instant now) {
  Listener& listener = *listener_by_id(entry.listener);
  if (listener.is_full()) {
    // The entry stays and its SYN-ACK goes out again later: the client tries once more then.
    shared_.count(Drop::kTcpAcceptQueueFull);
    return;
  }
  if (slab_.full()) {
    shared_.count(Drop::kTcpTableFull);
    return;
  }
  Connection& connection =
      slab_.create(shared_,
                   PassiveOpen{.flow = entry.flow,
                               .iss = entry.iss,
                               .irs = entry.irs,
                               .mtu = entry.mtu,
                               .negotiated = negotiated(entry, listener),
                               .options = listener.options(),
                               .receive_window = syn_window(listener),
                               .handshake_rtt = entry.retransmits == 0
                                                    ? std::optional<Duration>{now - entry.created}
                                                    : std::nullopt},
                   now);
  syn_cache_.erase(entry);
  table_.insert(connection.flow(), connection);
  listener.enqueue(connection);
  shared_.listeners_changed.push_back_once(listener);
  connection.on_segment(std::move(segment), now);
}

void Engine::resend_syn_acks(Instant now) {
  while (SynCacheEntry* entry = syn_cache_.pop_due(now)) {
    if (entry->retransmits > shared_.config.syn_ack_retries ||
        listener_by_id(entry->listener) == nullptr) {
      ++shared_.counters.attempt_fails;
      syn_cache_.erase(*entry);
      continue;
    }
    ++shared_.counters.syn_ack_retransmits;
    send_syn_ack(*entry, now);
  }
}

}  // namespace zs::tcp
