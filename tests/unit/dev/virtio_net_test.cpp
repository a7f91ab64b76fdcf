#include "dev/virtio_net.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <vector>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "dev/rx_slot.hpp"
#include "wire/checksum.hpp"

namespace zs::dev {
namespace {

class VirtioNet : public testing::Test {
 protected:
  /// An Ethernet/IPv4/TCP frame with `payload` bytes, its metadata as the stack sets them.
  buf::Mbuf tcp_frame(std::size_t payload, std::uint64_t flags) {
    std::vector<std::byte> bytes(54 + payload);
    for (std::size_t i = 54; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    store_be(&bytes[12], std::uint16_t{0x0800});
    bytes[14] = std::byte{0x45};
    store_be(&bytes[16], static_cast<std::uint16_t>(40 + payload));
    bytes[23] = std::byte{6};
    store_be(&bytes[26], 0x0a630002u);
    store_be(&bytes[30], 0x0a630001u);
    bytes[46] = std::byte{0x50};
    const auto length = (flags & RTE_MBUF_F_TX_TCP_SEG) != 0 ? 0 : 20 + payload;
    store_be(&bytes[50], pseudo_sum(static_cast<std::uint32_t>(length)));
    auto m = *buf::Mbuf::copy_of(bytes, *pool_);
    m->ol_flags |= flags;
    m->l2_len = 14;
    m->l3_len = 20;
    m->l4_len = 20;
    return m;
  }
  static std::uint16_t pseudo_sum(std::uint32_t length) {
    return wire::checksum_fold(wire::pseudo_header_sum(IpAddress::v4(10, 99, 0, 2),
                                                       IpAddress::v4(10, 99, 0, 1), 6, length));
  }
  static rte_mbuf received(std::uint32_t length) {
    rte_mbuf m{};
    m.pkt_len = length;
    return m;
  }

  static constexpr std::uint64_t kChecksums =
      RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
  static constexpr std::uint64_t kSegment =
      RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
  std::unique_ptr<buf::Pool> pool_ =
      std::move(*buf::Pool::create({.name = "virtio", .count = 256, .data_room = 2048}));
};

TEST_F(VirtioNet, PacketWithoutRequestsGoesAsItIs) {
  const auto m = tcp_frame(10, 0);
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.virtio.flags, 0);
  EXPECT_EQ(f.virtio.gso_type, VirtioNetHeader::kGsoNone);
  EXPECT_EQ(f.headers_length, 0);
  EXPECT_EQ(f.replaced_bytes, 0);
}

TEST_F(VirtioNet, ChecksumRequestSaysWhereAndLeavesThePacketAlone) {
  const auto m = tcp_frame(10, kChecksums);
  const std::vector<std::byte> before(m.first().begin(), m.first().end());
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.virtio.flags, VirtioNetHeader::kNeedsChecksum);
  EXPECT_EQ(f.virtio.checksum_start, 34);
  EXPECT_EQ(f.virtio.checksum_offset, 16);
  EXPECT_EQ(f.replaced_bytes, 54);
  EXPECT_EQ(load_be<std::uint16_t>(&f.headers[50]), pseudo_sum(30));
  EXPECT_EQ(wire::checksum_finish(wire::checksum_add(f.header_span().subspan(14, 20))), 0);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), m.first().begin()));
}

TEST_F(VirtioNet, SegmentationAddsTheLengthThatDpdkLeavesOut) {
  const auto m = tcp_frame(5'000, kSegment);
  m->tso_segsz = 1'448;
  for (int again = 0; again < 2; ++again) {  // a packet that is tried again looks the same
    VirtioTxFrame f;
    ASSERT_TRUE(make_virtio_tx(*m.get(), f));
    EXPECT_EQ(f.virtio.flags, VirtioNetHeader::kNeedsChecksum);
    EXPECT_EQ(f.virtio.gso_type, VirtioNetHeader::kGsoTcpV4);
    EXPECT_EQ(f.virtio.gso_size, 1'448);
    EXPECT_EQ(f.virtio.header_bytes, 54);
    EXPECT_EQ(load_be<std::uint16_t>(&f.headers[50]), pseudo_sum(5'020));
  }
}

TEST_F(VirtioNet, WhatFitsIntoOneSegmentIsNotCut) {
  const auto m = tcp_frame(1'448, kSegment);
  m->tso_segsz = 1'448;
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.virtio.gso_type, VirtioNetHeader::kGsoNone);
  EXPECT_EQ(f.virtio.gso_size, 0);
  EXPECT_EQ(load_be<std::uint16_t>(&f.headers[50]), pseudo_sum(1'468));
}

TEST_F(VirtioNet, CwrAsksForEcnSegmentation) {
  const auto m = tcp_frame(5'000, kSegment);
  m->tso_segsz = 1'448;
  buf::data(m.get())[47] = std::byte{0x90};
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.virtio.gso_type, VirtioNetHeader::kGsoTcpV4 | VirtioNetHeader::kGsoEcn);
}

TEST_F(VirtioNet, Ipv6NeedsNoHeaderChecksum) {
  std::vector<std::byte> bytes(14 + 40 + 20 + 3'000);
  auto m = *buf::Mbuf::copy_of(bytes, *pool_);
  m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_SEG;
  m->l2_len = 14;
  m->l3_len = 40;
  m->l4_len = 20;
  m->tso_segsz = 1'428;
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.virtio.gso_type, VirtioNetHeader::kGsoTcpV6);
  EXPECT_EQ(f.virtio.checksum_start, 54);
}

TEST_F(VirtioNet, UdpChecksumIsAtItsOwnPlace) {
  const auto m = tcp_frame(10, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM);
  m->l4_len = 8;
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.virtio.checksum_offset, 6);
  EXPECT_EQ(f.headers_length, 42);
}

TEST_F(VirtioNet, VlanTagIsInsertedAndMovesTheChecksum) {
  const auto m = tcp_frame(10, kChecksums | RTE_MBUF_F_TX_VLAN);
  m->vlan_tci = 0x2005;
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  EXPECT_EQ(f.replaced_bytes, 54);
  EXPECT_EQ(f.headers_length, 58);
  EXPECT_EQ(load_be<std::uint32_t>(&f.headers[12]), 0x81002005u);
  EXPECT_EQ(load_be<std::uint16_t>(&f.headers[16]), 0x0800);
  EXPECT_EQ(f.virtio.checksum_start, 38);
}

TEST_F(VirtioNet, HeadersMayBeSpreadOverSegments) {
  const auto whole = tcp_frame(4'000, kSegment);
  whole->tso_segsz = 1'448;
  auto m = *buf::Mbuf::copy_of(whole.first().first(30), *pool_);
  std::vector<std::byte> rest(whole.length() - 30);
  whole.copy_out(30, rest);
  m.append_chain(*buf::Mbuf::copy_of(rest, *pool_));
  m->ol_flags |= kSegment;
  m->l2_len = 14;
  m->l3_len = 20;
  m->l4_len = 20;
  m->tso_segsz = 1'448;
  VirtioTxFrame a, b;
  ASSERT_TRUE(make_virtio_tx(*whole.get(), a));
  ASSERT_TRUE(make_virtio_tx(*m.get(), b));
  ASSERT_EQ(a.headers_length, b.headers_length);
  EXPECT_EQ(0, std::memcmp(a.headers.data(), b.headers.data(), a.headers_length));
  std::array<iovec, 16> vectors;
  const std::size_t n = gather(b, *m.get(), vectors);
  ASSERT_GT(n, 0u);
  std::size_t bytes = 0;
  for (const auto& v : std::span{vectors}.first(n)) bytes += v.iov_len;
  EXPECT_EQ(bytes, sizeof(VirtioNetHeader) + m.length());
}

TEST_F(VirtioNet, ContradictionsAreRefused) {
  VirtioTxFrame f;
  const auto no_size = tcp_frame(5'000, kSegment);
  EXPECT_EQ(make_virtio_tx(*no_size.get(), f).error(), Errc::kInvalid);
  const auto beyond = tcp_frame(0, kChecksums);
  beyond->l3_len = 300;
  EXPECT_EQ(make_virtio_tx(*beyond.get(), f).error(), Errc::kInvalid);
  const auto no_ethernet = tcp_frame(0, kChecksums);
  no_ethernet->l2_len = 0;
  EXPECT_EQ(make_virtio_tx(*no_ethernet.get(), f).error(), Errc::kInvalid);
  const auto sctp = tcp_frame(0, RTE_MBUF_F_TX_SCTP_CKSUM);
  EXPECT_EQ(make_virtio_tx(*sctp.get(), f).error(), Errc::kInvalid);
  const auto runt = *buf::Mbuf::copy_of(std::array<std::byte, 5>{}, *pool_);
  EXPECT_EQ(make_virtio_tx(*runt.get(), f).error(), Errc::kInvalid);
}

TEST_F(VirtioNet, TooManySegmentsAreRefusedNotTruncated) {
  auto m = tcp_frame(0, 0);
  for (int i = 0; i < 8; ++i) m.append_chain(tcp_frame(0, 0));
  VirtioTxFrame f;
  ASSERT_TRUE(make_virtio_tx(*m.get(), f));
  std::array<iovec, 6> vectors;
  EXPECT_EQ(gather(f, *m.get(), vectors), 0u);
}

TEST_F(VirtioNet, ReceivedFlagsSayWhatIsKnownOfTheChecksum) {
  rte_mbuf partial = received(100);
  ASSERT_TRUE(apply_virtio_rx(
      {.flags = VirtioNetHeader::kNeedsChecksum, .checksum_start = 34, .checksum_offset = 16},
      partial));
  EXPECT_EQ(partial.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
  rte_mbuf valid = received(100);
  ASSERT_TRUE(apply_virtio_rx({.flags = VirtioNetHeader::kDataValid}, valid));
  EXPECT_EQ(valid.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
  rte_mbuf unknown = received(100);
  ASSERT_TRUE(apply_virtio_rx({}, unknown));
  EXPECT_EQ(unknown.ol_flags, 0u);
}

TEST_F(VirtioNet, ReceivedSuperFrameCarriesItsSegmentSize) {
  rte_mbuf m = received(9'000);
  ASSERT_TRUE(apply_virtio_rx({.flags = VirtioNetHeader::kNeedsChecksum,
                               .gso_type = VirtioNetHeader::kGsoTcpV6 | VirtioNetHeader::kGsoEcn,
                               .gso_size = 1'428,
                               .checksum_start = 54,
                               .checksum_offset = 16},
                              m));
  EXPECT_NE(m.ol_flags & RTE_MBUF_F_RX_LRO, 0u);
  EXPECT_EQ(m.tso_segsz, 1'428);
}

TEST_F(VirtioNet, HostileReceiveHeadersAreRefused) {
  rte_mbuf m = received(60);
  EXPECT_FALSE(apply_virtio_rx(
      {.flags = VirtioNetHeader::kNeedsChecksum, .checksum_start = 50, .checksum_offset = 16}, m));
  EXPECT_FALSE(apply_virtio_rx({.flags = VirtioNetHeader::kNeedsChecksum,
                                .checksum_start = 0xffff,
                                .checksum_offset = 0xffff},
                               m));
  EXPECT_FALSE(apply_virtio_rx({.gso_type = VirtioNetHeader::kGsoTcpV4}, m));
  EXPECT_FALSE(apply_virtio_rx({.gso_type = 3, .gso_size = 1'400}, m));
  rte_mbuf runt = received(13);
  EXPECT_FALSE(apply_virtio_rx({}, runt));
}

RC_GTEST_FIXTURE_PROP(VirtioNet, AnyReceiveHeaderIsAcceptedOrRefused, ()) {
  VirtioNetHeader h;
  h.flags = *rc::gen::arbitrary<std::uint8_t>();
  h.gso_type = *rc::gen::arbitrary<std::uint8_t>();
  h.gso_size = *rc::gen::arbitrary<std::uint16_t>();
  h.checksum_start = *rc::gen::arbitrary<std::uint16_t>();
  h.checksum_offset = *rc::gen::arbitrary<std::uint16_t>();
  rte_mbuf m = received(*rc::gen::inRange(0u, 70'000u));
  if (apply_virtio_rx(h, m)) {
    RC_ASSERT((m.ol_flags & RTE_MBUF_F_RX_LRO) == 0 || m.tso_segsz != 0);
  }
}

RC_GTEST_FIXTURE_PROP(VirtioNet, AnyTransmitMetadataStayInsideThePacket, ()) {
  auto m = tcp_frame(*rc::gen::inRange(0u, 3'000u), 0);
  m->ol_flags |= *rc::gen::arbitrary<std::uint64_t>() &
                 (RTE_MBUF_F_TX_OFFLOAD_MASK & ~RTE_MBUF_F_TX_OUTER_IP_CKSUM);
  m->tx_offload = *rc::gen::arbitrary<std::uint64_t>();
  VirtioTxFrame f;
  if (make_virtio_tx(*m.get(), f)) {
    RC_ASSERT(f.replaced_bytes <= m.length());
    RC_ASSERT(f.headers_length <= VirtioTxFrame::kMaxHeaderBytes);
    std::array<iovec, 16> vectors;
    RC_ASSERT(gather(f, *m.get(), vectors) > 0);
  }
}

}  // namespace
}  // namespace zs::dev
