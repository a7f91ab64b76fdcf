#include "ip/icmp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "buf/pool.hpp"
#include "ip/output.hpp"
#include "wire/icmp.hpp"
#include "wire/icmpv6.hpp"
#include "wire/protocol.hpp"

namespace zs::ip {
namespace {

using Bytes = std::vector<std::byte>;

const IpAddress kOurs = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
const IpAddress kOurs6 = *IpAddress::parse("2001:db8::1");
const IpAddress kPeer6 = *IpAddress::parse("2001:db8::2");

/// A packet that we once sent: 1000 -> 80, sequence number 0x01020304.
Bytes sent_packet(IpFamily family, std::uint8_t protocol, std::size_t payload = 20) {
  const bool v4 = family == IpFamily::kV4;
  Bytes b(header_size(family) + payload);
  write_header(b.data(),
               {.src = v4 ? kOurs : kOurs6, .dst = v4 ? kPeer : kPeer6, .protocol = protocol},
               static_cast<std::uint32_t>(payload));
  std::byte* const transport = b.data() + header_size(family);
  store_be(transport, std::uint16_t{1'000});
  store_be(transport + 2, std::uint16_t{80});
  store_be(transport + 4, std::uint32_t{0x0102'0304});
  return b;
}

template <typename Spec>
Bytes error_about(const Spec& spec, const Bytes& packet) {
  Bytes b(8);
  spec.write(b);
  b.insert(b.end(), packet.begin(), packet.end());
  return b;
}

TEST(ParseError, KnowsWhatEachMessageMeans) {
  using wire::IcmpSpec;
  using wire::Icmpv6Spec;
  using enum ErrorMeaning;
  const auto v4 = [](const IcmpSpec& s) {
    return error_about(s, sent_packet(IpFamily::kV4, wire::ip_protocol::kTcp));
  };
  const auto v6 = [](const Icmpv6Spec& s) {
    return error_about(s, sent_packet(IpFamily::kV6, wire::ip_protocol::kTcp));
  };
  struct Case {
    IpFamily family;
    Bytes message;
    ErrorMeaning meaning;
    std::uint32_t mtu = 0;
  };
  using enum IpFamily;
  for (const Case& c : {
           Case{kV4, v4(IcmpSpec::unreachable(0)), kNetUnreachable},
           Case{kV4, v4(IcmpSpec::unreachable(1)), kUnreachable},
           Case{kV4, v4(IcmpSpec::unreachable(2)), kPortUnreachable},
           Case{kV4, v4(IcmpSpec::unreachable(3)), kPortUnreachable},
           Case{kV4, v4(IcmpSpec::unreachable(13)), kUnreachable},
           Case{kV4, v4(IcmpSpec::fragmentation_needed(1'400)), kPacketTooBig, 1'400},
           Case{kV4, v4(IcmpSpec::time_exceeded(0)), kTimeExceeded},
           Case{kV6, v6(Icmpv6Spec::unreachable(0)), kNetUnreachable},
           Case{kV6, v6(Icmpv6Spec::unreachable(3)), kUnreachable},
           Case{kV6, v6(Icmpv6Spec::unreachable(4)), kPortUnreachable},
           Case{kV6, v6(Icmpv6Spec::packet_too_big(1'300)), kPacketTooBig, 1'300},
           Case{kV6, v6(Icmpv6Spec::time_exceeded(0)), kTimeExceeded},
           Case{kV6, v6(Icmpv6Spec::parameter_problem(1, 6)), kPortUnreachable},
       }) {
    const auto report = parse_error(c.family, c.message);
    const auto what = std::to_integer<int>(c.message[0]) * 100 + std::to_integer<int>(c.message[1]);
    ASSERT_TRUE(report) << what;
    EXPECT_EQ(report->meaning, c.meaning) << what;
    EXPECT_EQ(report->mtu, c.mtu) << what;
    EXPECT_EQ(report->protocol, wire::ip_protocol::kTcp);
    EXPECT_EQ(report->tcp_seq, 0x0102'0304u);
    const bool is_v4 = c.family == kV4;
    EXPECT_EQ(report->flow,
              (FlowKey{{is_v4 ? kOurs : kOurs6, 1'000}, {is_v4 ? kPeer : kPeer6, 80}}));
  }
}

TEST(ParseError, IgnoresWhatAHostDoesNotActUpon) {
  const Bytes tcp = sent_packet(IpFamily::kV4, wire::ip_protocol::kTcp);
  const Bytes tcp6 = sent_packet(IpFamily::kV6, wire::ip_protocol::kTcp);
  for (const std::uint8_t type :
       {wire::icmp_type::kSourceQuench, wire::icmp_type::kRedirect,
        wire::icmp_type::kParameterProblem, wire::icmp_type::kEchoReply}) {
    EXPECT_FALSE(parse_error(IpFamily::kV4, error_about(wire::IcmpSpec{.type = type}, tcp)));
  }
  EXPECT_FALSE(
      parse_error(IpFamily::kV6, error_about(wire::Icmpv6Spec::parameter_problem(0, 4), tcp6)));
  EXPECT_FALSE(parse_error(
      IpFamily::kV6, error_about(wire::Icmpv6Spec{.type = wire::icmpv6_type::kRedirect}, tcp6)));
  const Bytes icmp = sent_packet(IpFamily::kV4, wire::ip_protocol::kIcmp);
  EXPECT_FALSE(parse_error(IpFamily::kV4, error_about(wire::IcmpSpec::unreachable(1), icmp)));
}

TEST(ParseError, EveryTruncationOfTheQuoteIsRefused) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const Bytes packet = sent_packet(family, wire::ip_protocol::kTcp);
    const Bytes whole = family == IpFamily::kV4
                            ? error_about(wire::IcmpSpec::unreachable(1), packet)
                            : error_about(wire::Icmpv6Spec::unreachable(1), packet);
    const std::size_t enough = 8u + header_size(family) + 8u;
    for (std::size_t n = 0; n <= whole.size(); ++n) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<long>(n));
      EXPECT_EQ(parse_error(family, cut).has_value(), n >= enough) << n;
    }
  }
}

TEST(LocalReport, NamesTheFlowOfThePacket) {
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const auto report =
        make_local_report(sent_packet(family, wire::ip_protocol::kUdp), ErrorMeaning::kUnreachable);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->protocol, wire::ip_protocol::kUdp);
    EXPECT_EQ(report->flow.local.port, 1'000);
    EXPECT_EQ(report->flow.remote.port, 80);
  }
  EXPECT_FALSE(make_local_report({}, ErrorMeaning::kUnreachable));
}

class Icmp : public testing::Test {
 protected:
  buf::Pools pools() { return {data_.get(), indirect_.get()}; }
  static Bytes bytes_of(const buf::Mbuf& m) {
    Bytes b(m.length());
    m.copy_out(0, b);
    return b;
  }
  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "data", .count = 16, .data_room = 2'048});
  std::unique_ptr<buf::Pool> indirect_ =
      *buf::Pool::create({.name = "indirect", .count = 16, .data_room = 0});
};

TEST_F(Icmp, EchoReplyKeepsAllButTheType) {
  for (const bool shared : {false, true}) {
    for (const bool six : {false, true}) {
      Bytes request(8);
      if (six) {
        wire::Icmpv6Spec::echo(7, 9).write(request);
      } else {
        wire::IcmpSpec::echo(7, 9).write(request);
      }
      for (const int c : {1, 2, 3, 4, 5}) request.push_back(static_cast<std::byte>(c));
      auto m = *buf::Mbuf::copy_of(request, *data_);
      m.append_chain(*buf::Mbuf::copy_of(Bytes(3, std::byte{6}), *data_));  // after an odd count
      buf::Mbuf other;
      if (shared) other = *m.clone(*indirect_);
      const Bytes before = bytes_of(m);
      auto reply =
          make_echo_reply(std::move(m), six ? kOurs6 : kOurs, six ? kPeer6 : kPeer, pools());
      ASSERT_TRUE(reply);
      const Bytes after = bytes_of(*reply);
      EXPECT_EQ(after.size(), before.size());
      EXPECT_TRUE(std::equal(after.begin() + 4, after.end(), before.begin() + 4));
      EXPECT_TRUE(six ? wire::is_icmpv6_checksum_ok(kOurs6, kPeer6, after)
                      : wire::is_icmp_checksum_ok(after));
      EXPECT_EQ(after[0],
                std::byte{six ? wire::icmpv6_type::kEchoReply : wire::icmp_type::kEchoReply});
      if (shared) {
        EXPECT_EQ(bytes_of(other), before);
      }
    }
  }
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(Icmp, EchoReplyToASharedRequestNeedsABuffer) {
  Bytes request(8);
  wire::IcmpSpec::echo(1, 1).write(request);
  auto m = *buf::Mbuf::copy_of(request, *data_);
  const auto other = *m.clone(*indirect_);
  data_->fail_after_for_test(0);
  EXPECT_EQ(make_echo_reply(std::move(m), kOurs, kPeer, pools()).error(), Errc::kNoBuffers);
  data_->fail_after_for_test(UINT32_MAX);
}

TEST_F(Icmp, ErrorsQuoteWhatEveryPathCarries) {
  struct Case {
    ErrorSpec spec;
    IpFamily family;
    std::uint8_t type, code;
    std::size_t most;
  };
  using enum ErrorKind;
  for (const Case& c :
       {Case{{kPortUnreachable, kOurs, kPeer, {}}, IpFamily::kV4, 3, 3, 556},
        Case{{kProtocolUnreachable, kOurs, kPeer, {}}, IpFamily::kV4, 3, 2, 556},
        Case{{kPortUnreachable, kOurs6, kPeer6, {}}, IpFamily::kV6, 1, 4, 1'240},
        Case{{kProtocolUnreachable, kOurs6, kPeer6, {.pointer = 6}}, IpFamily::kV6, 4, 1, 1'240},
        Case{{kParameterProblem, kOurs6, kPeer6, {2, 42, true}}, IpFamily::kV6, 4, 2, 1'240}}) {
    for (const std::size_t payload : {8u, 1'400u}) {
      const Bytes offender = sent_packet(c.family, 17, payload);
      const auto m = make_error(c.spec, *buf::Mbuf::copy_of(offender, *data_), pools());
      ASSERT_TRUE(m);
      const Bytes message = bytes_of(*m);
      EXPECT_EQ(message.size(), std::min(8 + offender.size(), c.most));
      EXPECT_EQ(message[0], std::byte{c.type});
      EXPECT_EQ(message[1], std::byte{c.code});
      if (c.type == 4) {
        EXPECT_EQ(load_be<std::uint32_t>(&message[4]), c.spec.problem.pointer);
      }
      EXPECT_TRUE(std::equal(message.begin() + 8, message.end(), offender.begin()));
      EXPECT_TRUE(c.family == IpFamily::kV4 ? wire::is_icmp_checksum_ok(message)
                                            : wire::is_icmpv6_checksum_ok(kOurs6, kPeer6, message));
    }
  }
}

TEST(MayAnswerWithError, NeverCausesStormsOrLoops) {
  struct Case {
    IpAddress src;
    std::uint8_t protocol;
    Delivery delivery;
    int type;
    bool expected;
  };
  using enum Delivery;
  for (const Case& c : {Case{kPeer, 17, kToUs, 0, true}, Case{kPeer, 17, kToMany, 0, false},
                        Case{kPeer, 1, kToUs, 8, true}, Case{kPeer, 1, kToUs, 3, false},
                        Case{kPeer, 1, kToUs, 0, false}, Case{kPeer6, 58, kToUs, 128, true},
                        Case{kPeer6, 58, kToUs, 1, false}, Case{IpAddress{}, 17, kToUs, 0, false},
                        Case{*IpAddress::parse("ff02::1"), 17, kToUs, 0, false}}) {
    const std::byte transport[] = {static_cast<std::byte>(c.type)};
    const Incoming packet{.src = c.src, .dst = kOurs, .protocol = c.protocol};
    EXPECT_EQ(may_answer_with_error(packet, c.delivery, transport), c.expected)
        << c.src.to_string() << ' ' << int{c.protocol} << ' ' << c.type;
  }
  const Incoming udp{.src = kPeer, .dst = kOurs, .protocol = 17};
  EXPECT_TRUE(may_answer_with_error(udp, kToUs, {}));
  const Incoming icmp{.src = kPeer, .dst = kOurs, .protocol = 1};
  EXPECT_FALSE(may_answer_with_error(icmp, kToUs, {}));
}

}  // namespace
}  // namespace zs::ip
