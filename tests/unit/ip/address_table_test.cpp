#include "ip/address_table.hpp"

#include <gtest/gtest.h>

namespace zs::ip {
namespace {

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

/// Two interfaces of both families.
AddressTable two_links() {
  AddressTable t;
  for (const auto& [interface, prefix] :
       {std::pair{0, "10.0.0.1/24"}, std::pair{0, "2001:db8::1/64"}, std::pair{0, "fe80::1/64"},
        std::pair{1, "192.168.7.1/31"}, std::pair{1, "2001:db8:1::1/64"}}) {
    EXPECT_TRUE(t.add(static_cast<std::uint16_t>(interface), *IpPrefix::parse(prefix))) << prefix;
  }
  return t;
}

TEST(AddressTable, RefusesWhatNoInterfaceCanHave) {
  AddressTable t = two_links();
  for (const char* bad : {"0.0.0.0/8", "0.1.2.3/8", "127.0.0.1/8", "224.0.0.1/24", "240.0.0.1/8",
                          "255.255.255.255/32", "10.1.0.0/24", "10.1.0.255/24", "10.1.0.1/0",
                          "::/64", "::1/128", "ff02::1/64"}) {
    EXPECT_EQ(t.add(0, *IpPrefix::parse(bad)).error(), Errc::kInvalid) << bad;
  }
  EXPECT_EQ(t.add(1, *IpPrefix::parse("10.0.0.1/8")).error(), Errc::kAlready);
  EXPECT_EQ(t.all().size(), 5u);
  for (const char* good : {"10.1.0.0/31", "10.1.0.1/31", "10.2.0.0/32", "2001:db8:9::/128"}) {
    EXPECT_TRUE(t.add(0, *IpPrefix::parse(good))) << good;
  }
}

TEST(AddressTable, ClassifiesDestinations) {
  const AddressTable t = two_links();
  struct Case {
    std::uint16_t interface;
    const char* destination;
    Destination expected;
  };
  for (const Case& c :
       {Case{0, "10.0.0.1", Destination::kOurs},
        Case{1, "10.0.0.1", Destination::kOurs},  // weak model
        Case{0, "10.0.0.2", Destination::kForeign}, Case{0, "10.0.0.255", Destination::kBroadcast},
        Case{1, "10.0.0.255", Destination::kForeign},
        Case{1, "255.255.255.255", Destination::kBroadcast},
        Case{1, "192.168.7.0", Destination::kForeign},
        Case{0, "224.0.0.1", Destination::kMulticast},
        Case{0, "224.0.0.251", Destination::kForeign}, Case{0, "2001:db8::1", Destination::kOurs},
        Case{0, "ff02::1", Destination::kMulticast}, Case{0, "ff02::2", Destination::kForeign},
        Case{0, "ff02::1:ff00:1", Destination::kMulticast},
        Case{0, "ff02::1:ff00:2", Destination::kForeign},
        Case{0, "127.0.0.1", Destination::kForeign}}) {
    EXPECT_EQ(t.classify(c.interface, ip(c.destination)), c.expected) << c.destination;
  }
}

TEST(AddressTable, JudgesSources) {
  const AddressTable t = two_links();
  for (const char* good : {"10.0.0.2", "8.8.8.8", "192.168.7.0", "2001:db8::2", "fe80::2"}) {
    EXPECT_TRUE(t.is_valid_source(0, ip(good))) << good;
  }
  for (const char* bad :
       {"10.0.0.1", "192.168.7.1", "10.0.0.255", "0.0.0.0", "0.0.0.9", "127.0.0.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "ff02::1", "fe80::1"}) {
    EXPECT_FALSE(t.is_valid_source(0, ip(bad))) << bad;
  }
}

TEST(AddressTable, KnowsWhatIsLocalAndOnLink) {
  const AddressTable t = two_links();
  EXPECT_TRUE(t.is_local(ip("127.3.2.1")));
  EXPECT_TRUE(t.is_local(ip("::1")));
  EXPECT_TRUE(t.is_local(ip("2001:db8:1::1")));
  EXPECT_FALSE(t.is_local(ip("10.0.0.2")));
  EXPECT_TRUE(t.is_on_link(0, ip("10.0.0.200")));
  EXPECT_FALSE(t.is_on_link(1, ip("10.0.0.200")));
  EXPECT_FALSE(t.is_on_link(0, ip("10.0.1.1")));
  EXPECT_TRUE(t.is_on_link(1, ip("fe80::abcd")));  // every link has fe80::/10
}

TEST(AddressTable, SelectsTheSourceThatSuits) {
  const AddressTable t = two_links();
  struct Case {
    std::uint16_t interface;
    const char* destination;
    const char* expected;
  };
  for (const Case& c :
       {Case{0, "10.0.0.9", "10.0.0.1"}, Case{1, "192.168.7.0", "192.168.7.1"},
        Case{0, "8.8.8.8", "10.0.0.1"}, Case{1, "8.8.8.8", "192.168.7.1"},
        Case{1, "10.0.0.1", "10.0.0.1"},  // rule 1: the very address
        Case{0, "fe80::9", "fe80::1"}, Case{0, "ff02::1", "fe80::1"},
        Case{0, "2001:db8:ffff::1", "2001:db8::1"}, Case{1, "2001:db8:1::9", "2001:db8:1::1"},
        Case{0, "127.0.0.1", "127.0.0.1"}}) {
    EXPECT_EQ(t.select_source(c.interface, ip(c.destination)), ip(c.expected)) << c.destination;
  }
  EXPECT_EQ(AddressTable{}.select_source(0, ip("10.0.0.9")), std::nullopt);
}

// The examples of RFC 6724 §10.1, as far as a host that is neither mobile nor hides has them.
TEST(AddressTable, SelectsByTheRulesOfRfc6724) {
  struct Case {
    const char* destination;
    std::vector<const char*> sources;
    const char* expected;
  };
  const Case cases[] = {
      {"2001:db8:1::1", {"2001:db8:3::1", "fe80::1"}, "2001:db8:3::1"},        // scope
      {"ff05::1", {"2001:db8:3::1", "fe80::1"}, "2001:db8:3::1"},              // scope
      {"2001:db8:1::1", {"2001:db8:1::1", "2001:db8:2::1"}, "2001:db8:1::1"},  // the same
      {"fe80::2", {"2001:db8:2::1", "fe80::1"}, "fe80::1"},                    // scope
      {"2001:db8:1::d5e3:0:0:1", {"2001:db8:1::2", "2001:db8:3::2"}, "2001:db8:1::2"},
      {"2002:c633:6401::d5e3:0:0:1", {"2002:c633:6401::2", "2001:db8:1::2"}, "2002:c633:6401::2"},
      {"2001:db8:3::1", {"2002:c633:6401::2", "2001:db8:1::2"}, "2001:db8:1::2"},  // label
      {"fd00::9", {"2001:db8:1::2", "fd11::2"}, "fd11::2"},                        // label
      {"192.0.2.9", {"169.254.13.78", "198.51.100.1"}, "198.51.100.1"},            // scope
  };
  for (const Case& c : cases) {
    for (const bool reversed : {false, true}) {
      AddressTable t;
      for (std::size_t i = 0; i < c.sources.size(); ++i) {
        const IpAddress a = ip(c.sources[reversed ? c.sources.size() - 1 - i : i]);
        ASSERT_TRUE(t.add(0, {a, static_cast<std::uint8_t>(a.is_v4() ? 24 : 64)}));
      }
      EXPECT_EQ(t.select_source(0, ip(c.destination)), ip(c.expected)) << c.destination;
    }
  }
}

TEST(AddressTable, AvoidsDeprecatedAndDuplicateSources) {
  AddressTable t;
  ASSERT_TRUE(t.add(0, *IpPrefix::parse("2001:db8:1::1/64")));
  ASSERT_TRUE(t.add_autonomous(0, *IpPrefix::parse("2001:db8:2::1/64")));
  EXPECT_EQ(t.select_source(0, ip("2001:db8:1::9")), ip("2001:db8:1::1"));
  t.set_deprecated(ip("2001:db8:1::1"), true);
  EXPECT_EQ(t.select_source(0, ip("2001:db8:1::9")), ip("2001:db8:2::1"));
  t.set_duplicate(ip("2001:db8:2::1"), true);
  EXPECT_EQ(t.select_source(0, ip("2001:db8:1::9")), ip("2001:db8:1::1"));
  t.set_duplicate(ip("2001:db8:2::1"), false);
  ASSERT_TRUE(t.remove(ip("2001:db8:2::1")));
  EXPECT_EQ(t.remove(ip("2001:db8:2::1")).error(), Errc::kNotFound);
  EXPECT_EQ(t.select_source(0, ip("2001:db8:2::9")), ip("2001:db8:1::1"));
}

TEST(AddressTable, AnAutonomousAddressSaysNothingOfTheLink) {
  AddressTable t;
  ASSERT_TRUE(t.add_autonomous(0, *IpPrefix::parse("2001:db8:2::1/64")));
  EXPECT_FALSE(t.is_on_link(0, ip("2001:db8:2::2")));
  t.add_on_link(0, *IpPrefix::parse("2001:db8:2::/64"));
  EXPECT_TRUE(t.is_on_link(0, ip("2001:db8:2::2")));
  EXPECT_FALSE(t.is_on_link(1, ip("2001:db8:2::2")));
  t.remove_on_link(0, *IpPrefix::parse("2001:db8:2::/64"));
  EXPECT_FALSE(t.is_on_link(0, ip("2001:db8:2::2")));
}

}  // namespace
}  // namespace zs::ip
