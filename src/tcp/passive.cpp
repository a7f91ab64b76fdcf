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
constexpr Duration kTick = std::chrono::milliseconds{1};

std::uint16_t peer_mss(const SynCacheEntry& entry) {
  return clamp_peer_mss(entry.peer_mss != 0 ? std::optional{entry.peer_mss} : std::nullopt,
                        entry.flow);
}

bool is_exact(const Listener& listener) {
  return listener.options().congestion == CongestionAlgorithm::kDctcp;
}

/// RFC 3168 §6.1.1
bool accepts_ecn(const Config& config, const Listener& listener) {
  return config.ecn != EcnMode::kOff || is_exact(listener);
}

/// The round trip of a SYN-ACK; of one that was sent twice, only by the echo of which it was
/// (RFC 7323 §4.1).
std::optional<Duration> round_trip(const SynCacheEntry& entry, const Segment& ack, Instant now) {
  // What a deferred connection waits for is no part of it.
  if (entry.retransmits == 0 && entry.heard_after_ms != 0) {
    return std::chrono::milliseconds{entry.heard_after_ms};
  }
  if (entry.retransmits == 0) return now - entry.created;
  const auto& stamp = ack.options.timestamps;
  if (!entry.timestamps || !stamp || stamp->echo == 0) return std::nullopt;
  const std::uint32_t elapsed_ms = IsnGenerator::timestamp(now, entry.ts_offset) - stamp->echo;
  const Duration elapsed = std::chrono::milliseconds{std::max(elapsed_ms, 1u)};
  if (elapsed > now - entry.created + kTick) return std::nullopt;  // no echo of ours
  return elapsed;
}

Negotiated negotiated(const SynCacheEntry& entry, const Listener& listener) {
  Negotiated n;
  n.peer_mss = std::min(peer_mss(entry), listener.options().segment_bound());
  n.timestamps = entry.timestamps;
  n.sack = entry.sack;
  n.ecn = entry.ecn;
  n.window_scaling = entry.window_scaling;
  if (entry.window_scaling) {
    n.send_scale = std::min(entry.peer_window_scale, kMaxWindowScale);
    n.receive_scale = listener.receive_scale();
  }
  n.timestamp_offset = entry.ts_offset;
  n.recent_timestamp = entry.ts_recent;
  return n;
}

PassiveOpen passive_open(const SynCacheEntry& entry, const Listener& listener) {
  return {.flow = entry.flow,
          .iss = entry.iss,
          .irs = entry.irs,
          .mtu = entry.mtu,
          .negotiated = negotiated(entry, listener),
          .options = listener.options(),
          .receive_window = entry.window,
          .handshake_rtt = std::nullopt};
}

ControlReply syn_ack(const SynCacheEntry& entry, const Listener& listener, Instant now) {
  ControlReply reply;
  reply.flow = entry.flow;
  reply.seq = entry.iss;
  reply.ack = entry.irs + 1;
  reply.flags = flag::kSyn | flag::kAck;
  if (entry.ecn) {
    reply.flags |= flag::kEce;
    if (is_exact(listener)) reply.ecn = wire::EcnField::kEct0;  // RFC 8257 §3.5
  }
  reply.window = entry.window;  // RFC 7323 §2.2: never scaled on a SYN
  reply.options.mss =
      std::min(mss_for_mtu(entry.mtu, entry.flow), listener.options().segment_bound());
  reply.options.sack_permitted = entry.sack;
  if (entry.window_scaling) {
    reply.options.window_scale = listener.receive_scale();
  }
  if (entry.timestamps) {
    reply.options.timestamps = {IsnGenerator::timestamp(now, entry.ts_offset), entry.ts_recent};
  }
  return reply;
}

bool wants_cookie(SynCookiePolicy policy, const SynCache& cache) {
  switch (policy) {
    case SynCookiePolicy::kOff:
      return false;
    case SynCookiePolicy::kOnOverflow:
      return cache.size() == cache.capacity();
    case SynCookiePolicy::kAlways:
      break;
  }
  return true;
}

/// TCP_DEFER_ACCEPT: a connection does not count before there is something to read. The SYN-ACK
/// comes again when that takes too long, and the answer to it then counts.
bool is_deferred(SynCacheEntry& entry, const Listener& listener, Instant now) {
  if (entry.retransmits >= listener.options().defer_accept) return false;
  if (entry.heard_after_ms == 0) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - entry.created);
    entry.heard_after_ms =
        static_cast<std::uint16_t>(std::clamp<std::int64_t>(ms.count(), 1, UINT16_MAX));
  }
  return true;
}
}  // namespace

void Engine::on_listen_segment(Segment& segment, Listener& listener,
                               std::optional<SeqNum> least_iss, Instant now) {
  if (segment.has(flag::kRst)) return;
  if (segment.has(flag::kAck)) {
    if (!on_cookie(segment, listener, now)) on_stray_segment(segment);
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
  entry.ts_offset = isn_.timestamp_offset(segment.flow);
  entry.listener = listener.id();
  entry.window = syn_window(listener.options());
  entry.peer_mss = o.mss.value_or(0);
  entry.mtu = segment.mtu;
  entry.window_scaling = shared_.config.window_scaling && o.window_scale.has_value();
  entry.peer_window_scale = o.window_scale.value_or(0);
  entry.sack = shared_.config.sack && o.sack_permitted;
  entry.timestamps = shared_.config.timestamps && o.timestamps.has_value();
  if (entry.timestamps) entry.ts_recent = o.timestamps->value;
  entry.ecn = accepts_ecn(shared_.config, listener) && Ecn::is_setup_syn(segment.flags);
  std::optional<wire::FastOpenCookie> offer;
  if (o.fast_open && listener.fast_opens()->limit() > 0) {
    entry.iss = isn_.isn(segment.flow, now);
    if (least_iss) entry.iss = SeqNum::later(entry.iss, *least_iss);
    if (open_fast(segment, entry, listener, offer, now)) return;
  }
  // A cookie cannot be told to lie behind an old connection's numbers.
  if (wants_cookie(shared_.config.syn_cookies, syn_cache_) && !least_iss) {
    send_cookie(entry, now);
    return;
  }
  entry.iss = isn_.isn(segment.flow, now);
  if (least_iss) entry.iss = SeqNum::later(entry.iss, *least_iss);
  // Data on a SYN without a good cookie is not kept (RFC 9293 §3.10.7.2 allows it): the peer sends
  // it again.
  const auto inserted = syn_cache_.insert(entry, now);
  ++shared_.counters.syn_cache_added;
  if (inserted.displaced) shared_.count(Drop::kTcpSynFlood);
  send_syn_ack(*inserted.entry, now, offer);
}

bool Engine::open_fast(Segment& segment, const SynCacheEntry& entry, Listener& listener,
                       std::optional<wire::FastOpenCookie>& offer, Instant now) {
  if (!listener.fast_opens()->has_room(now) || is_full()) {
    ++shared_.counters.fast_open_overflows;
    return false;
  }
  const wire::FastOpenCookie& cookie = *segment.options.fast_open;
  const auto verdict = cookie.length == 0 ? FastOpenCookies::Verdict::kForged
                                          : fast_open_cookies_.judge(cookie, segment.flow, now);
  if (verdict != FastOpenCookies::Verdict::kCurrent) {
    offer = fast_open_cookies_.make(segment.flow, now);
    ++shared_.counters.fast_open_cookies_sent;
  }
  if (verdict == FastOpenCookies::Verdict::kForged) return false;
  make_room(now);
  Connection& connection = slab_.create(
      shared_,
      FastPassiveOpen{passive_open(entry, listener),
                      std::make_unique<FastOpen>(listener.fast_opens(), offer), segment.window},
      now);
  table_.insert(connection.flow(), connection);
  listener.enqueue(connection);
  shared_.listeners_changed.push_back_once(listener);
  connection.on_syn_data(segment, now);
  return true;
}

/// Keeps nothing: what `entry` says goes to the peer, as far as there is room.
void Engine::send_cookie(SynCacheEntry& entry, Instant now) {
  if (!entry.timestamps) entry.window_scaling = entry.sack = entry.ecn = false;
  entry.iss = syn_cookies_.make(entry.flow, entry.irs, peer_mss(entry), now);
  ++shared_.counters.syn_cookies_sent;
  const Listener* listener = listener_by_id(entry.listener);
  if (listener == nullptr) return;
  ControlReply reply = syn_ack(entry, *listener, now);
  if (entry.timestamps) {
    CookieOptions options{.window_scale = std::nullopt, .sack = entry.sack, .ecn = entry.ecn};
    if (entry.window_scaling) options.window_scale = entry.peer_window_scale;
    reply.options.timestamps->value = cookie_timestamp(reply.options.timestamps->value, options);
  }
  shared_.reply(reply);
}

/// The third segment of a handshake of which the peer remembers our part; or the first one with
/// data, if that was lost.
bool Engine::on_cookie(Segment& segment, Listener& listener, Instant now) {
  if (segment.has(flag::kSyn) || !syn_cookies_.are_out(now)) return false;
  const SeqNum irs = segment.seq - 1;
  const SeqNum iss = segment.ack - 1;
  const auto mss = syn_cookies_.check(segment.flow, irs, iss, now);
  if (!mss) {
    ++shared_.counters.syn_cookies_failed;
    return false;
  }
  ++shared_.counters.syn_cookies_received;
  const Config& config = shared_.config;
  SynCacheEntry entry;
  entry.flow = segment.flow;
  entry.irs = irs;
  entry.iss = iss;
  entry.peer_mss = *mss;
  entry.listener = listener.id();
  entry.window = syn_window(listener.options());
  entry.mtu = segment.mtu;
  entry.ts_offset = isn_.timestamp_offset(segment.flow);
  // Who agreed to timestamps sends them in every segment (RFC 7323 §3.2).
  if (config.timestamps && segment.options.timestamps) {
    const CookieOptions options = cookie_options(segment.options.timestamps->echo);
    entry.timestamps = true;
    entry.ts_recent = segment.options.timestamps->value;
    entry.sack = config.sack && options.sack;
    entry.ecn = options.ecn && accepts_ecn(config, listener);
    entry.window_scaling = config.window_scaling && options.window_scale.has_value();
    entry.peer_window_scale = options.window_scale.value_or(0);
  }
  PassiveOpen open = passive_open(entry, listener);
  (void)complete_handshake(std::move(segment), listener, open, now);
  return true;
}

void Engine::send_syn_ack(const SynCacheEntry& entry, Instant now,
                          const std::optional<wire::FastOpenCookie>& cookie) {
  const Listener* listener = listener_by_id(entry.listener);
  if (listener == nullptr) return;
  ControlReply reply = syn_ack(entry, *listener, now);
  reply.options.fast_open = cookie;
  shared_.reply(reply);
}

void Engine::acknowledge_half_open(const SynCacheEntry& entry, Instant now) {
  ControlReply reply;
  reply.flow = entry.flow;
  reply.seq = entry.iss + 1;
  reply.ack = entry.irs + 1;
  reply.flags = flag::kAck;
  if (const Listener* listener = listener_by_id(entry.listener)) {
    const std::uint8_t scale = entry.window_scaling ? listener->receive_scale() : 0;
    reply.window = static_cast<std::uint16_t>(entry.window >> scale);
  }
  if (entry.timestamps) {
    reply.options.timestamps = {IsnGenerator::timestamp(now, entry.ts_offset), entry.ts_recent};
  }
  shared_.reply(reply);
}

void Engine::on_half_open_segment(Segment&& segment, SynCacheEntry& entry, Instant now) {
  Listener* const listener = listener_by_id(entry.listener);
  if (listener == nullptr) {
    syn_cache_.erase(entry);
    on_stray_segment(segment);
    return;
  }
  const SeqNum expected = entry.irs + 1;
  if (segment.has(flag::kSyn) && !segment.has(flag::kAck | flag::kRst) &&
      segment.seq == entry.irs) {
    // Who sends it without the bits now has given up on them (RFC 3168 §6.1.1.1).
    if (!Ecn::is_setup_syn(segment.flags)) entry.ecn = false;
    send_syn_ack(entry, now);  // our SYN-ACK was lost, or the peer is impatient
    return;
  }
  if (segment.has(flag::kRst)) {
    // RFC 5961 §3.2: exactly, or not at all; elsewhere in the window it is asked about.
    if (segment.seq == expected) {
      ++shared_.counters.attempt_fails;
      syn_cache_.erase(entry);
      return;
    }
    shared_.count(Drop::kTcpOutOfWindow);
    const bool inside =
        segment.seq.after(expected) && segment.seq.before(expected + std::uint32_t{entry.window});
    if (inside && entry.challenges.take(now)) acknowledge_half_open(entry, now);
    return;
  }
  const bool stale = entry.timestamps && segment.options.timestamps &&
                     SeqNum{segment.options.timestamps->value}.before(SeqNum{entry.ts_recent});
  const bool in_window = segment.seq.at_or_after(expected) &&
                         segment.seq.at_or_before(expected + std::uint32_t{entry.window});
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
  if (segment.length() == 0 && is_deferred(entry, *listener, now)) {
    ++shared_.counters.deferred_accepts;
    return;
  }
  PassiveOpen open = passive_open(entry, *listener);
  open.handshake_rtt = round_trip(entry, segment, now);
  open.handshake_repeated = entry.retransmits > 0;
  // Without room the entry stays and its SYN-ACK goes out again later: the client tries once more.
  if (complete_handshake(std::move(segment), *listener, open, now)) syn_cache_.erase(entry);
}

bool Engine::complete_handshake(Segment&& segment, Listener& listener, const PassiveOpen& open,
                                Instant now) {
  if (listener.is_full()) {
    shared_.count(Drop::kTcpAcceptQueueFull);
    return false;
  }
  if (is_full()) {
    shared_.count(Drop::kTcpTableFull);
    return false;
  }
  make_room(now);
  Connection& connection = slab_.create(shared_, open, now);
  table_.insert(connection.flow(), connection);
  listener.enqueue(connection);
  shared_.listeners_changed.push_back_once(listener);
  connection.on_segment(std::move(segment), now);
  return true;
}

void Engine::resend_syn_acks(Instant now) {
  while (SynCacheEntry* entry = syn_cache_.pop_due(now)) {
    const Listener* const listener = listener_by_id(entry->listener);
    const bool own = listener != nullptr && listener->options().syn_retries != 0;
    const std::uint8_t most =
        own ? listener->options().syn_retries : shared_.config.syn_ack_retries;
    const std::uint8_t deferred = listener != nullptr ? listener->options().defer_accept : 0;
    const bool waits = entry->heard_after_ms != 0 && entry->retransmits <= deferred;
    if (listener == nullptr || (entry->retransmits > most && !waits)) {
      ++shared_.counters.attempt_fails;
      syn_cache_.erase(*entry);
      continue;
    }
    // One that has been answered is asked again only when its time to be deferred is over.
    if (entry->heard_after_ms != 0 && entry->retransmits < deferred) continue;
    ++shared_.counters.syn_ack_retransmits;
    send_syn_ack(*entry, now);
  }
}

}  // namespace zs::tcp
