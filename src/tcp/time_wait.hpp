#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "tcp/flow_slab.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// What TIME-WAIT must remember to answer a lost last ACK and to judge a new SYN (RFC 9293
/// §3.10.7.4, RFC 6191).
struct TimeWaitRecord : SlabHook {
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  IpAddress local;
  IpAddress remote;
  SeqNum snd_nxt;
  SeqNum rcv_nxt;
  std::uint32_t ts_recent = 0;
  std::uint32_t ts_offset = 0;
  std::uint16_t window = 0;  ///< last advertised, as on the wire
  bool timestamps = false;
  /// How often segments without data or FIN are still answered: two records, or a record and a
  /// half-open connection, that disagree about a number would answer each other for ever.
  std::uint8_t answers_left = 10;
  Instant expiry;  ///< kept by the table

  FlowKey flow() const noexcept { return {{local, local_port}, {remote, remote_port}}; }
  void set_flow(const FlowKey& key) noexcept {
    local = key.local.address;
    local_port = key.local.port;
    remote = key.remote.address;
    remote_port = key.remote.port;
  }
  bool is_for(const FlowKey& key) const noexcept {
    return remote_port == key.remote.port && local_port == key.local.port &&
           remote == key.remote.address && local == key.local.address;
  }
};
static_assert(sizeof(TimeWaitRecord) <= 80, "a closed connection may cost 80 bytes and no more");

/// Connections in TIME-WAIT. Bounded: when it is full the oldest record gives way. All records live
/// equally long, so a FIFO is their timer. Every operation is O(1).
class TimeWaitTable {
 public:
  TimeWaitTable(std::uint32_t capacity, Duration lifetime, const SipKey& secret);

  /// nullptr when there is none. Borrowed; valid until erased, displaced or expired.
  TimeWaitRecord* find(const FlowKey& flow) noexcept;
  /// Stores a copy that expires at now + lifetime, in place of a record of the same flow if there
  /// is one. Returns the record that had to give way to the bound, for the caller's counters.
  /// `now` never goes back between calls.
  std::optional<TimeWaitRecord> insert(const TimeWaitRecord& record, Instant now);
  void erase(TimeWaitRecord& record) noexcept;
  /// A retransmitted FIN arrived: 2 MSL begin anew (RFC 9293 §3.10.7.4).
  void restart(TimeWaitRecord& record, Instant now) noexcept;

  /// Drops what is due; returns how many.
  std::uint32_t expire(Instant now) noexcept;
  Instant next_deadline() const noexcept;  ///< never() when empty

  std::uint32_t size() const noexcept { return slab_.size(); }
  std::uint32_t capacity() const noexcept { return slab_.capacity(); }

 private:
  std::uint64_t hash(const FlowKey& flow) const noexcept;

  FlowSlab<TimeWaitRecord> slab_;
  SlabQueue by_expiry_;
  SipKey secret_;
  Duration lifetime_;
};

}  // namespace zs::tcp
