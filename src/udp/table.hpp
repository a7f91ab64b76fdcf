#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/drop.hpp"
#include "base/fixed_queue.hpp"
#include "base/intrusive_list.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "buf/chain.hpp"
#include "buf/pool.hpp"
#include "udp/datagram_queue.hpp"

namespace zs::udp {

/// Names a socket of the table; stale ids (the socket was closed) are refused with kBadFd.
struct SocketId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;  ///< 0: names nothing
  friend bool operator==(const SocketId&, const SocketId&) = default;
};

/// Whether a socket bound to :: also takes IPv4 (RFC 3493 §5.3).
enum class DualStack : std::uint8_t { kOff, kOn };

/// What an ICMP error says about a flow, IP version taken away.
enum class IcmpError : std::uint8_t {
  kUnreachable,  ///< the host
  kNetUnreachable,
  kPortUnreachable,
  kPacketTooBig
};

struct Config {
  std::uint32_t max_sockets = 1'024;
  DatagramQueue::Bounds receive{.bytes = 256 * 1'024, .datagrams = 256};  ///< of a new socket
  std::uint32_t queued_datagrams = 4'096;    ///< received ones of all sockets together
  std::uint32_t transmit_datagrams = 1'024;  ///< of all sockets together, waiting for the device
  std::uint16_t ephemeral_low = 32'768;
  std::uint16_t ephemeral_high = 60'999;
  std::uint64_t seed = 1;  ///< for ephemeral ports (RFC 6056) and the hash
};

/// A packet that UDP wants on the wire: begins at its UDP header (checksum field = pseudo-header
/// sum by dev/queue.hpp's transmit contract), with at least kL2L3Room of writable headroom.
struct OutPacket {
  static constexpr std::uint16_t kL2L3Room = 14 + 4 + 40;

  buf::Mbuf packet;
  IpAddress local;
  IpAddress remote;
  std::uint8_t hop_limit = 0;  ///< 0: as for anything else
  /// To a group: whether our own members get it too, and by which interface it leaves.
  bool loops = false;
  std::optional<std::uint16_t> group_interface;
};

/// What an application may choose for a socket.
struct SocketOptions {
  bool dont_fragment = false;  ///< refuse what is longer than the path's MTU
  bool reuse_address = false;  ///< others that say so too may be bound to the same
  bool reuse_port = false;     ///< the same, and each gets its share of the peers
  bool broadcast = false;      ///< may send to broadcast addresses
  bool group_loop = true;
  std::uint8_t group_hops = 1;  ///< RFC 1112 §6.1: to the link, unless asked for more
  std::optional<std::uint16_t> group_interface;
};

/// Where a datagram leaves from, as the routing table has it for `remote`.
struct Path {
  IpAddress source;
  std::uint16_t mtu = 0;  ///< IP bytes
};

/// The datagram sockets of one shard. Sans-I/O: datagrams in, packets and readiness out.
class Table {
 public:
  Table(const Config& config, buf::Pools pools, DropCounters& drops);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// kTooManyFiles at the limit. `cookie` comes back with poll_event().
  Result<SocketId> open(IpFamily family, std::uint64_t cookie);
  /// Drops what is queued. Packets that were sent before still leave.
  Result<void> close(SocketId id);
  /// Only before bind(). kInvalid afterwards or for an IPv4 socket.
  Result<void> set_dual_stack(SocketId id, DualStack mode);
  /// Port 0 picks an ephemeral one; an unspecified address takes every address. The caller has
  /// checked that a specific address is ours. kAddrInUse, kInvalid (bound already),
  /// kAfNotSupported.
  Result<void> bind(SocketId id, const Endpoint& local);
  /// Fixes the peer: others' datagrams are not received any more, and ICMP errors are reported.
  /// Binds to `source` and an ephemeral port where the socket was not bound. kAddrInUse if the
  /// 4-tuple is taken, kAfNotSupported, kInvalid for port 0.
  Result<void> connect(SocketId id, const Endpoint& remote, const IpAddress& source);
  /// Takes back connect(). kNotConnected.
  Result<void> disconnect(SocketId id);

  /// Takes the whole chain or, on any error, nothing. `remote` none: the connected peer's. Binds
  /// the socket to an ephemeral port at the first send. kDestinationRequired, kAgain (transmit
  /// queue full), kMessageSize (more than a UDP datagram holds, or than the path's MTU where
  /// fragments are refused), kNoBuffers, kConnRefused (a pending error, reported once).
  Result<void> send(SocketId id, buf::Chain& payload, const std::optional<Endpoint>& remote,
                    const Path& path);
  /// kAgain when nothing waits; a pending error first.
  Result<Datagram> receive(SocketId id);
  /// The pending error, cleared by asking; Errc{0} for none.
  Errc take_error(SocketId id);
  Result<void> set_receive_bound(SocketId id, std::uint32_t bytes);

  /// nullptr for a stale id.
  SocketOptions* options(SocketId id) const;
  DualStack dual_stack(SocketId id) const;

  void set_cookie(SocketId id, std::uint64_t cookie);
  bool has_data(SocketId id) const;
  /// Payload bytes of the datagram that receive() would give; 0 for none.
  std::uint32_t next_bytes(SocketId id) const;
  bool has_error(SocketId id) const;
  bool can_send() const;  ///< room in the transmit queue
  Result<Endpoint> local_endpoint(SocketId id) const;
  Result<Endpoint> remote_endpoint(SocketId id) const;  ///< kNotConnected

  /// Cookies of sockets that became readable or failed since they were last asked about, each once.
  std::optional<std::uint64_t> poll_event();

  /// The socket that takes a datagram from `remote` to `local`; none: answer port unreachable.
  std::optional<SocketId> receiver(const Endpoint& local, const Endpoint& remote) const;
  /// Queues a checksum-verified datagram; one too many is dropped and counted.
  void deliver(SocketId id, Datagram datagram);
  /// Queues it with every socket that a broadcast or multicast to `datagram.local` is for, each
  /// with descriptors of its own over the same bytes. False: there is none.
  bool deliver_to_many(Datagram datagram);
  /// An ICMP error about a datagram of ours. False when no socket can have sent that.
  bool on_icmp_error(const FlowKey& flow, IcmpError error);
  std::optional<OutPacket> poll_transmit();
  bool has_output() const { return !transmit_.empty(); }

  std::size_t open_count() const { return open_; }

 private:
  struct ReadyTag;
  struct Socket;
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;

  Socket* find(SocketId id) const;
  SocketId id_of(const Socket& socket) const;
  Socket* demux(const Endpoint& local, const Endpoint& remote) const;
  Socket* lookup(const FlowKey& key) const;
  /// Of those bound to the same with `s` (SO_REUSEPORT), the one whose peer this is.
  Socket* share_of(Socket* s, const Endpoint& remote) const;
  void insert(Socket& socket);
  void remove(Socket& socket);
  std::size_t bucket_of(const FlowKey& key) const;
  bool is_taken(const FlowKey& key, DualStack dual) const;
  /// Whether all that are bound to the key let one of that wish be so too.
  bool is_shared(const FlowKey& key, const SocketOptions& wish) const;
  void deliver_copy(SocketId id, const Datagram& datagram);
  Result<std::uint16_t> pick_port(const IpAddress& local, const Endpoint& remote, DualStack dual);
  Result<buf::Mbuf> make_packet(const Endpoint& local, const Endpoint& remote, buf::Chain& payload);

  Config config_;
  buf::Pools pools_;
  DropCounters& drops_;
  Random random_;
  std::uint64_t hash_key_;
  DatagramStore store_;
  FixedQueue<OutPacket> transmit_;
  std::unique_ptr<Socket[]> sockets_;
  std::vector<Index> free_;
  std::vector<Index> buckets_;  ///< heads of chains through Socket::hash_next
  std::size_t connected_ = 0;
  std::size_t open_ = 0;
  std::unique_ptr<IntrusiveList<Socket, ReadyTag>> ready_;
};

}  // namespace zs::udp
