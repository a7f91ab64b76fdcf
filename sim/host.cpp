#include "sim/host.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "buf/mbuf.hpp"

namespace zs::sim {

namespace {
constexpr std::size_t kBurst = 32;

void mix(std::uint64_t& hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x100'0000'01b3ull;  // FNV-1a, a word at a time
}

void mix_frame(std::uint64_t& hash, const rte_mbuf* frame) {
  mix(hash, frame->pkt_len);
  for (const std::byte b : buf::bytes(frame)) mix(hash, std::to_integer<std::uint64_t>(b));
}
}  // namespace

Host::Host(std::string name, std::uint8_t number, std::uint64_t seed, const HostConfig& config)
    : name_(std::move(name)),
      number_(number),
      seed_(seed),
      config_(config),
      data_(*buf::Pool::create({.name = "data", .count = config.buffers, .data_room = 2048})),
      indirect_(*buf::Pool::create({.name = "indirect", .count = config.buffers})) {}

Host::~Host() {
  for (rte_mbuf* frame : waiting_) buf::free_chain(frame);
}

MacAddress Host::mac() const {
  MacAddress mac;
  mac.bytes[0] = std::byte{2};
  mac.bytes[5] = std::byte{number_};
  return mac;
}

IpAddress Host::address(IpFamily family) const {
  if (family == IpFamily::kV4) return IpAddress::v4(10, 0, 0, number_);
  IpAddress::Bytes bytes{std::byte{0x20}, std::byte{0x01}, std::byte{0x0d}, std::byte{0xb8}};
  bytes[15] = std::byte{number_};
  return IpAddress::v6(bytes);
}

void Host::attach(dev::PacketQueue& cable, const LinkSpec& link, Instant now) {
  fault_ = std::make_unique<dev::FaultQueue>(cable, link.fault(), dev::FaultConfig{}, pools(),
                                             seed_ * 2 + number_);
  tap_ = std::make_unique<Wiretap>(*fault_, pools());
  dev::PacketQueue* device = tap_.get();
  if (config_.driver) {
    driver_ = std::make_unique<HoldingQueue>(*tap_, *config_.driver, pools());
    device = driver_.get();
  }
  advance_devices(now);
  offload_ = std::make_unique<dev::OffloadQueue>(*device, pools());
  queue_ = offload_.get();
  if (config_.vlan != 0) {
    vlan_ = std::make_unique<dev::VlanQueue>(*offload_, config_.vlan, pools());
    queue_ = vlan_.get();
  }
  stack::ShardConfig shard;
  shard.interfaces.push_back(
      {.name = "eth0",
       .device = queue_->capabilities(),
       .addresses = {{address(IpFamily::kV4), 24}, {address(IpFamily::kV6), 64}}});
  shard.tcp = config_.tcp;
  shard.address_probes = 0;
  shard.secret = SipKey{seed_ + 1, number_};
  shard.seed = seed_;
  auto made = stack::Shard::create(shard, pools(), now);
  ZS_CHECK(made.has_value());
  shard_ = *std::move(made);
  sockets_ = std::make_unique<sock::SocketTable>(*shard_, pools(), sock::Limits{});
}

void Host::listen(std::uint16_t port, IpFamily family, int backlog) {
  const auto fd = sockets_->socket(sock::Type::kStream, family);
  ZS_CHECK(fd.has_value());
  ZS_CHECK(sockets_->bind(*fd, {IpAddress::any(family), port}).has_value());
  ZS_CHECK(sockets_->listen(*fd, backlog).has_value());
  listeners_.push_back(*fd);
}

Stream& Host::connect_to(const Host& peer, std::uint16_t port, IpFamily family,
                         const StreamPlan& plan) {
  Stream* const stream = try_connect_to(peer, port, family, plan);
  ZS_CHECK(stream != nullptr);
  return *stream;
}

Stream* Host::try_connect_to(const Host& peer, std::uint16_t port, IpFamily family,
                             const StreamPlan& plan) {
  const auto fd = sockets_->socket(sock::Type::kStream, family);
  if (!fd) return nullptr;
  const auto begun = sockets_->connect(*fd, {peer.address(family), port});
  if (!begun && begun.error() != Errc::kInProgress) {
    (void)sockets_->close(*fd);
    return nullptr;
  }
  connected_.push_back(std::make_unique<Stream>(*sockets_, *fd, Stream::Role::kInitiator, plan));
  return connected_.back().get();
}

std::uint64_t Host::received_total() const {
  std::uint64_t sum = 0;
  for (const auto& s : accepted_) sum += s->received();
  for (const auto& s : connected_) sum += s->received();
  return sum;
}

bool Host::all_content_ok() const {
  const auto ok = [](const auto& s) { return s->content_ok(); };
  return std::all_of(accepted_.begin(), accepted_.end(), ok) &&
         std::all_of(connected_.begin(), connected_.end(), ok);
}

bool Host::has_lagged() const {
  const auto lagged = [](const auto& s) { return s->has_lagged(); };
  return std::any_of(accepted_.begin(), accepted_.end(), lagged) ||
         std::any_of(connected_.begin(), connected_.end(), lagged);
}

bool Host::all_closed() const {
  const auto closed = [](const auto& s) { return !s->is_open(); };
  return std::all_of(accepted_.begin(), accepted_.end(), closed) &&
         std::all_of(connected_.begin(), connected_.end(), closed);
}

void Host::accept_all(int listener) {
  while (true) {
    Endpoint peer;
    const auto fd = sockets_->accept(listener, &peer);
    if (!fd) return;
    const StreamPlan plan = plan_for_ ? plan_for_(peer) : StreamPlan{.send_bytes = reply_bytes_};
    accepted_.push_back(std::make_unique<Stream>(*sockets_, *fd, Stream::Role::kAcceptor, plan));
    Stream& stream = *accepted_.back();
    stream.finish();
    if (!accept_reading_) stream.pause_reading();
  }
}

std::size_t Host::accepted_open() const {
  return static_cast<std::size_t>(std::count_if(accepted_.begin(), accepted_.end(),
                                                [](const auto& s) { return s->is_open(); }));
}

bool Host::run_application(Instant now) {
  const std::size_t before = accepted_.size();
  for (const int fd : listeners_) accept_all(fd);
  bool moved = accepted_.size() != before;
  for (auto& s : accepted_) moved |= s->run(now);
  for (auto& s : connected_) moved |= s->run(now);
  return moved;
}

bool Host::transmit(Instant now) {
  bool moved = false;
  while (true) {
    if (waiting_.empty()) {
      waiting_.resize(kBurst);
      waiting_.resize(shard_->poll_transmit(0, waiting_, now));
    }
    if (waiting_.empty()) return moved;
    const std::size_t taken = queue_->tx_burst(waiting_);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (taken == 0) return moved;
    moved = true;
  }
}

/// True if a frame reached the cable: the other end has something to do at this very moment.
bool Host::advance_devices(Instant now) {
  const std::uint64_t before = fault_->stats().tx_packets;
  if (driver_) driver_->advance(now);
  tap_->advance(now);
  fault_->advance(now);
  return fault_->stats().tx_packets != before;
}

bool Host::turn(Instant now, std::uint64_t& trace) {
  if (paused_) return false;
  bool moved = advance_devices(now);
  std::array<rte_mbuf*, kBurst> burst{};
  while (const std::size_t n = queue_->rx_burst(burst)) {
    moved = true;
    mix(trace, static_cast<std::uint64_t>(now.ns()) + number_);
    for (std::size_t i = 0; i < n; ++i) mix_frame(trace, burst[i]);
    shard_->on_burst(0, {burst.data(), n}, now);
    has_been_low_ |= data_->supply() != buf::Supply::kPlenty;
  }
  if (shard_->next_deadline() <= now) {
    shard_->on_deadline(now);
    moved = true;
  }
  moved |= run_application(now);
  moved |= transmit(now);
  moved |= advance_devices(now);
  return moved;
}

Instant Host::next_deadline() const {
  if (paused_) return Instant::never();
  Instant next = std::min(shard_->next_deadline(), fault_->next_deadline());
  for (const auto& s : accepted_) next = std::min(next, s->next_deadline());
  for (const auto& s : connected_) next = std::min(next, s->next_deadline());
  return driver_ ? std::min(next, driver_->next_deadline()) : next;
}

}  // namespace zs::sim
