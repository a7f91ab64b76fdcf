#include "base/address.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace zs {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
IpPrefix prefix(std::string_view text) { return IpPrefix::parse(text).value(); }

struct Spelling {
  const char* text;
  const char* canonical;
};

// RFC 4291 §2.2 says what may be read, RFC 5952 §4 how it is written.
TEST(IpAddress, WritesEverySpellingInTheCanonicalForm) {
  const Spelling table[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.255", "192.0.2.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // §4.2.2: one group stays
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},        // §4.2.3: the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},  // §4.2.3: the first of two
      {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::ffff:c000:201", "192.0.2.1"},
      {"::192.0.2.1", "::c000:201"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"},
  };
  for (const auto& [text, canonical] : table) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), canonical) << text;
  }
}

TEST(IpAddress, RefusesMalformedText) {
  for (const char* text : {"",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.",
                           ".1.2.3",
                           "256.1.1.1",
                           "01.2.3.4",
                           "1.2.3.-4",
                           "1.2.3.+4",
                           "0x1.2.3.4",
                           " 1.2.3.4",
                           "1.2.3.4 ",
                           "1.2.3.4/8",
                           "1..2.3",
                           ":",
                           ":::",
                           ":1",
                           "1:",
                           "::1::",
                           "1::2::3",
                           "12345::",
                           "00001::",
                           "g::",
                           "-1::",
                           "fe80::1%0",
                           "[::1]",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "1::2:3:4:5:6:7:8",
                           "1.2.3.4::",
                           "::1.2.3.4:5",
                           "::1.2.3",
                           "::256.1.1.1",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "99999999999999999999.1.1.1"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string(100000, ':')));
}

// A command line's "10.0.0.12:80" is cut into views: what follows one is not part of it.
TEST(IpAddress, ReadsNothingBehindItsText) {
  const std::string_view quad = "10.0.0.123";
  EXPECT_EQ(IpAddress::parse(quad.substr(0, 8)), IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(IpAddress::parse(quad.substr(0, 9)), IpAddress::v4(10, 0, 0, 12));
  const std::string_view groups = "fe80::123";
  EXPECT_EQ(IpAddress::parse(groups.substr(0, 7)), ip("fe80::1"));
  EXPECT_EQ(IpPrefix::parse(std::string_view("10.0.0.0/24").substr(0, 10))->length, 2);
  EXPECT_EQ(Endpoint::parse(std::string_view("10.0.0.1:8080").substr(0, 11))->port, 80);
  const std::vector<char> unterminated{'1', '.', '2', '.', '3', '.', '4'};
  EXPECT_TRUE(IpAddress::parse({unterminated.data(), unterminated.size()}));
}

struct Kind {
  const char* text;
  bool unspecified, multicast, loopback, link_local;
};

TEST(IpAddress, KnowsItsKindUpToTheEdgesOfEachRange) {
  const Kind table[] = {
      {"0.0.0.0", true, false, false, false},
      {"0.0.0.1", false, false, false, false},
      {"127.255.255.255", false, false, true, false},
      {"128.0.0.0", false, false, false, false},
      {"169.254.0.0", false, false, false, true},
      {"169.255.0.0", false, false, false, false},
      {"223.255.255.255", false, false, false, false},
      {"224.0.0.0", false, true, false, false},
      {"239.255.255.255", false, true, false, false},
      {"240.0.0.0", false, false, false, false},
      {"::", true, false, false, false},
      {"::1", false, false, true, false},
      {"::2", false, false, false, false},
      {"fe7f:ffff::", false, false, false, false},
      {"fe80::", false, false, false, true},
      {"febf:ffff::1", false, false, false, true},
      {"fec0::", false, false, false, false},
      {"feff::", false, false, false, false},
      {"ff00::", false, true, false, false},
      {"ffff::", false, true, false, false},
  };
  for (const auto& row : table) {
    const auto a = ip(row.text);
    EXPECT_EQ(a.is_unspecified(), row.unspecified) << row.text;
    EXPECT_EQ(a.is_multicast(), row.multicast) << row.text;
    EXPECT_EQ(a.is_loopback(), row.loopback) << row.text;
    EXPECT_EQ(a.is_link_local(), row.link_local) << row.text;
  }
  EXPECT_TRUE(ip("255.255.255.255").is_limited_broadcast());
  EXPECT_FALSE(ip("255.255.255.254").is_limited_broadcast());
  EXPECT_FALSE(ip("::ffff:ffff").is_limited_broadcast());
}

TEST(IpAddress, StandsOnTheWireInItsFamilysBytes) {
  EXPECT_EQ(ip("192.0.2.1"), IpAddress::v4(0xc0000201));
  EXPECT_EQ(ip("192.0.2.1"), IpAddress::v4(192, 0, 2, 1));
  EXPECT_EQ(ip("192.0.2.1").wire_bytes().size(), 4u);
  EXPECT_EQ(ip("192.0.2.1").wire_bytes()[0], std::byte{192});
  EXPECT_EQ(ip("2001:db8::1").wire_bytes().size(), 16u);
  EXPECT_EQ(ip("2001:db8::1").high(), 0x20010db8'00000000u);
  EXPECT_EQ(ip("2001:db8::1").low(), 1u);
  EXPECT_EQ(IpAddress::any(IpFamily::kV4).family(), IpFamily::kV4);
  EXPECT_EQ(IpAddress::any(IpFamily::kV6), IpAddress{});
  EXPECT_LT(ip("10.0.0.1"), ip("10.0.0.2"));
  EXPECT_LT(ip("::2"), ip("2001::1"));
}

RC_GTEST_PROP(IpAddress, ReadsBackWhatItWrites, ()) {
  // Few values, so that runs of zeros and mapped addresses come up.
  const auto groups = *rc::gen::container<std::vector<std::uint16_t>>(
      8, rc::gen::element<std::uint16_t>(0, 0, 1, 0x0a0b, 0xffff));
  IpAddress::Bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) store_be(&bytes[2 * i], groups[i]);
  const auto address = IpAddress::v6(bytes);
  RC_ASSERT(IpAddress::parse(address.to_string()) == address);
  const Endpoint endpoint{address, groups[0]};
  RC_ASSERT(Endpoint::parse(endpoint.to_string()) == endpoint);
}

RC_GTEST_PROP(IpAddress, SurvivesAnyTextOfItsAlphabet, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0019af:.:./[]")));
  const auto address = IpAddress::parse(text);
  if (address) RC_ASSERT(IpAddress::parse(address->to_string()) == address);
  const auto net = IpPrefix::parse(text);
  if (net) RC_ASSERT(IpPrefix::parse(net->to_string()) == net);
  const auto endpoint = Endpoint::parse(text);
  if (endpoint) RC_ASSERT(Endpoint::parse(endpoint->to_string()) == endpoint);
}

TEST(IpPrefix, ReadsALengthWithinItsFamily) {
  EXPECT_EQ(prefix("10.0.0.1/24").to_string(), "10.0.0.1/24");
  EXPECT_EQ(prefix("10.0.0.1").length, 32);
  EXPECT_EQ(prefix("2001:db8::1").length, 128);
  EXPECT_EQ(prefix("::/0").length, 0);
  for (const char* text :
       {"10.0.0.1/33", "::/129", "10.0.0.1/", "/8", "10.0.0.1/-1", "10.0.0.1/08", "10.0.0.1/8/8",
        "10.0.0.1/ 8", "10.0.0.1/4294967304", "::ffff:1.2.3.4/96"}) {
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  }
}

struct Membership {
  const char* prefix;
  const char* network;
  const char* inside;
  const char* outside;
};

TEST(IpPrefix, HoldsTheAddressesOfItsNetwork) {
  const Membership table[] = {
      {"10.1.2.3/8", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
      {"10.1.2.3/23", "10.1.2.0", "10.1.3.255", "10.1.4.0"},
      {"10.1.2.3/32", "10.1.2.3", "10.1.2.3", "10.1.2.2"},
      {"10.1.2.3/0", "0.0.0.0", "255.255.255.255", "::"},
      {"::/0", "::", "ffff::", "0.0.0.0"},
      {"2001:db8::1/64", "2001:db8::", "2001:db8::ffff:0:0:1", "2001:db8:0:1::"},
      {"2001:db8::1/63", "2001:db8::", "2001:db8:0:1::", "2001:db8:0:2::"},
      {"2001:db8::8000:0:0:1/65", "2001:db8:0:0:8000::", "2001:db8::ffff:0:0:1", "2001:db8::1"},
      {"2001:db8::1/128", "2001:db8::1", "2001:db8::1", "2001:db8::"},
      {"fe80::1/10", "fe80::", "febf::1", "fec0::"},
  };
  for (const auto& row : table) {
    const auto p = prefix(row.prefix);
    EXPECT_EQ(p.network().to_string(), row.network) << row.prefix;
    EXPECT_TRUE(p.contains(ip(row.inside))) << row.prefix;
    EXPECT_FALSE(p.contains(ip(row.outside))) << row.prefix;
  }
}

TEST(IpPrefix, HasABroadcastAddressOnlyWhenIpv4AndShorterThan31) {
  EXPECT_EQ(prefix("10.1.2.3/24").broadcast(), ip("10.1.2.255"));
  EXPECT_EQ(prefix("10.1.2.3/30").broadcast(), ip("10.1.2.3"));
  EXPECT_EQ(prefix("10.1.2.3/0").broadcast(), ip("255.255.255.255"));
  for (const char* text : {"10.1.2.3/31", "10.1.2.3/32", "2001:db8::/64"}) {
    EXPECT_EQ(prefix(text).broadcast(), std::nullopt) << text;
  }
}

TEST(MacAddress, ReadsAndWritesSixPairs) {
  const auto mac = MacAddress::parse("02:00:5E:10:aB:fF");
  ASSERT_TRUE(mac);
  EXPECT_EQ(mac->to_string(), "02:00:5e:10:ab:ff");
  EXPECT_FALSE(mac->is_multicast());
  EXPECT_TRUE(MacAddress::broadcast().is_multicast());
  EXPECT_EQ(MacAddress::broadcast().to_string(), "ff:ff:ff:ff:ff:ff");
  EXPECT_TRUE(MacAddress{}.is_zero());
  for (const char* text :
       {"", "02:00:00:00:00:0", "02:00:00:00:00:001", "02-00-00-00-00-01", "02:00:00:00:00:0g",
        "0200.0000.0001:::", "02:00:00:00:00:-1", "0x:00:00:00:00:01", "02:00:00:00:00: 1"}) {
    EXPECT_FALSE(MacAddress::parse(text)) << text;
  }
}

TEST(Endpoint, WantsBracketsAroundColonsAndNowhereElse) {
  for (const char* text : {"10.0.0.1:80", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:1"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
  for (const char* text :
       {"", ":", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:080", "10.0.0.1:+1",
        "10.0.0.1:80 ", "[10.0.0.1]:80", "::1:80", "2001:db8::1", "[::1]", "[::1]:", "[::1:80",
        "::1]:80", "[]:80", "[[::1]]:80", "[:80"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

}  // namespace
}  // namespace zs
