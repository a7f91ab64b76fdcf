#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/drop.hpp"
#include "base/result.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "buf/pool.hpp"
#include "tcp/config.hpp"
#include "tcp/segment.hpp"

namespace zs::tcp {

/// What an ICMP error says about a flow, IP version taken away.
enum class IcmpError : std::uint8_t {
  kUnreachable,
  kPortUnreachable,
  kPacketTooBig,
  kTimeExceeded
};

struct EngineDependencies {
  Config config;
  buf::Pools pools;
  SipKey secret;           ///< for initial sequence numbers, ports, timestamp offsets, tables
  std::uint64_t seed = 0;  ///< for jitter that needs no secret
  DropCounters* drops = nullptr;  ///< borrowed, outlives the engine
};

class EngineImpl;

/// TCP of one shard: connections, listeners, SYN cache, TIME-WAIT records and their timers.
/// Sans-I/O: segments and time in, packets and a next deadline out.
class Engine {
 public:
  explicit Engine(const EngineDependencies& dependencies);
  ~Engine();

  /// A checksum-verified segment for one of our addresses. Consumes the payload.
  void on_segment(Segment&& segment, Instant now);
  /// An ICMP error about a segment of ours; `seq` is from the quoted header (RFC 5927: only what is
  /// in flight is believed), `mtu` is the next hop's for kPacketTooBig.
  void on_icmp_error(const FlowKey& flow, IcmpError error, SeqNum seq, std::uint16_t mtu,
                     Instant now);
  /// The next packet to send, while there is one. Draining it is the caller's duty.
  std::optional<OutPacket> poll_transmit(Instant now);
  void on_deadline(Instant now);
  Instant next_deadline() const;
};

}  // namespace zs::tcp
