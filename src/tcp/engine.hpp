#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/drop.hpp"
#include "base/result.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "buf/pool.hpp"
#include "tcp/config.hpp"
#include "tcp/connection_slab.hpp"
#include "tcp/dormitory.hpp"
#include "tcp/flow_table.hpp"
#include "tcp/isn.hpp"
#include "tcp/listener.hpp"
#include "tcp/ports.hpp"
#include "tcp/segment.hpp"
#include "tcp/shared.hpp"
#include "tcp/syn_cache.hpp"
#include "tcp/syn_cookies.hpp"
#include "tcp/time_wait.hpp"
#include "timer/wheel.hpp"

namespace zs::tcp {

/// What an ICMP error says about a flow, IP version taken away.
enum class IcmpError : std::uint8_t {
  kUnreachable,  ///< the host
  kNetUnreachable,
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

/// TCP of one shard: connections, listeners, SYN cache, TIME-WAIT records and their timers.
/// Sans-I/O: segments and time in, packets and a next deadline out. Connections and listeners that
/// it hands out are borrowed: a connection until release(), a listener until close().
class Engine {
 public:
  explicit Engine(const EngineDependencies& dependencies);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The network and time.
  /// A checksum-verified segment for one of our addresses. Consumes the payload.
  void on_segment(Segment&& segment, Instant now);
  /// The same for one that is just what its connection expects next. Takes over `frame`, which
  /// begins at the headers that `segment` describes. False: it is not that, nothing was done.
  /// `segment_size` as in Segment.
  [[nodiscard]] bool on_plain_segment(const wire::PlainTcp& segment, rte_mbuf* frame,
                                      std::uint16_t segment_size, Instant now);
  /// Those were all for now: buffers that they acknowledged go back to their pool.
  void end_plain_segments() { shared_.returns.flush(); }
  /// An ICMP error about a segment of ours; `seq` is from the quoted header (RFC 5927: only what is
  /// in flight is believed), `mtu` is the next hop's for kPacketTooBig.
  void on_icmp_error(const FlowKey& flow, IcmpError error, SeqNum seq, std::uint16_t mtu,
                     Instant now);
  /// True: `out` is the next packet to send, and its flow and hint good until the next call.
  /// Draining it is the caller's duty.
  [[nodiscard]] bool poll_transmit(OutPacket& out, Instant now);
  /// The short way: the connection whose turn it is to send, if nothing else comes first. If
  /// poll_steady() of it has something, that is the next packet, and sent_steadily() to be told.
  Connection* next_to_send() {
    return shared_.transmit.empty() || !shared_.replies.empty() ? nullptr
                                                                : &shared_.transmit.front();
  }
  void sent_steadily(Connection& connection) {
    shared_.transmit.erase(connection);
    if (connection.is_wheel_late()) arm(connection);
  }
  void on_deadline(Instant now);
  Instant next_deadline() const;

  // The socket layer.
  /// Port 0 picks a free one. An unspecified address listens on every address of its family, and
  /// IPv6's on IPv4's too. kAddrInUse when the same address and port are listened on.
  Result<Listener*> listen(const Endpoint& local, std::uint32_t backlog,
                           const ConnectionOptions& options, Instant now);
  void close(Listener& listener, Instant now);
  /// `local` is a concrete address of ours; port 0 picks one. kAddrInUse, kAddrNotAvailable (no
  /// port left), kNoBuffers (connection table full).
  Result<Connection*> connect(const Endpoint& local, const Endpoint& remote, std::uint16_t mtu,
                              const ConnectionOptions& options, Instant now);
  /// The connection of a seat that sleeps.
  Connection& wake(Dormant& dormant, Instant now);
  /// Memory is asked for: some of the connections with a seat may fall asleep, if there are more
  /// awake than Config::awake_connections.
  void make_room(Instant now);
  /// The socket lets go of the connection, which ends by itself (Connection::close).
  void release(Connection& connection, Instant now);
  /// True if a listener has the very endpoint, or one of them is unspecified and the ports are
  /// equal.
  bool is_listening(const Endpoint& local, bool v6_only = false) const;
  /// What the socket layer should look at again, one a call.
  Connection* take_changed();
  Listener* take_changed_listener();

  const Counters& counters() const { return shared_.counters; }
  const Config& config() const { return shared_.config; }
  std::size_t connection_count() const { return slab_.size() + dormitory_.size(); }
  const Dormitory& dormitory() const { return dormitory_; }
  std::uint32_t time_wait_count() const { return time_wait_.size(); }
  std::uint32_t half_open_count() const { return syn_cache_.size(); }
  /// Those that are awake; with the others all is well.
  template <typename F>
  void for_each_connection(F&& f) const {
    table_.for_each(std::forward<F>(f));
  }
  template <typename F>
  void for_each_listener(F&& f) const {
    for (const auto& [id, listener] : listeners_) f(*listener);
  }

 private:
  // passive.cpp: LISTEN and SYN-RECEIVED of RFC 9293 §3.10.7.2 and §3.10.7.4 over the SYN cache.
  void on_listen_segment(Segment& segment, Listener& listener, std::optional<SeqNum> least_iss,
                         Instant now);
  void on_half_open_segment(Segment&& segment, SynCacheEntry& entry, Instant now);
  void send_cookie(SynCacheEntry& entry, Instant now);
  /// False: `segment` completes no handshake, and is untouched.
  bool on_cookie(Segment& segment, Listener& listener, Instant now);
  /// False for want of room.
  bool complete_handshake(Segment&& segment, Listener& listener, const PassiveOpen& open,
                          Instant now);
  void send_syn_ack(const SynCacheEntry& entry, Instant now,
                    const std::optional<wire::FastOpenCookie>& cookie = std::nullopt);
  /// RFC 7413 §4.2.2: opens the connection if the SYN's cookie is good. False: it takes the usual
  /// way, with `offer` for the next time.
  bool open_fast(Segment& segment, const SynCacheEntry& entry, Listener& listener,
                 std::optional<wire::FastOpenCookie>& offer, Instant now);
  void acknowledge_half_open(const SynCacheEntry& entry, Instant now);
  void resend_syn_acks(Instant now);

  // dormancy.cpp
  void put_to_sleep(Connection& connection);
  Dormant* find_dormant(const FlowKey& flow) const;
  void wake_due(Instant now);
  void discard_dormant();

  bool is_full() const { return connection_count() >= slab_.capacity(); }
  void on_time_wait_segment(Segment& segment, TimeWaitRecord& record, Instant now);
  void on_stray_segment(const Segment& segment);
  /// Of several on one address (SO_REUSEPORT) each gets its share of the flows; when one goes, only
  /// its own are shared anew.
  Listener* find_listener(const FlowKey& flow) const;
  std::uint64_t draw_of(const Listener& listener, const FlowKey& flow) const;
  Listener* listener_by_id(std::uint32_t id) const;
  bool is_port_taken(const Endpoint& local, const Endpoint& remote);
  [[gnu::noinline]] bool settle(Connection& connection, Instant now);
  [[gnu::noinline]] void arm(Connection& connection);
  void arm_pacing(Connection& connection, Instant now);
  void destroy(Connection& connection);

  Shared shared_;
  SipKey secret_;
  IsnGenerator isn_;
  EphemeralPorts ports_;
  timer::Wheel wheel_;
  std::unique_ptr<timer::Wheel> pacing_wheel_;  ///< with a finer tick; from the first that paces
  ConnectionSlab slab_;
  FlowTable table_;
  Dormitory dormitory_;
  SynCache syn_cache_;
  FastOpenCookies fast_open_cookies_;
  SynCookies syn_cookies_;
  TimeWaitTable time_wait_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Listener>> listeners_;
  std::unordered_multimap<std::uint16_t, Listener*> listeners_by_port_;
  std::uint32_t next_listener_id_ = 1;
};

}  // namespace zs::tcp
