#include "wire/plain_tcp.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "unit/wire/hex.hpp"
#include "wire/checksum.hpp"
#include "wire/ecn.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace zs::wire {
namespace {

using namespace test;

const MacAddress kUs{{std::byte{2}, {}, {}, {}, {}, std::byte{9}}};
const IpAddress kPeer4 = IpAddress::v4(10, 0, 0, 2);
const IpAddress kOurs4 = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer6 = *IpAddress::parse("2001:db8::2");
const IpAddress kOurs6 = *IpAddress::parse("2001:db8::1");

struct Shape {
  IpFamily family = IpFamily::kV4;
  bool stamped = true;
  std::uint8_t flags = tcp_flag::kAck | tcp_flag::kPsh;
  std::size_t payload = 10;
};

PlainTcpHeader header(const Shape& shape) {
  return {
      .src_port = 40'000,
      .dst_port = 80,
      .seq = 0x01020304,
      .ack = 0xa0b0c0d0,
      .flags = shape.flags,
      .window = 0x1234,
      .checksum = 0x5678,
      .header_bytes = static_cast<std::uint8_t>(shape.stamped ? kStampedTcpBytes : kPlainTcpBytes),
      .timestamps = {11, 22}};
}

Bytes frame(const Shape& shape) {
  const bool is_v4 = shape.family == IpFamily::kV4;
  const std::size_t ip_bytes = is_v4 ? 20 : 40;
  const std::size_t tcp_bytes = shape.stamped ? kStampedTcpBytes : kPlainTcpBytes;
  Bytes bytes(14 + ip_bytes + tcp_bytes + shape.payload, std::byte{0x61});
  const std::span<std::byte> all{bytes};
  EthernetSpec{.dst = kUs, .src = {}, .ether_type = is_v4 ? ether_type::kIpv4 : ether_type::kIpv6}
      .write(all.first(14));
  if (is_v4) {
    Ipv4Spec{.src = kPeer4,
             .dst = kOurs4,
             .protocol = ip_protocol::kTcp,
             .dont_fragment = true,
             .payload_length = tcp_bytes + shape.payload,
             .options = {}}
        .write(all.subspan(14, 20));
  } else {
    Ipv6Spec{.src = kPeer6,
             .dst = kOurs6,
             .next_header = ip_protocol::kTcp,
             .payload_length = tcp_bytes + shape.payload}
        .write(all.subspan(14, 40));
  }
  write_plain_tcp(bytes.data() + 14 + ip_bytes, header(shape));
  return bytes;
}

bool recognise(std::span<const std::byte> first, std::size_t frame_bytes, PlainTcp& out) {
  const auto all = static_cast<std::uint32_t>(frame_bytes);
  const bool v4 = recognise_plain_tcp_v4(first, all, kUs, Ipv4Checksum::kUnknown, out);
  const bool v6 = !v4 && recognise_plain_tcp_v6(first, all, kUs, out);
  return v4 || v6;
}
bool recognise(const Bytes& bytes, PlainTcp& out) { return recognise(bytes, bytes.size(), out); }

/// What the views of the other files say of a frame; false where they refuse it, or where it is not
/// plain.
bool read_the_long_way(const Bytes& bytes, PlainTcp& out) {
  const auto ethernet = EthernetView::parse(bytes);
  if (!ethernet || ethernet->dst() != kUs) return false;
  std::span<const std::byte> transport;
  if (ethernet->ether_type() == ether_type::kIpv4) {
    const auto ip = Ipv4View::parse(ethernet->payload());
    if (!ip || !ip->is_checksum_ok() || ip->is_fragment() || ip->header_length() != 20 ||
        ip->protocol() != ip_protocol::kTcp || ip->total_length() + 14u != bytes.size() ||
        (ip->ecn() & 1) != 0) {
      return false;
    }
    out.flow = {{ip->dst(), 0}, {ip->src(), 0}};
    transport = ip->payload();
  } else if (ethernet->ether_type() == ether_type::kIpv6) {
    const auto ip = Ipv6View::parse(ethernet->payload());
    if (!ip || ip->next_header() != ip_protocol::kTcp || ip->src().is_v4() || ip->dst().is_v4() ||
        ip->payload_length() + 54u != bytes.size() || (ip->ecn() & 1) != 0) {
      return false;
    }
    out.flow = {{ip->dst(), 0}, {ip->src(), 0}};
    transport = ip->payload();
  } else {
    return false;
  }
  const auto tcp = TcpView::parse(transport);
  if (!tcp || (tcp->flags() & ~tcp_flag::kPsh) != tcp_flag::kAck) return false;
  const auto options = parse_tcp_options(tcp->options());
  if (!options || options->mss || options->window_scale || options->sack_permitted ||
      options->sack_count > 0) {
    return false;
  }
  out.flow.local.port = tcp->dst_port();
  out.flow.remote.port = tcp->src_port();
  out.seq = tcp->seq();
  out.ack = tcp->ack();
  out.window = tcp->window();
  out.has_timestamps = options->timestamps.has_value();
  out.timestamps = options->timestamps.value_or(TcpTimestamps{});
  out.payload_bytes = static_cast<std::uint32_t>(transport.size() - tcp->header_length());
  out.header_bytes = static_cast<std::uint16_t>(bytes.size() - out.payload_bytes);
  return true;
}

void expect_same(const PlainTcp& a, const PlainTcp& b) {
  EXPECT_EQ(a.flow, b.flow);
  EXPECT_EQ(a.seq, b.seq);
  EXPECT_EQ(a.ack, b.ack);
  EXPECT_EQ(a.window, b.window);
  EXPECT_EQ(a.has_timestamps, b.has_timestamps);
  if (a.has_timestamps) {
    EXPECT_EQ(a.timestamps, b.timestamps);
  }
  EXPECT_EQ(a.header_bytes, b.header_bytes);
  EXPECT_EQ(a.payload_bytes, b.payload_bytes);
}

/// The byte of IPv4's type of service, or the second of IPv6's traffic class.
void set_ecn(Bytes& bytes, IpFamily family, EcnField ecn) {
  const auto bits = static_cast<std::uint8_t>(ecn);
  bytes[15] = family == IpFamily::kV4 ? std::byte{bits} : std::byte(bits << 4);
  if (family == IpFamily::kV6) return;
  store_be(&bytes[24], std::uint16_t{0});
  store_be(&bytes[24], checksum_finish(checksum_add({&bytes[14], 20})));
}

TEST(PlainTcp, WhatIsMarkedIsNotPlainAndWhatMayBeIs) {
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    for (const auto ecn :
         {EcnField::kNotEct, EcnField::kEct0, EcnField::kEct1, EcnField::kCongested}) {
      Bytes bytes = frame({.family = family});
      set_ecn(bytes, family, ecn);
      PlainTcp out;
      EXPECT_EQ(recognise(bytes, out), ecn == EcnField::kNotEct || ecn == EcnField::kEct0)
          << static_cast<int>(ecn);
    }
  }
}

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    for (const bool stamped : {false, true}) {
      for (const std::size_t payload : {0u, 1u, 1'000u}) {
        shapes.push_back({.family = family, .stamped = stamped, .payload = payload});
      }
    }
  }
  return shapes;
}

TEST(PlainTcp, IsRecognisedAndReadAsTheLongWayDoes) {
  for (const Shape& shape : all_shapes()) {
    PlainTcp shortly, fully;
    ASSERT_TRUE(recognise(frame(shape), shortly));
    ASSERT_TRUE(read_the_long_way(frame(shape), fully));
    expect_same(shortly, fully);
    EXPECT_EQ(shortly.payload_bytes, shape.payload);
  }
}

TEST(PlainTcp, HasNoFlagsButAckAndPsh) {
  for (unsigned flags = 0; flags < 256; ++flags) {
    PlainTcp out;
    const bool plain = (flags & ~unsigned{tcp_flag::kPsh}) == tcp_flag::kAck;
    EXPECT_EQ(recognise(frame({.flags = static_cast<std::uint8_t>(flags)}), out), plain) << flags;
  }
}

TEST(PlainTcp, IsForUs) {
  for (std::size_t at = 0; at < 6; ++at) {
    PlainTcp out;
    EXPECT_FALSE(recognise(with(frame({}), at, 0xee), out)) << at;
  }
}

TEST(PlainTcp, IsNeverPaddedOrCutShort) {
  for (const Shape& shape : all_shapes()) {
    PlainTcp out;
    Bytes bytes = frame(shape);
    bytes.push_back({});
    EXPECT_FALSE(recognise(bytes, out));
    for (bytes = frame(shape); !bytes.empty();) {
      bytes.pop_back();
      EXPECT_FALSE(recognise(bytes, out)) << bytes.size();
    }
  }
}

// The payload may lie in other segments; the headers may not.
TEST(PlainTcp, NeedsItsHeadersInOnePiece) {
  for (const Shape& shape : all_shapes()) {
    const Bytes bytes = frame(shape);
    const std::size_t headers = bytes.size() - shape.payload;
    for (std::size_t n = 0; n <= bytes.size(); ++n) {
      PlainTcp out;
      EXPECT_EQ(recognise(std::span{bytes}.first(n), bytes.size(), out), n >= headers) << n;
    }
  }
}

TEST(PlainTcp, WithADamagedIpv4HeaderIsRefusedUnlessTheDeviceVouches) {
  const Bytes bytes = with(frame({}), 14 + 8, 0x11);  // the hop limit
  PlainTcp out;
  EXPECT_FALSE(recognise(bytes, out));
  EXPECT_TRUE(recognise_plain_tcp_v4(bytes, static_cast<std::uint32_t>(bytes.size()), kUs,
                                     Ipv4Checksum::kGood, out));
}

// Whatever is done to a frame: what the short way accepts the long way accepts and reads alike.
TEST(PlainTcp, IsNeverAcceptedOnItsOwn) {
  Random random{7};
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto shapes = all_shapes();
    Bytes bytes = frame(shapes[random.below(static_cast<std::uint32_t>(shapes.size()))]);
    const std::size_t headers = std::min<std::size_t>(bytes.size(), 90);
    for (std::uint32_t n = random.below(3); n > 0; --n) {
      bytes[random.below(static_cast<std::uint32_t>(headers))] =
          static_cast<std::byte>(random.below(256));
    }
    if (bytes[12] == std::byte{8} && random.below(2) == 0) {  // mend the sum, to get further
      store_be(&bytes[24], std::uint16_t{0});
      store_be(&bytes[24], checksum_finish(checksum_add(std::span{bytes}.subspan(14, 20))));
    }
    PlainTcp shortly, fully;
    if (!recognise(bytes, shortly)) continue;
    ++accepted;
    ASSERT_TRUE(read_the_long_way(bytes, fully));
    expect_same(shortly, fully);
  }
  EXPECT_GT(accepted, 5'000);
}

TEST(WritePlainTcp, WritesWhatTheSpecWrites) {
  for (const bool stamped : {false, true}) {
    const PlainTcpHeader h = header({.stamped = stamped});
    TcpHeaderSpec spec{.src_port = h.src_port,
                       .dst_port = h.dst_port,
                       .seq = h.seq,
                       .ack = h.ack,
                       .flags = h.flags,
                       .window = h.window,
                       .checksum = h.checksum,
                       .options = {}};
    if (stamped) spec.options.timestamps = h.timestamps;
    Bytes expected(spec.size()), written(spec.size());
    spec.write(expected);
    write_plain_tcp(written.data(), h);
    EXPECT_EQ(written, expected);
  }
}

TEST(ChecksumFoldIn, IsTheSumWithOneMoreNumber) {
  Random random{3};
  for (int i = 0; i < 1'000; ++i) {
    const auto src = IpAddress::v4(static_cast<std::uint32_t>(random()));
    const std::uint32_t length = random.below(70'000);
    const std::uint16_t without =
        checksum_fold(pseudo_header_sum(src, kOurs4, ip_protocol::kTcp, 0));
    EXPECT_EQ(checksum_fold_in(without, length),
              checksum_fold(pseudo_header_sum(src, kOurs4, ip_protocol::kTcp, length)));
  }
}

}  // namespace
}  // namespace zs::wire
