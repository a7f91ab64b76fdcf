#include "sim/bottleneck.hpp"

#include <algorithm>
#include <deque>

#include "buf/mbuf.hpp"
#include "wire/ethernet.hpp"

namespace zs::sim {

namespace {
constexpr std::uint32_t kWireBuffers = 16'384;
constexpr std::size_t kInbox = 2'048;

dev::Capabilities capabilities_of(const MacAddress& mac, std::uint16_t mtu) {
  dev::Capabilities c;
  c.name = "port";
  c.mac = mac;
  c.mtu = mtu;
  c.max_tx_segments = UINT16_MAX;
  c.offloads = dev::Offload::kMultiSegment;
  return c;
}
}  // namespace

/// What a host is plugged into.
class Bottleneck::Port final : public dev::PacketQueue {
 public:
  Port(const MacAddress& mac, std::uint16_t mtu, buf::Pools pools, dev::PacketQueue& away)
      : capabilities_(capabilities_of(mac, mtu)), pools_(pools), away_(away) {}
  ~Port() override {
    for (rte_mbuf* frame : inbox_) buf::free_chain(frame);
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  bool wants(const MacAddress& to) const {
    const bool group = (to.bytes[0] & std::byte{1}) != std::byte{};
    return group || to == capabilities_.mac;
  }
  void deliver(const buf::Mbuf& frame) {
    auto copy = inbox_.size() < kInbox ? frame.copy(*pools_.data) : Result<buf::Mbuf>(Errc::kAgain);
    if (!copy) {
      ++stats_.rx_no_buffers;
      return;
    }
    buf::clear_metadata(copy->get());
    inbox_.push_back(std::move(*copy).release());
  }

  const dev::Capabilities& capabilities() const noexcept override { return capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override {
    const std::size_t n = std::min(out.size(), inbox_.size());
    std::copy_n(inbox_.begin(), n, out.begin());
    inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(n));
    stats_.rx_packets += n;
    return n;
  }
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override {
    const std::size_t n = away_.tx_burst(packets);
    stats_.tx_packets += n;
    return n;
  }
  dev::QueueStats stats() const noexcept override { return stats_; }

 private:
  dev::Capabilities capabilities_;
  buf::Pools pools_;
  dev::PacketQueue& away_;
  std::deque<rte_mbuf*> inbox_;
  dev::QueueStats stats_;
};

/// The far end of the link: hands frames to the ports of its side.
class Bottleneck::Fabric final : public dev::PacketQueue {
 public:
  explicit Fabric(std::uint16_t mtu) : capabilities_(capabilities_of({}, mtu)) {}

  void add(Port& port) { ports_.push_back(&port); }
  std::uint64_t delivered() const { return stats_.tx_packets; }

  const dev::Capabilities& capabilities() const noexcept override { return capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*>) noexcept override { return 0; }
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override {
    for (rte_mbuf* const packet : packets) {
      const buf::Mbuf frame = buf::Mbuf::adopt(packet);
      ++stats_.tx_packets;
      const auto ethernet = wire::EthernetView::parse(frame.first());
      if (!ethernet) continue;
      for (Port* port : ports_) {
        if (port->wants(ethernet->dst())) port->deliver(frame);
      }
    }
    return packets.size();
  }
  dev::QueueStats stats() const noexcept override { return stats_; }

 private:
  dev::Capabilities capabilities_;
  std::vector<Port*> ports_;
  dev::QueueStats stats_;
};

Bottleneck::Bottleneck(const LinkSpec& link, std::uint64_t seed)
    : mtu_(link.mtu),
      data_(*buf::Pool::create({.name = "wire", .count = kWireBuffers, .data_room = 2048})),
      indirect_(*buf::Pool::create({.name = "wire-indirect", .count = kWireBuffers})),
      to_left_(std::make_unique<Fabric>(link.mtu)),
      to_right_(std::make_unique<Fabric>(link.mtu)) {
  const buf::Pools pools{data_.get(), indirect_.get()};
  leftward_ =
      std::make_unique<dev::FaultQueue>(*to_left_, link.fault(), dev::FaultConfig{}, pools, seed);
  rightward_ = std::make_unique<dev::FaultQueue>(*to_right_, link.fault(), dev::FaultConfig{},
                                                 pools, seed + 1);
}

Bottleneck::~Bottleneck() = default;

dev::PacketQueue& Bottleneck::add_port(Side side, const MacAddress& mac, buf::Pools pools) {
  const bool left = side == Side::kLeft;
  dev::PacketQueue& away = left ? *rightward_ : *leftward_;
  ports_.push_back(std::make_unique<Port>(mac, mtu_, pools, away));
  (left ? *to_left_ : *to_right_).add(*ports_.back());
  return *ports_.back();
}

bool Bottleneck::advance(Instant now) {
  const std::uint64_t before = to_left_->delivered() + to_right_->delivered();
  leftward_->advance(now);
  rightward_->advance(now);
  return to_left_->delivered() + to_right_->delivered() != before;
}

Instant Bottleneck::next_deadline() const {
  return std::min(leftward_->next_deadline(), rightward_->next_deadline());
}

const dev::FaultStats& Bottleneck::faults(Side from) const {
  return (from == Side::kLeft ? rightward_ : leftward_)->tx_faults();
}

}  // namespace zs::sim
