#include "udp/table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/assert.hpp"
#include "udp/datagram_queue.hpp"
#include "wire/checksum.hpp"
#include "wire/protocol.hpp"
#include "wire/udp.hpp"

namespace zs::udp {

struct Table::Socket : ListHook<ReadyTag> {
  /// What the socket is found by; an unspecified part is a wildcard. Connected means that the
  /// remote part is specified.
  FlowKey key;
  std::uint64_t cookie = 0;
  std::uint32_t generation = 0;  ///< odd while open, so that 0 names nothing
  Index hash_next = kNone;
  IpFamily family = IpFamily::kV4;
  DualStack dual = DualStack::kOff;
  bool bound = false;
  SocketOptions options;
  Errc error{};
  DatagramQueue queue;

  bool is_open() const { return (generation & 1) != 0; }
  bool is_connected() const { return key.remote.port != 0; }
};

namespace {

/// The peer of a socket that takes anybody's datagrams.
Endpoint anybody() { return {}; }

/// Whether a datagram can leave: in one packet of the path's or, unless that is refused, in
/// fragments of one that IP can describe.
bool fits(std::uint32_t payload_bytes, IpFamily family, bool dont_fragment, const Path& path) {
  const std::uint32_t ip_header = family == IpFamily::kV4 ? 20 : 40;
  const std::uint32_t most = family == IpFamily::kV4 ? 65'535 : 65'535 + ip_header;
  return payload_bytes + wire::UdpView::kHeader + ip_header <= (dont_fragment ? path.mtu : most);
}

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
  h = (h ^ v) * 0x9e3779b97f4a7c15ull;
  return h ^ (h >> 32);
}

}  // namespace

Table::Table(const Config& config, buf::Pools pools, DropCounters& drops)
    : config_(config),
      pools_(pools),
      drops_(drops),
      random_(config.seed),
      hash_key_(random_()),
      store_(config.queued_datagrams),
      transmit_(std::max<std::uint32_t>(config.transmit_datagrams, 1)),
      ready_(std::make_unique<IntrusiveList<Socket, ReadyTag>>()) {
  config_.max_sockets = std::clamp<std::uint32_t>(config_.max_sockets, 1, 1u << 20);
  sockets_ = std::make_unique<Socket[]>(config_.max_sockets);
  buckets_.assign(std::bit_ceil(std::size_t{config_.max_sockets}), kNone);
  free_.reserve(config_.max_sockets);
  for (Index i = config_.max_sockets; i > 0; --i) free_.push_back(i - 1);
}

Table::~Table() {
  while (!ready_->empty()) ready_->pop_front();
}

Result<SocketId> Table::open(IpFamily family, std::uint64_t cookie) {
  if (free_.empty()) return Errc::kTooManyFiles;
  Socket& s = sockets_[free_.back()];
  free_.pop_back();
  ++s.generation;
  s.cookie = cookie;
  s.family = family;
  s.dual = family == IpFamily::kV6 ? DualStack::kOn : DualStack::kOff;
  s.key = {{IpAddress::any(family), 0}, anybody()};
  s.bound = false;
  s.options = {};
  s.error = Errc{};
  s.queue.set_bounds(config_.receive);
  ++open_;
  return id_of(s);
}

Result<void> Table::close(SocketId id) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (s->bound) remove(*s);
  if (static_cast<ListHook<ReadyTag>&>(*s).is_linked()) ready_->erase(*s);
  s->queue.clear(store_);
  ++s->generation;
  free_.push_back(id.index);
  --open_;
  return {};
}

Result<void> Table::set_dual_stack(SocketId id, DualStack mode) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (s->bound || s->family != IpFamily::kV6) return Errc::kInvalid;
  s->dual = mode;
  return {};
}

Result<void> Table::bind(SocketId id, const Endpoint& local) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (s->bound) return Errc::kInvalid;
  // A dual-stack socket may be bound to an IPv4 address (a mapped one, RFC 3493 §3.7).
  if (local.address.family() != s->family && s->dual == DualStack::kOff) {
    return Errc::kAfNotSupported;
  }
  FlowKey key{local, anybody()};
  const bool wildcard = local.address.is_unspecified();
  const DualStack dual = wildcard && local.address.is_v6() ? s->dual : DualStack::kOff;
  if (local.port == 0) {
    ZS_TRY_ASSIGN(key.local.port, pick_port(local.address, anybody(), dual));
  } else if (is_taken(key, dual) && !is_shared(key, s->options)) {
    return Errc::kAddrInUse;
  }
  s->key = key;
  insert(*s);
  return {};
}

Result<void> Table::connect(SocketId id, const Endpoint& remote, const IpAddress& source) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (remote.port == 0 || remote.address.is_unspecified()) return Errc::kInvalid;
  if (remote.address.family() != source.family() ||
      (remote.address.family() != s->family && s->dual == DualStack::kOff)) {
    return Errc::kAfNotSupported;
  }
  FlowKey key{s->key.local, remote};
  if (key.local.address.is_unspecified()) key.local.address = source;
  if (key.local.address.family() != remote.address.family()) return Errc::kAfNotSupported;
  if (!s->bound) {
    ZS_TRY_ASSIGN(key.local.port, pick_port(source, remote, DualStack::kOff));
  } else if (const Socket* const other = lookup(key); other != nullptr && other != s) {
    return Errc::kAddrInUse;
  }
  if (s->bound) remove(*s);
  s->key = key;
  insert(*s);
  return {};
}

Result<void> Table::disconnect(SocketId id) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (!s->is_connected()) return Errc::kNotConnected;
  remove(*s);
  s->key.remote = anybody();
  // Its local half may have been taken by somebody meanwhile: then it is unbound.
  if (is_taken(s->key, DualStack::kOff)) {
    s->key.local = {IpAddress::any(s->family), 0};
  } else {
    insert(*s);
  }
  return {};
}

Result<void> Table::send(SocketId id, buf::Chain& payload, const std::optional<Endpoint>& remote,
                         const Path& path) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (s->error != Errc{}) return std::exchange(s->error, Errc{});
  if (!remote && !s->is_connected()) return Errc::kDestinationRequired;
  const Endpoint peer = remote ? *remote : s->key.remote;
  if (peer.port == 0) return Errc::kInvalid;
  if (!fits(payload.size(), peer.address.family(), s->options.dont_fragment, path)) {
    return Errc::kMessageSize;
  }
  if (transmit_.full()) return Errc::kAgain;
  if (!s->bound) {
    ZS_TRY(bind(id, {s->key.local.address, 0}));
  }
  Endpoint local = s->key.local;
  if (local.address.is_unspecified()) local.address = path.source;
  if (local.address.family() != peer.address.family()) return Errc::kAfNotSupported;
  ZS_TRY_ASSIGN(buf::Mbuf packet, make_packet(local, peer, payload));
  OutPacket out;
  out.packet = std::move(packet);
  out.local = local.address;
  out.remote = peer.address;
  if (peer.address.is_multicast()) {
    out.hop_limit = s->options.group_hops;
    out.loops = s->options.group_loop;
    out.group_interface = s->options.group_interface;
  }
  [[maybe_unused]] const bool queued = transmit_.try_push(std::move(out));
  ZS_ASSERT(queued);
  return {};
}

Result<buf::Mbuf> Table::make_packet(const Endpoint& local, const Endpoint& remote,
                                     buf::Chain& payload) {
  const auto length = static_cast<std::uint16_t>(wire::UdpView::kHeader + payload.size());
  rte_mbuf* const first = payload.head();
  buf::Mbuf packet;
  // The header goes into the payload's own headroom where nobody else can see that.
  const bool in_place = first != nullptr && buf::is_exclusive(first) &&
                        buf::headroom(first) >= OutPacket::kL2L3Room + wire::UdpView::kHeader;
  if (in_place) {
    packet = std::move(payload).release();
  } else {
    rte_mbuf* const header = pools_.data->alloc();
    if (header == nullptr) return Errc::kNoBuffers;
    packet = buf::Mbuf::adopt(header);
    if (!payload.empty()) packet.append_chain(std::move(payload).release());
  }
  auto room = packet.prepend(wire::UdpView::kHeader);
  ZS_CHECK(room.has_value());  // looked at above, and every fresh buffer has kHeadroom
  const std::uint64_t pseudo =
      wire::pseudo_header_sum(local.address, remote.address, wire::ip_protocol::kUdp, length);
  wire::UdpSpec{.src_port = local.port,
                .dst_port = remote.port,
                .length = length,
                .checksum = wire::checksum_fold(pseudo)}
      .write(*room);
  // The payload may be a received buffer on its way back: forget what its device said of it.
  buf::clear_metadata(packet.get());
  packet->l4_len = wire::UdpView::kHeader;
  packet->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
  return packet;
}

Result<Datagram> Table::receive(SocketId id) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (s->error != Errc{}) return std::exchange(s->error, Errc{});
  if (s->queue.empty()) return Errc::kAgain;
  return s->queue.pop(store_);
}

Errc Table::take_error(SocketId id) {
  Socket* const s = find(id);
  return s == nullptr ? Errc::kBadFd : std::exchange(s->error, Errc{});
}

Result<void> Table::set_receive_bound(SocketId id, std::uint32_t bytes) {
  Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  s->queue.set_bounds({bytes, s->queue.bounds().datagrams});
  return {};
}

SocketOptions* Table::options(SocketId id) const {
  Socket* const s = find(id);
  return s == nullptr ? nullptr : &s->options;
}

DualStack Table::dual_stack(SocketId id) const {
  const Socket* const s = find(id);
  return s == nullptr ? DualStack::kOff : s->dual;
}

bool Table::has_data(SocketId id) const {
  const Socket* const s = find(id);
  return s != nullptr && !s->queue.empty();
}

std::uint32_t Table::next_bytes(SocketId id) const {
  const Socket* const s = find(id);
  return s == nullptr || s->queue.empty() ? 0 : s->queue.front(store_).payload.size();
}

void Table::set_cookie(SocketId id, std::uint64_t cookie) {
  if (Socket* const s = find(id)) s->cookie = cookie;
}

bool Table::has_error(SocketId id) const {
  const Socket* const s = find(id);
  return s != nullptr && s->error != Errc{};
}

bool Table::can_send() const { return !transmit_.full(); }

Result<Endpoint> Table::local_endpoint(SocketId id) const {
  const Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  return s->key.local;
}

Result<Endpoint> Table::remote_endpoint(SocketId id) const {
  const Socket* const s = find(id);
  if (s == nullptr) return Errc::kBadFd;
  if (!s->is_connected()) return Errc::kNotConnected;
  return s->key.remote;
}

std::optional<std::uint64_t> Table::poll_event() {
  if (ready_->empty()) return std::nullopt;
  return ready_->pop_front().cookie;
}

std::optional<SocketId> Table::receiver(const Endpoint& local, const Endpoint& remote) const {
  const Socket* const s = demux(local, remote);
  if (s == nullptr) return std::nullopt;
  return id_of(*s);
}

void Table::deliver(SocketId id, Datagram datagram) {
  Socket* const s = find(id);
  if (s != nullptr && !s->queue.admit(*pools_.data, datagram.payload.segments())) {
    drops_ += Drop::kBuffersScarce;
    return;
  }
  if (s == nullptr || !s->queue.push(datagram, store_)) {
    drops_ += Drop::kUdpQueueFull;
    return;
  }
  ready_->push_back_once(*s);
}

bool Table::deliver_to_many(Datagram datagram) {
  const Endpoint local = datagram.local;
  const IpAddress any = IpAddress::any(local.address.family());
  const std::array<FlowKey, 4> keys{{{local, datagram.remote},
                                     {local, anybody()},
                                     {{any, local.port}, anybody()},
                                     {{IpAddress{}, local.port}, anybody()}}};
  // IPv6's wildcard comes twice for IPv6; for IPv4 it is the sockets that take both.
  const std::size_t count = local.address.is_v6() ? 3 : 4;
  std::optional<SocketId> previous;
  for (std::size_t k = 0; k < count; ++k) {
    for (Index i = buckets_[bucket_of(keys[k])]; i != kNone; i = sockets_[i].hash_next) {
      const Socket& s = sockets_[i];
      if (!(s.key == keys[k]) || (k == 3 && s.dual != DualStack::kOn)) continue;
      if (previous) deliver_copy(*previous, datagram);
      previous = id_of(s);
    }
  }
  if (!previous) return false;
  deliver(*previous, std::move(datagram));
  return true;
}

void Table::deliver_copy(SocketId id, const Datagram& datagram) {
  auto payload = datagram.payload.clone(*pools_.indirect);
  if (payload) {
    deliver(id, {datagram.local, datagram.remote, std::move(*payload)});
  } else {
    drops_ += Drop::kNoBuffers;
  }
}

bool Table::on_icmp_error(const FlowKey& flow, IcmpError error) {
  // RFC 1122 §4.1.3.3 wants errors told to the application; like Linux we tell connected sockets
  // only, because others could not know which of their peers is meant.
  Socket* const s = lookup(flow);
  if (s == nullptr) return demux(flow.local, flow.remote) != nullptr;
  switch (error) {
    case IcmpError::kPortUnreachable:
      s->error = Errc::kConnRefused;
      break;
    case IcmpError::kNetUnreachable:
      s->error = Errc::kNoRoute;
      break;
    case IcmpError::kUnreachable:
      s->error = Errc::kHostUnreachable;
      break;
    case IcmpError::kPacketTooBig:
      // Who lets datagrams be cut need not know; the next one is cut smaller.
      if (!s->options.dont_fragment) return true;
      s->error = Errc::kMessageSize;
      break;
  }
  ready_->push_back_once(*s);
  return true;
}

std::optional<OutPacket> Table::poll_transmit() { return transmit_.try_pop(); }

Table::Socket* Table::find(SocketId id) const {
  if (id.index >= config_.max_sockets) return nullptr;
  Socket& s = sockets_[id.index];
  return s.is_open() && s.generation == id.generation ? &s : nullptr;
}

SocketId Table::id_of(const Socket& s) const {
  return {static_cast<std::uint32_t>(&s - sockets_.get()), s.generation};
}

Table::Socket* Table::demux(const Endpoint& local, const Endpoint& remote) const {
  // The most specific socket wins: the 4-tuple, the address, the family's wildcard, the dual one.
  if (connected_ > 0) {
    if (Socket* const s = lookup({local, remote})) return s;
  }
  if (Socket* const s = lookup({local, anybody()})) return share_of(s, remote);
  const IpAddress any = IpAddress::any(local.address.family());
  if (Socket* const s = lookup({{any, local.port}, anybody()})) return share_of(s, remote);
  if (local.address.is_v6()) return nullptr;
  Socket* const s = lookup({{IpAddress::any(IpFamily::kV6), local.port}, anybody()});
  return s != nullptr && s->dual == DualStack::kOn ? share_of(s, remote) : nullptr;
}

Table::Socket* Table::share_of(Socket* s, const Endpoint& remote) const {
  if (!s->options.reuse_port) return s;
  // The highest draw wins (rendezvous hashing): when one of them goes, the others keep their peers.
  Socket* best = s;
  std::uint64_t best_draw = 0;
  for (Index i = id_of(*s).index; i != kNone; i = sockets_[i].hash_next) {
    if (!(sockets_[i].key == s->key)) continue;
    std::uint64_t draw = mix(hash_key_ + i, remote.address.high());
    draw = mix(mix(draw, remote.address.low()), remote.port);
    if (draw < best_draw) continue;
    best_draw = draw;
    best = &sockets_[i];
  }
  return best;
}

Table::Socket* Table::lookup(const FlowKey& key) const {
  for (Index i = buckets_[bucket_of(key)]; i != kNone; i = sockets_[i].hash_next) {
    if (sockets_[i].key == key) return &sockets_[i];
  }
  return nullptr;
}

void Table::insert(Socket& s) {
  ZS_ASSERT(!s.bound);
  Index& bucket = buckets_[bucket_of(s.key)];
  s.hash_next = std::exchange(bucket, id_of(s).index);
  s.bound = true;
  if (s.is_connected()) ++connected_;
}

void Table::remove(Socket& s) {
  ZS_ASSERT(s.bound);
  Index* link = &buckets_[bucket_of(s.key)];
  while (&sockets_[*link] != &s) link = &sockets_[*link].hash_next;
  *link = s.hash_next;
  s.bound = false;
  if (s.is_connected()) --connected_;
}

std::size_t Table::bucket_of(const FlowKey& key) const {
  // The keys in the table are the application's choice, so a stranger cannot make its chains long;
  // a cheap hash is enough.
  std::uint64_t h = mix(hash_key_, key.local.address.high());
  h = mix(h, key.local.address.low());
  h = mix(h, std::uint64_t{key.local.port} << 16 | key.remote.port);
  h = mix(h, key.remote.address.high());
  h = mix(h, key.remote.address.low());
  return h & (buckets_.size() - 1);
}

bool Table::is_taken(const FlowKey& key, DualStack dual) const {
  if (lookup(key) != nullptr) return true;
  // :: with dual stack and 0.0.0.0 overlap on every IPv4 address.
  const std::uint16_t port = key.local.port;
  if (dual == DualStack::kOn) {
    return lookup({{IpAddress::any(IpFamily::kV4), port}, anybody()}) != nullptr;
  }
  if (key.local.address == IpAddress::any(IpFamily::kV4) && key.remote == anybody()) {
    const Socket* const s = lookup({{IpAddress::any(IpFamily::kV6), port}, anybody()});
    return s != nullptr && s->dual == DualStack::kOn;
  }
  return false;
}

bool Table::is_shared(const FlowKey& key, const SocketOptions& wish) const {
  for (Index i = buckets_[bucket_of(key)]; i != kNone; i = sockets_[i].hash_next) {
    const SocketOptions& other = sockets_[i].options;
    const bool shares =
        (wish.reuse_address && other.reuse_address) || (wish.reuse_port && other.reuse_port);
    if (sockets_[i].key == key && !shares) return false;
  }
  return wish.reuse_address || wish.reuse_port;
}

Result<std::uint16_t> Table::pick_port(const IpAddress& local, const Endpoint& remote,
                                       DualStack dual) {
  // RFC 6056 §3.3.1: a random start, then the next free one.
  const std::uint32_t range = config_.ephemeral_high - config_.ephemeral_low + 1u;
  const std::uint32_t start = random_.below(range);
  const IpAddress any = IpAddress::any(local.family());
  for (std::uint32_t i = 0; i < range; ++i) {
    const auto port = static_cast<std::uint16_t>(config_.ephemeral_low + (start + i) % range);
    if (is_taken({{local, port}, remote}, dual)) continue;
    // Stay clear of sockets that would lose datagrams to this one, and of those it would take from.
    if (is_taken({{any, port}, anybody()}, DualStack::kOff)) continue;
    if (is_taken({{local, port}, anybody()}, dual)) continue;
    return port;
  }
  return Errc::kAddrInUse;
}

}  // namespace zs::udp
