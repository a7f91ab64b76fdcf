#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "buf/chain.hpp"
#include "tcp/info.hpp"

namespace zs::stack {
class Shard;
}
namespace zs::tcp {
struct Config;
}

namespace zs::sock {

enum class Type : std::uint8_t { kStream, kDatagram };
enum class ShutdownHow : std::uint8_t { kRead, kWrite, kBoth };

/// Readiness bits.
namespace ready {
inline constexpr std::uint32_t kReadable = 1;    ///< data, end of stream, or a connection to accept
inline constexpr std::uint32_t kWritable = 2;    ///< room in the send buffer
inline constexpr std::uint32_t kPeerClosed = 4;  ///< the peer sent FIN (EPOLLRDHUP)
inline constexpr std::uint32_t kHangup = 8;      ///< both directions are over (EPOLLHUP)
inline constexpr std::uint32_t kError = 16;      ///< take_error() has the reason (EPOLLERR)
}  // namespace ready

struct ReadyEvent {
  int fd = -1;
  std::uint32_t ready = 0;
  std::uint64_t user_data = 0;  ///< as given to watch()
};

enum class Option : std::uint8_t {
  kReuseAddress,       ///< bool
  kReusePort,          ///< bool; all who have it share an address
  kSendBuffer,         ///< bytes
  kReceiveBuffer,      ///< bytes
  kNoDelay,            ///< bool
  kKeepAlive,          ///< bool
  kKeepAliveIdle,      ///< seconds
  kKeepAliveInterval,  ///< seconds
  kKeepAliveProbes,    ///< count
  kUserTimeout,        ///< milliseconds
  kCongestion,         ///< tcp::CongestionAlgorithm
  kMaxPacingRate,      ///< bytes a second, unsigned; -1: unlimited (SO_MAX_PACING_RATE)
  kLinger,             ///< seconds; -1: off; 0: close() resets
  kV6Only,             ///< bool; an IPv6 socket serves no IPv4 (RFC 3493 §5.3)
  kBroadcast,          ///< bool; may send to broadcast addresses
  kDontFragment,       ///< bool; datagrams beyond the path's MTU are refused
  kGroupHops,          ///< hop limit of datagrams to groups; -1: the default, 1
  kGroupLoop,          ///< bool; they come to our own members too
  kGroupInterface,     ///< index from 1 of the interface that they leave by; 0: the route's
};

/// What only streams have, with Linux' ranges.
enum class StreamOption : std::uint8_t {
  kCork,             ///< bool; less than a segment waits, for 200 ms at most
  kQuickAck,         ///< bool; see tcp::AckPolicy::set_quick()
  kReadLowWater,     ///< bytes; fewer than these are not kReadable
  kWriteLowWater,    ///< 1, and not to be set
  kUnsentLowWater,   ///< bytes; kWritable while less is unsent, 0: whatever is
  kDeferAccept,      ///< seconds; a listener's connections wait for data
  kWindowClamp,      ///< bytes of window to offer at most; 0: none, before connect() only
  kMaxSegment,       ///< bytes; 0: none. Of a connection: what it sends at most
  kSynRetries,       ///< count
  kFastOpenQueue,    ///< count; a listener's fast opens at once (RFC 7413), 0: none
  kFastOpenConnect,  ///< bool; connect() leaves the SYN to the first write()
  kOrphanFinWait2,   ///< seconds of FIN-WAIT-2 behind close(); -1: none
};

/// What a write is to do beside writing.
struct WriteFlags {
  bool more = false;  ///< more follows at once (MSG_MORE)
};

/// What there is to know about a stream (TCP_INFO).
struct StreamInfo {
  tcp::Info connection;
  bool is_listening = false;
  std::uint32_t waiting = 0;  ///< of a listener: to be accepted, and
  std::uint32_t backlog = 0;  ///< how many may
};

/// What a descriptor is.
struct DescriptorInfo {
  Type type = Type::kStream;
  IpFamily family = IpFamily::kV4;
  bool is_listening = false;
  std::uint32_t interest = 0;  ///< as given to watch()
};

struct Limits {
  std::uint32_t descriptors = 65'536;
  std::uint32_t first = 0;  ///< the lowest descriptor
};

/// What a socket has in its buffers.
struct Fill {
  std::size_t unread = 0;  ///< bytes; of the next datagram; connections to accept
  std::size_t unsent = 0;  ///< bytes that the peer has not acknowledged
  std::size_t room = 0;    ///< bytes that a write would take
};

/// The sockets of one shard: POSIX' calls, non-blocking, over buffers instead of bytes. A call that
/// would block answers kAgain. Descriptors are small integers of this table, lowest free one first
/// (POSIX), and have nothing to do with the kernel's.
class SocketTable {
 public:
  struct Impl;

  SocketTable(stack::Shard& shard, buf::Pools pools, Limits limits);
  ~SocketTable();

  /// kTooManyFiles at the limit.
  Result<int> socket(Type type, IpFamily family);
  /// Port 0 lets the stack choose at connect or listen. kAddrInUse, kAddrNotAvailable, kInvalid.
  Result<void> bind(int fd, const Endpoint& local);
  Result<void> listen(int fd, int backlog);
  /// kAgain when nobody waits.
  Result<int> accept(int fd, Endpoint* peer = nullptr);
  /// connect() and write() in one, so that the SYN may take the data along (RFC 7413,
  /// MSG_FASTOPEN): kInProgress, and the chain stays the caller's, where the server's cookie is not
  /// known yet.
  Result<void> connect_with(int fd, const Endpoint& remote, buf::Chain& chain, WriteFlags flags);
  /// kInProgress for a stream, whose end is told by kWritable or kError.
  Result<void> connect(int fd, const Endpoint& remote);

  /// At most `limit` bytes of the stream, the very buffers they came in; an empty chain is the end
  /// of the stream. The caller owns them.
  Result<buf::Chain> read(int fd, std::uint32_t limit);
  /// The same of a stream without taking it: descriptors of their own over the bytes, which stay.
  /// kNotSupported for datagrams, kNoBuffers without descriptors.
  Result<buf::Chain> peek(int fd, std::uint32_t limit);
  /// Takes the whole chain or, on any error, nothing: kAgain when the send buffer lacks the room,
  /// kMessageSize for a chain that could never fit, kPipe after shutdown, kConnReset, ….
  Result<void> write(int fd, buf::Chain& chain);
  Result<void> write(int fd, buf::Chain& chain, WriteFlags flags);
  /// The copying twins; these may be short.
  Result<std::size_t> read_copy(int fd, std::span<std::byte> out);
  Result<std::size_t> write_copy(int fd, std::span<const std::byte> in, WriteFlags flags = {});
  /// Datagrams: one whole datagram each.
  Result<buf::Chain> receive_from(int fd, Endpoint* peer);
  Result<void> send_to(int fd, buf::Chain& chain, const Endpoint& peer);

  Result<void> shutdown(int fd, ShutdownHow how);
  /// The descriptor is free at once; the connection ends by itself (FIN after what was written, RST
  /// if received data was never read (RFC 2525 §2.17) or linger is 0).
  Result<void> close(int fd);
  void close_all();
  /// Another descriptor of the same socket, the lowest that is free and not below `least`. It is
  /// closed when all are.
  Result<int> duplicate(int fd, int least = 0);
  /// The same as `as`, which is closed first if it is open. kBadFd for a number beyond all.
  Result<int> duplicate_as(int fd, int as);

  /// O_NONBLOCK, of all descriptors of the socket. Nothing in here ever waits: it is for those
  /// above who do.
  Result<void> set_non_blocking(int fd, bool on);
  Result<bool> is_non_blocking(int fd) const;
  Result<void> set_option(int fd, Option option, int value);
  Result<int> option(int fd, Option option) const;
  Result<void> set_option(int fd, StreamOption option, int value);
  Result<int> option(int fd, StreamOption option) const;
  /// A datagram socket's port gets what is sent to the group, until leave_group() or close().
  /// `interface`: its index; none: where a datagram to the group would leave. kInvalid for no
  /// group, kNoDevice, kAddrInUse for one that was joined, kNoBuffers for too many.
  Result<void> join_group(int fd, const IpAddress& group, std::optional<std::size_t> interface);
  /// kAddrNotAvailable for one that was not joined.
  Result<void> leave_group(int fd, const IpAddress& group, std::optional<std::size_t> interface);
  /// The interface that has the address.
  std::optional<std::size_t> interface_of(const IpAddress& address) const;
  Result<StreamInfo> stream_info(int fd) const;
  /// The pending error, cleared by asking (SO_ERROR); Errc{} for none, kBadFd.
  Errc take_error(int fd);
  Result<DescriptorInfo> info(int fd) const;
  Result<Endpoint> local_endpoint(int fd) const;
  Result<Endpoint> remote_endpoint(int fd) const;
  Result<Fill> fill(int fd) const;
  /// All readiness bits of namespace ready that are true now, as Linux' poll() has them.
  Result<std::uint32_t> readiness(int fd) const;

  /// Which readiness to report for `fd` (kHangup and kError always are), and what to report it
  /// with.
  Result<void> watch(int fd, std::uint32_t interest, std::uint64_t user_data);
  /// Level-triggered, O(ready): up to out.size() descriptors that are ready now, fairly in turn.
  std::size_t poll_ready(std::span<ReadyEvent> out);
  /// True if poll_ready() would report something.
  bool has_ready();

  std::size_t open_count() const;
  /// One more than the highest descriptor that there can be.
  int most() const;
  /// Payload bytes of the shard that were copied, in and out: by the copying twins, and where
  /// buffers ran short.
  std::uint64_t copied_bytes() const;
  /// The caller has copied payload of a datagram by itself.
  void note_copied(std::size_t bytes);
  const tcp::Config& tcp_config() const;
  /// kInvalid for a gateway off link, kAlready for a route that exists.
  Result<void> add_route(const IpPrefix& destination, const std::optional<IpAddress>& gateway);
  /// All to this destination. kNotFound.
  Result<void> remove_routes(const IpPrefix& destination);
  /// Room for what an application wants to send, e.g. Chain::copy_of(…, *pools().data).
  buf::Pools pools() const;

 private:
  friend class EventQueues;

  [[gnu::noinline]] Result<buf::Chain> read_slowly(int fd, std::uint32_t limit);
  [[gnu::noinline]] Result<void> write_slowly(int fd, buf::Chain& chain);

  std::unique_ptr<Impl> impl_;
};

}  // namespace zs::sock
