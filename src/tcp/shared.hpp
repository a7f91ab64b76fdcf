#pragma once

#include <cstdint>

#include "base/drop.hpp"
#include "base/fixed_queue.hpp"
#include "base/intrusive_list.hpp"
#include "buf/pool.hpp"
#include "buf/returns.hpp"
#include "tcp/config.hpp"
#include "tcp/fast_open.hpp"
#include "tcp/isn.hpp"
#include "tcp/segment.hpp"

namespace zs::tcp {

class Connection;
class Listener;
struct TransmitTag;
struct ChangedTag;
struct ListenerChangedTag;

/// A segment without payload that belongs to no connection, or to one whose state it must not
/// touch: SYN-ACK of the SYN cache, RST to a stray, ACK of TIME-WAIT. Built into a packet when
/// pulled.
struct ControlReply {
  FlowKey flow;
  SeqNum seq;
  SeqNum ack;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  wire::EcnField ecn = wire::EcnField::kNotEct;
  wire::TcpOptions options;
};

/// Monotonic counters of a shard's TCP, in the words of RFC 4022 and Linux' TcpExt where they
/// exist.
struct Counters {
  std::uint64_t active_opens = 0, passive_opens = 0, attempt_fails = 0, established_resets = 0;
  std::uint64_t segments_in = 0, segments_out = 0;
  std::uint64_t retransmitted_segments = 0, timeouts = 0, fast_recoveries = 0;
  std::uint64_t resets_out = 0, challenge_acks = 0, zero_window_probes = 0, keepalive_probes = 0;
  std::uint64_t syn_cache_added = 0, syn_ack_retransmits = 0, time_wait_entered = 0;
  std::uint64_t connections_slept = 0;
  std::uint64_t syn_cookies_sent = 0, syn_cookies_received = 0, syn_cookies_failed = 0;
  std::uint64_t fast_opens_active = 0, fast_opens_passive = 0;  ///< data on a SYN was taken
  std::uint64_t fast_opens_refused = 0, fast_open_cookies_sent = 0, fast_open_overflows = 0;
  std::uint64_t deferred_accepts = 0;       ///< acknowledged, and waiting for data
  std::uint64_t loss_probes = 0;            ///< RFC 8985 §7.3
  std::uint64_t loss_probe_recoveries = 0;  ///< losses that a probe repaired (§7.4)
  std::uint64_t spurious_recoveries = 0;    ///< taken back: Eifel, F-RTO, D-SACK
  std::uint64_t duplicate_reports_in = 0, duplicate_reports_out = 0;  ///< D-SACK (RFC 2883)
  std::uint64_t sack_renegings = 0;
  std::uint64_t congestion_marks_in = 0;    ///< data segments that were marked (CE)
  std::uint64_t congestion_reductions = 0;  ///< of windows, for a peer's echo (ECE)
  std::uint64_t ecn_fallbacks = 0;          ///< SYNs sent again without the bits
  std::uint64_t mtu_black_holes = 0, mtu_probes = 0, mtu_probes_lost = 0;  ///< RFC 4821
  std::uint64_t send_times_merged = 0;  ///< recovery::SentLog met its bound
  std::uint64_t duplicate_bytes_in = 0, out_of_order_segments_in = 0;
  std::uint64_t aborts_on_timeout = 0, no_buffers = 0;
  std::uint64_t copied_bytes_in = 0,
                copied_bytes_out = 0;  ///< by the copying calls, and packing.hpp
};

/// What all connections of a shard have in common. Owned by the engine, which outlives them.
struct Shared {
  static constexpr std::size_t kMaxReplies = 1024;  ///< control packets are cheap to lose

  Config config;
  buf::Pools pools;
  DropCounters* drops = nullptr;
  Counters counters;
  FixedQueue<ControlReply> replies{kMaxReplies};
  IntrusiveList<Connection, TransmitTag>
      transmit;                                   ///< may have something to send, or a new deadline
  IntrusiveList<Connection, ChangedTag> changed;  ///< the socket layer should look
  IntrusiveList<Listener, ListenerChangedTag> listeners_changed;

  FastOpenCache fast_opens;  ///< servers that we know

  /// What plain segments acknowledged, until the engine's owner has no more of them.
  buf::Returns returns;

  /// Of the timestamp clock; a division, but for the first who asks at an instant.
  std::uint32_t milliseconds(Instant now) {
    if (now != milliseconds_at) {
      milliseconds_at = now;
      milliseconds_now = IsnGenerator::milliseconds(now);
    }
    return milliseconds_now;
  }
  Instant milliseconds_at;
  std::uint32_t milliseconds_now = 0;

  void count(Drop d) { *drops += d; }
  void reply(const ControlReply& r) {
    if (!replies.try_push(r)) count(Drop::kTxQueueFull);
  }
};

}  // namespace zs::tcp
