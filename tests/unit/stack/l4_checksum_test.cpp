#include "stack/l4_checksum.hpp"

#include <gtest/gtest.h>

#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;

constexpr std::uint64_t kGood = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
constexpr std::uint64_t kBad = RTE_MBUF_F_RX_L4_CKSUM_BAD;
constexpr std::uint64_t kNone = RTE_MBUF_F_RX_L4_CKSUM_NONE;

struct ChecksumCase {
  const char* what;
  Bytes frame;
  IpFamily family;
  std::uint8_t protocol;
  bool device_is_heard;  ///< devices say nothing about ICMP that is worth hearing
};
std::vector<ChecksumCase> cases() {
  using enum IpFamily;
  const Bytes odd = text("seven b");
  return {{"udp4", World::udp(7, odd), kV4, wire::ip_protocol::kUdp, true},
          {"udp6", World::udp(7, odd, kPeer6, kOurs6), kV6, wire::ip_protocol::kUdp, true},
          {"tcp4", World::syn(80), kV4, wire::ip_protocol::kTcp, true},
          {"icmp4", World::ping(odd), kV4, wire::ip_protocol::kIcmp, false},
          {"icmp6", World::ping(odd, kPeer6, kOurs6), kV6, wire::ip_protocol::kIcmpv6, true}};
}

class L4Checksum : public testing::Test {
 protected:
  /// `split`: bytes in the first segment; 0: one segment.
  ChecksumVerdict verify(const ChecksumCase& c, const Bytes& packet, std::uint64_t flags,
                         std::size_t split = 0) {
    auto m =
        *buf::Mbuf::copy_of(std::span{packet}.first(split == 0 ? packet.size() : split), *pool_);
    if (split != 0) m.append_chain(*buf::Mbuf::copy_of(std::span{packet}.subspan(split), *pool_));
    m->ol_flags |= flags;
    const bool v4 = c.family == IpFamily::kV4;
    const std::uint16_t header = v4 ? 20 : 40;
    const ip::Incoming ip{.src = v4 ? kPeer : kPeer6,
                          .dst = v4 ? kOurs : kOurs6,
                          .protocol = c.protocol,
                          .header_bytes = header,
                          .transport_bytes = static_cast<std::uint32_t>(packet.size() - header)};
    return verify_l4_checksum(m, ip);
  }
  std::unique_ptr<buf::Pool> pool_ =
      *buf::Pool::create({.name = "sums", .count = 8, .data_room = 2'048});
};

TEST_F(L4Checksum, AddsUpHoweverThePacketIsCut) {
  for (const ChecksumCase& c : cases()) {
    const Bytes packet(c.frame.begin() + 14, c.frame.end());
    EXPECT_EQ(verify(c, packet, 0), ChecksumVerdict::kGood) << c.what;
    for (std::size_t at = 1; at < packet.size(); ++at) {
      EXPECT_EQ(verify(c, packet, 0, at), ChecksumVerdict::kGood) << c.what << " cut at " << at;
    }
  }
}

TEST_F(L4Checksum, FindsEveryFlippedByte) {
  for (const ChecksumCase& c : cases()) {
    const Bytes packet(c.frame.begin() + 14, c.frame.end());
    for (std::size_t at = c.family == IpFamily::kV4 ? 20 : 40; at < packet.size(); ++at) {
      Bytes broken = packet;
      broken[at] ^= std::byte{0x10};
      EXPECT_EQ(verify(c, broken, 0), ChecksumVerdict::kBad) << c.what << " at " << at;
      EXPECT_EQ(verify(c, broken, 0, 25), ChecksumVerdict::kBad) << c.what << " at " << at;
    }
  }
}

TEST_F(L4Checksum, HearsTheDevice) {
  for (const ChecksumCase& c : cases()) {
    const Bytes packet(c.frame.begin() + 14, c.frame.end());
    Bytes broken = packet;
    broken.back() ^= std::byte{0x10};
    for (const std::uint64_t said : {kGood, kNone}) {
      EXPECT_EQ(verify(c, broken, said), ChecksumVerdict::kGood) << c.what;
    }
    EXPECT_EQ(verify(c, packet, kBad) == ChecksumVerdict::kBad, c.device_is_heard) << c.what;
  }
}

}  // namespace
}  // namespace zs::stack
