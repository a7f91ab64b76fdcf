#include "dev/pcap.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "buf/mbuf.hpp"

namespace zs::dev {
namespace {

// Block types and option codes of the pcapng format, §4 and §3.5.
constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint16_t kLinkEthernet = 1;
constexpr std::uint16_t kOptionEnd = 0;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint16_t kPacketFlags = 2;
constexpr std::uint8_t kNanoseconds = 9;  // 10^-9
constexpr std::size_t kMaxName = 255;
/// Head, tail and options of a block, with room to spare.
constexpr std::size_t kBlockOverhead = 128 + kMaxName;

/// Builds one block in a buffer that is large enough; the format takes the machine's byte order.
class Block {
 public:
  Block(std::vector<std::byte>& out, std::uint32_t type) : out_(out) {
    out_.clear();
    put(type);
    put(std::uint32_t{0});  // total length, known at the end
  }
  template <typename T>
  void put(T value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof value);
    std::memcpy(&out_[at], &value, sizeof value);
  }
  std::span<std::byte> room(std::size_t n) {
    const std::size_t at = out_.size();
    out_.resize(at + (n + 3) / 4 * 4);  // zero-filled to 32 bits
    return std::span{out_}.subspan(at, n);
  }
  void option(std::uint16_t code, std::span<const std::byte> value) {
    put(code);
    put(static_cast<std::uint16_t>(value.size()));
    const auto to = room(value.size());
    std::copy(value.begin(), value.end(), to.begin());
  }
  std::span<const std::byte> finish() {
    const auto length = static_cast<std::uint32_t>(out_.size() + sizeof(std::uint32_t));
    put(length);
    std::memcpy(&out_[4], &length, sizeof length);
    return out_;
  }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace

PcapWriter::PcapWriter(ByteSink& sink, CaptureConfig config)
    : sink_(sink), config_(std::move(config)) {
  config_.interface_name.resize(std::min(config_.interface_name.size(), kMaxName));
  // Beyond what a frame can have the number would only reserve memory.
  config_.snap_bytes = std::clamp<std::uint32_t>(config_.snap_bytes, 1, 1u << 18);
  block_.reserve(config_.snap_bytes + kBlockOverhead);
}

Result<void> PcapWriter::begin() noexcept {
  Block section{block_, kSectionHeader};
  section.put(kByteOrderMagic);
  section.put(std::uint16_t{1});  // version 1.0
  section.put(std::uint16_t{0});
  section.put(std::int64_t{-1});  // length unknown
  ZS_TRY(sink_.write(section.finish()));

  Block interface { block_, kInterfaceDescription };
  interface.put(kLinkEthernet);
  interface.put(std::uint16_t{0});
  interface.put(config_.snap_bytes);
  interface.option(kInterfaceName, std::as_bytes(std::span{config_.interface_name}));
  interface.option(kTimeResolution, std::as_bytes(std::span{&kNanoseconds, 1}));
  interface.option(kOptionEnd, {});
  return sink_.write(interface.finish());
}

Result<void> PcapWriter::write(Instant at, CaptureDirection direction,
                               const rte_mbuf& frame) noexcept {
  const std::uint32_t kept = std::min(config_.snap_bytes, frame.pkt_len);
  const auto time = static_cast<std::uint64_t>(at.ns() + config_.epoch.count());
  const auto flags = static_cast<std::uint32_t>(direction);
  Block packet{block_, kEnhancedPacket};
  packet.put(std::uint32_t{0});  // interface
  packet.put(static_cast<std::uint32_t>(time >> 32));
  packet.put(static_cast<std::uint32_t>(time));
  packet.put(kept);
  packet.put(frame.pkt_len);
  buf::copy_out(&frame, 0, packet.room(kept));
  packet.option(kPacketFlags, std::as_bytes(std::span{&flags, 1}));
  packet.option(kOptionEnd, {});
  ZS_TRY(sink_.write(packet.finish()));
  ++frames_;
  return {};
}

std::size_t CaptureQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  const std::size_t n = inner_.rx_burst(out);
  for (std::size_t i = 0; i < n; ++i) record(CaptureDirection::kInbound, *out[i]);
  return n;
}

// A frame is recorded before the device has it: afterwards it may be gone. So they go one by one.
std::size_t CaptureQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  if (packets.empty()) return inner_.tx_burst(packets);
  std::size_t taken = 0;
  for (; taken < packets.size(); ++taken) {
    rte_mbuf* const packet = packets[taken];
    if (packet != refused_) record(CaptureDirection::kOutbound, *packet);
    refused_ = nullptr;
    if (inner_.tx_burst({&packet, 1}) == 0) {
      refused_ = packet;
      break;
    }
  }
  return taken;
}

void CaptureQueue::record(CaptureDirection direction, const rte_mbuf& frame) noexcept {
  if (healthy_) healthy_ = writer_.write(now_, direction, frame).has_value();
}

}  // namespace zs::dev
