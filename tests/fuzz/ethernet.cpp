// Ethernet, VLAN tags and ARP: what parses is written back to the very bytes it came from.
#include "wire/ethernet.hpp"

#include <array>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "wire/arp.hpp"
#include "wire/plain_tcp.hpp"
#include "wire/tcp.hpp"
#include "wire/vlan.hpp"

namespace zs::fuzz {
namespace {

void check_arp(std::span<const std::byte> packet) {
  const auto arp = wire::ArpView::parse(packet);
  if (!arp) return;
  const wire::ArpSpec spec{.operation = arp->operation(),
                           .sender_mac = arp->sender_mac(),
                           .sender_ip = arp->sender_ip(),
                           .target_mac = arp->target_mac(),
                           .target_ip = arp->target_ip()};
  std::array<std::byte, wire::ArpSpec::size()> again{};
  spec.write(again);
  ZS_CHECK(is_same(again, packet.first(again.size())));
}

/// What follows the tag, if there is a whole one.
std::span<const std::byte> check_vlan(std::span<const std::byte> payload) {
  const auto vlan = wire::VlanView::parse(payload);
  if (!vlan) return {};
  const wire::VlanSpec spec{.id = vlan->id(),
                            .priority = vlan->priority(),
                            .drop_eligible = vlan->is_drop_eligible(),
                            .ether_type = vlan->ether_type()};
  std::array<std::byte, wire::VlanSpec::size()> again{};
  spec.write(again);
  ZS_CHECK(is_same(again, payload.first(again.size())));
  ZS_CHECK(vlan->payload().size() == payload.size() - wire::VlanView::kTag);
  return vlan->payload();
}

/// Whatever is recognised lies in the frame, and TCP's own view of it says the same.
void check_plain_tcp(std::span<const std::byte> frame, const MacAddress& us) {
  wire::PlainTcp plain;
  const auto bytes = static_cast<std::uint32_t>(frame.size());
  if (!wire::recognise_plain_tcp_v4(frame, bytes, us, wire::Ipv4Checksum::kGood, plain) &&
      !wire::recognise_plain_tcp_v6(frame, bytes, us, plain)) {
    return;
  }
  ZS_CHECK(plain.header_bytes + plain.payload_bytes == frame.size());
  const std::size_t tcp_bytes =
      plain.has_timestamps ? wire::kStampedTcpBytes : wire::kPlainTcpBytes;
  const auto tcp = wire::TcpView::parse(frame.subspan(plain.header_bytes - tcp_bytes));
  ZS_CHECK(tcp && tcp->header_length() == tcp_bytes);
  ZS_CHECK(tcp->seq() == plain.seq && tcp->ack() == plain.ack && tcp->window() == plain.window);
  const auto options = wire::parse_tcp_options(tcp->options());
  ZS_CHECK(options && options->timestamps.has_value() == plain.has_timestamps);
}

void check_frame(std::span<const std::byte> frame) {
  const auto ethernet = wire::EthernetView::parse(frame);
  ZS_CHECK(ethernet.has_value() == (frame.size() >= wire::EthernetView::kHeader));
  if (!ethernet) return;
  const wire::EthernetSpec spec{
      .dst = ethernet->dst(), .src = ethernet->src(), .ether_type = ethernet->ether_type()};
  std::array<std::byte, wire::EthernetSpec::size()> again{};
  spec.write(again);
  ZS_CHECK(is_same(again, frame.first(again.size())));
  check_plain_tcp(frame, ethernet->dst());
  check_arp(ethernet->payload());
  check_arp(check_vlan(ethernet->payload()));
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  zs::fuzz::check_frame(zs::fuzz::bytes_of(data, size));
  return 0;
}
