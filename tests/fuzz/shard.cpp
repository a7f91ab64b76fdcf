// A whole shard with sockets on it. The input is a list of steps: a frame arrives, time passes, the
// application does something, buffers run out, the cable is pulled. At the end everything is
// destroyed, and every buffer must be back in its pool.
#include "stack/shard.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/assert.hpp"
#include "buf/mbuf.hpp"
#include "fuzz/input.hpp"
#include "fuzz/segment.hpp"
#include "sock/socket_table.hpp"
#include "wire/checksum.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmp.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"

namespace zs::fuzz {
namespace {

constexpr MacAddress kOurMac{{std::byte{2}, {}, {}, {}, {}, std::byte{1}}};
constexpr MacAddress kPeerMac{{std::byte{2}, {}, {}, {}, {}, std::byte{2}}};
constexpr std::uint16_t kListenPort = 80;
constexpr std::uint16_t kDatagramPort = 7;
constexpr std::uint16_t kPeerPort = 9000;
constexpr int kMaxSteps = 256;

/// Bits of the byte that says how much help a frame gets on its way in.
constexpr std::uint8_t kFixPorts = 1;
constexpr std::uint8_t kFixSequence = 2;
constexpr std::uint8_t kFixChecksum = 4;
constexpr std::uint8_t kFromRouter = 8;  ///< IPv6: from fe80::2 to everybody

IpAddress address(const char* text) { return *IpAddress::parse(text); }

IpAddress source(bool v6, std::uint8_t help) {
  if (!v6) return address("10.0.0.2");
  return address((help & kFromRouter) != 0 ? "fe80::2" : "2001:db8::2");
}
IpAddress destination(bool v6, std::uint8_t help) {
  if (!v6) return address("10.0.0.1");
  return address((help & kFromRouter) != 0 ? "ff02::1" : "2001:db8::1");
}

/// A stranger who has said nothing yet.
Standing at_first(bool v6) {
  return {.peer = {address(v6 ? "2001:db8::2" : "10.0.0.2"), kPeerPort},
          .local = {address(v6 ? "2001:db8::1" : "10.0.0.1"), kListenPort}};
}

std::unique_ptr<buf::Pool> make_pool(const char* name, std::uint16_t data_room) {
  auto pool = buf::Pool::create({.name = name, .count = 512, .data_room = data_room});
  ZS_CHECK(pool);
  return std::move(*pool);
}

class World {
 public:
  explicit World(buf::Pools pools) : pools_(pools) {
    stack::ShardConfig config;
    config.interfaces.push_back(
        {.name = "fuzz",
         .device = {.name = "fuzz", .mac = kOurMac},
         .addresses = {*IpPrefix::parse("10.0.0.1/24"), *IpPrefix::parse("2001:db8::1/64")}});
    config.interfaces[0].autoconf = true;
    config.address_probes = 1;
    config.tcp.max_connections = 64;
    auto shard = stack::Shard::create(config, pools, now_);
    ZS_CHECK(shard);
    shard_ = std::move(*shard);
    sockets_ = std::make_unique<sock::SocketTable>(*shard_, pools, sock::Limits{32});
    shard_->on_link(0, true, now_);
    open_sockets();
    settle();
  }

  void step(Input& input);

 private:
  void open_sockets();
  void connect();
  void on_frame(Input& input);
  void on_segment(bool v6, bool cut, Input& input);
  Bytes make_frame(std::uint8_t kind, std::uint8_t help, Input& input) const;
  void fix_transport(std::uint8_t protocol, std::uint8_t help, bool v6,
                     std::span<std::byte> l4) const;
  void deliver(std::span<const std::byte> frame);
  void run_application();
  void settle();
  void observe(const rte_mbuf* packet);

  buf::Pools pools_;
  Instant now_ = Instant::from_ns(1'000'000'000);
  std::unique_ptr<stack::Shard> shard_;
  std::unique_ptr<sock::SocketTable> sockets_;
  std::array<int, 4> fds_{-1, -1, -1, -1};
  /// Where the shard's latest TCP segments stand, so that an answer can fit them.
  Standing last_v4_ = at_first(false);
  Standing last_v6_ = at_first(true);
};

void World::open_sockets() {
  const auto open = [this](sock::Type type, const char* host, std::uint16_t port) {
    const auto fd = sockets_->socket(type, address(host).family());
    ZS_CHECK(fd && sockets_->bind(*fd, {address(host), port}));
    ZS_CHECK(sockets_->watch(*fd, sock::ready::kReadable, static_cast<std::uint64_t>(*fd)));
    return *fd;
  };
  fds_[0] = open(sock::Type::kStream, "10.0.0.1", kListenPort);
  fds_[1] = open(sock::Type::kStream, "2001:db8::1", kListenPort);
  fds_[2] = open(sock::Type::kDatagram, "10.0.0.1", kDatagramPort);
  ZS_CHECK(sockets_->listen(fds_[0], 4) && sockets_->listen(fds_[1], 4));
  for (const char* group : {"239.1.2.3", "ff05::7"}) {
    const auto fd = sockets_->socket(sock::Type::kDatagram, address(group).family());
    ZS_CHECK(fd && sockets_->join_group(*fd, address(group), 0));
  }
  connect();
}

void World::connect() {
  const auto fd = sockets_->socket(sock::Type::kStream, IpFamily::kV4);
  if (!fd) return;
  (void)sockets_->connect(*fd, {address("10.0.0.2"), kPeerPort}).has_value();
  (void)sockets_->watch(*fd, sock::ready::kReadable | sock::ready::kPeerClosed, 0).has_value();
  fds_[3] = *fd;
}

void World::fix_transport(std::uint8_t protocol, std::uint8_t help, bool v6,
                          std::span<std::byte> l4) const {
  const bool tcp = protocol == wire::ip_protocol::kTcp && l4.size() >= wire::TcpView::kMinHeader;
  const bool udp = protocol == wire::ip_protocol::kUdp && l4.size() >= 8;
  if (tcp && (help & kFixPorts) != 0) {
    store_be(&l4[0], last_v4_.peer.port);
    store_be(&l4[2], last_v4_.local.port);
  } else if (udp && (help & kFixPorts) != 0) {
    store_be(&l4[2], kDatagramPort);
    store_be(&l4[4], static_cast<std::uint16_t>(l4.size()));
  }
  if (tcp && (help & kFixSequence) != 0) {  // the input's numbers are offsets
    store_be(&l4[4], load_be<std::uint32_t>(&l4[4]) + last_v4_.expected);
    store_be(&l4[8], load_be<std::uint32_t>(&l4[8]) + last_v4_.next);
  }
  if ((help & kFixChecksum) == 0) return;
  const bool icmp = (protocol == wire::ip_protocol::kIcmp && !v6) ||
                    (protocol == wire::ip_protocol::kIcmpv6 && v6);
  if (!tcp && !udp && !(icmp && l4.size() >= wire::IcmpView::kHeader)) return;
  const std::size_t field = tcp ? 16 : udp ? 6 : 2;
  store_be(&l4[field], std::uint16_t{0});
  const auto pseudo =
      icmp && !v6 ? 0
                  : wire::pseudo_header_sum(source(v6, help), destination(v6, help), protocol,
                                            static_cast<std::uint32_t>(l4.size()));
  store_be(&l4[field], wire::checksum_finish(wire::checksum_add(l4, pseudo)));
}

/// The input's bytes as they are, or as the payload of headers that let them get far.
Bytes World::make_frame(std::uint8_t kind, std::uint8_t help, Input& input) const {
  const std::uint8_t protocol = kind < 2 ? wire::ip_protocol::kTcp : input.u8();
  const auto body = input.take(input.u16() % 1480);
  if (kind == 0) return Bytes(body.begin(), body.end());
  const bool v6 = kind % 2 == 0;
  const std::size_t header = v6 ? wire::Ipv6View::kHeader : wire::Ipv4View::kMinHeader;
  Bytes frame(wire::EthernetView::kHeader + header + body.size());
  const auto ip = std::span{frame}.subspan(wire::EthernetView::kHeader);
  const auto l4 = ip.subspan(header);
  std::copy(body.begin(), body.end(), l4.begin());
  wire::EthernetSpec{.dst = kOurMac,
                     .src = kPeerMac,
                     .ether_type = v6 ? wire::ether_type::kIpv6 : wire::ether_type::kIpv4}
      .write(std::span{frame}.first(wire::EthernetView::kHeader));
  if (v6) {
    wire::Ipv6Spec{.src = source(v6, help),
                   .dst = destination(v6, help),
                   .next_header = protocol,
                   .hop_limit = 255,
                   .payload_length = body.size()}
        .write(ip.first(header));
  } else {
    wire::Ipv4Spec{.src = source(v6, help),
                   .dst = destination(v6, help),
                   .protocol = protocol,
                   .payload_length = body.size()}
        .write(ip.first(header));
  }
  fix_transport(protocol, help, v6, l4);
  return frame;
}

void World::on_frame(Input& input) {
  const std::uint8_t kind = input.u8() % 9;
  if (kind >= 5) {
    on_segment(kind % 2 == 0, kind >= 7, input);
    return;
  }
  const std::uint8_t help = input.u8();
  deliver(make_frame(kind, help, input));
}

void World::deliver(std::span<const std::byte> frame) {
  auto packet = buf::Mbuf::copy_of(frame, *pools_.data);
  if (!packet) return;
  rte_mbuf* const m = std::move(*packet).release();
  shard_->on_burst(0, {&m, 1}, now_);
}

/// Accepts, echoes, and closes what has ended.
void World::run_application() {
  std::array<sock::ReadyEvent, 16> events{};
  const std::size_t count = sockets_->poll_ready(events);
  for (const auto& event : std::span{events}.first(count)) {
    if (event.fd == fds_[0] || event.fd == fds_[1]) {
      const auto fd = sockets_->accept(event.fd);
      if (fd) (void)sockets_->watch(*fd, sock::ready::kReadable, 0).has_value();
    } else if (event.fd == fds_[2]) {
      Endpoint peer;
      auto datagram = sockets_->receive_from(event.fd, &peer);
      if (datagram) (void)sockets_->send_to(event.fd, *datagram, peer).has_value();
    } else {
      auto data = sockets_->read(event.fd, 4096);
      const bool ended = data ? data->empty() : data.error() != Errc::kAgain;
      if (data && !ended) (void)sockets_->write(event.fd, *data).has_value();
      if (ended) (void)sockets_->close(event.fd).has_value();
    }
  }
}

/// A segment that fits, whole or as two fragments of which either may come first.
void World::on_segment(bool v6, bool cut, Input& input) {
  const Standing at = v6 ? last_v6_ : last_v4_;
  const Bytes l4 = segment_from(at, input);
  const std::size_t size = l4.size();
  const std::size_t middle = cut ? std::min<std::size_t>(input.u8() * 8u, size / 8 * 8) : size;
  const std::uint32_t id = cut ? input.u8() : 0;
  std::array<Piece, 2> pieces{{{id, 0, middle}, {id, middle, size}}};
  if (id % 2 == 1) std::swap(pieces[0], pieces[1]);
  for (const Piece& piece : pieces) {
    if (piece.begin < piece.end) deliver(frame_of(at, l4, piece, kOurMac, kPeerMac));
  }
}

/// Remembers where the shard's TCP stands.
void World::observe(const rte_mbuf* packet) {
  const auto frame = buf::bytes(packet);
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet) return;
  const bool v4 = ethernet->ether_type() == wire::ether_type::kIpv4;
  if (!v4 && ethernet->ether_type() != wire::ether_type::kIpv6) return;
  const std::size_t ip_bytes = v4 ? wire::Ipv4View::kMinHeader : wire::Ipv6View::kHeader;
  const std::size_t protocol_at = v4 ? 9 : 6;
  const auto ip = ethernet->payload();
  if (ip.size() < ip_bytes || ip[protocol_at] != std::byte{wire::ip_protocol::kTcp}) return;
  const auto tcp = wire::TcpView::parse(ip.subspan(ip_bytes));
  if (!tcp) return;
  const auto headers =
      static_cast<std::uint32_t>(wire::EthernetView::kHeader + ip_bytes + tcp->header_length());
  const std::uint32_t controls = (tcp->flags() & wire::tcp_flag::kSyn) != 0 ? 1 : 0;
  Standing& last = v4 ? last_v4_ : last_v6_;
  last.local.port = tcp->src_port();
  last.peer.port = tcp->dst_port();
  last.next = tcp->seq() + (packet->pkt_len - headers) + controls;
  last.expected = tcp->ack();
}

void World::settle() {
  std::array<rte_mbuf*, 32> out{};
  for (int round = 0; round < 8; ++round) {
    const std::size_t count = shard_->poll_transmit(0, out, now_);
    for (rte_mbuf* const packet : std::span{out}.first(count)) {
      observe(packet);
      buf::free_chain(packet);
    }
    if (count == 0) return;
  }
}

void World::step(Input& input) {
  const std::uint8_t what = input.u8() % 8;
  if (what < 4) {
    on_frame(input);
  } else if (what == 4) {
    const std::int64_t units = input.u16();
    now_ = now_ + Duration{units << (input.u8() % 24)};
    shard_->on_deadline(now_);
  } else if (what == 5) {
    run_application();
  } else if (what == 6) {
    const int fd = input.u8() % 32;
    if (fd != fds_[0] && fd != fds_[1] && fd != fds_[2]) {
      (void)sockets_->shutdown(fd, sock::ShutdownHow::kWrite).has_value();
    }
    connect();
  } else if (const std::uint8_t value = input.u8(); value < 128) {
    // Refuses allocations after a few, or for 127 none.
    pools_.data->fail_after_for_test(value == 127 ? UINT32_MAX : value);
  } else {
    shard_->on_link(0, value % 2 == 0, now_);
  }
  settle();
}

void run(std::span<const std::byte> data) {
  const auto payload = make_pool("data", 2048);
  const auto indirect = make_pool("indirect", 0);
  {
    Input input(data);
    World world({.data = payload.get(), .indirect = indirect.get()});
    for (int steps = 0; steps < kMaxSteps && !input.empty(); ++steps) world.step(input);
  }
  ZS_CHECK(payload->in_use() == 0 && indirect->in_use() == 0);
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  zs::fuzz::run(zs::fuzz::bytes_of(data, size));
  return 0;
}
