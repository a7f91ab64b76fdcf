#include "runtime/config_load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

namespace zs::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Machine kMachine{{0, 1, 2, 3}};

LoadedConfig load(std::string text, std::vector<Override> overrides = {}) {
  return load_config(FileText{"zstack.toml", std::move(text)}, overrides, kMachine);
}
Override option(std::string path, std::string text) {
  return {std::move(path), {Value::Type::kUntyped, std::move(text), {}}};
}
/// What the user sees.
std::string messages(const LoadedConfig& loaded) {
  std::string text;
  for (const auto& p : loaded.problems) text += p.to_string() + "\n";
  return text;
}

constexpr const char* kComplete = R"(
[device]
name = "packet:veth0"
mtu = 9000
network_namespace = "lab"
share_mac = true
[interface]
addresses = ["10.1.0.2/24", "10.2.0.2/16"]
gateway = "10.1.0.1"
mac = "02:00:00:00:00:07"
[[route]]
destination = "192.168.0.0/16"
gateway = "10.2.0.1"
[[route]]
destination = "172.16.0.0/12"
[runtime]
lcores = [1, 2]
memory_mb = 512
hugepages = "never"
log_level = "debug"
idle = "spin"
spin = "10us"
[tcp]
congestion = "newreno"
sack = false
min_rto = "50ms"
send_buffer_bytes = "2MiB"
receive_buffer_bytes = 131072
syn_retries = 3
[fault]
loss = 0.01
delay = "5ms"
rate = "100M"
)";

TEST(ConfigLoad, OffloadsCanBeLeftToSoftwareOneByOne) {
  const auto loaded = load("[device]\nwithout = [\"tso\", \"rx-checksum\"]\n");
  EXPECT_EQ(messages(loaded), "");
  EXPECT_EQ(loaded.config.device.without, dev::Offload::kTso | dev::Offload::kRxL4Checksum);
  const auto by_option = load("", {option("device.without", "lro")});
  EXPECT_EQ(by_option.config.device.without, dev::Offload::kLro);
}

TEST(ConfigLoad, EmptyFileGivesAPrivateCableToTheKernel) {
  const auto loaded = load("");
  EXPECT_EQ(messages(loaded), "");
  EXPECT_EQ(loaded.config.device.kind, DeviceKind::kTap);
  ASSERT_EQ(loaded.config.interface.addresses.size(), 1u);
  ASSERT_TRUE(loaded.config.interface.kernel_address);
  EXPECT_TRUE(loaded.config.interface.addresses[0].contains(
      loaded.config.interface.kernel_address->address));
  EXPECT_EQ(loaded.config.runtime.lcores, std::vector<unsigned>{3});
}

TEST(ConfigLoad, TakesEveryKindOfValue) {
  const auto loaded = load(kComplete);
  ASSERT_EQ(messages(loaded), "");
  const Config& c = loaded.config;
  EXPECT_EQ(c.device.to_string(), "packet:veth0");
  EXPECT_EQ(c.device.mtu, 9000);
  EXPECT_EQ(c.device.network_namespace, "lab");
  EXPECT_TRUE(c.device.share_mac);
  EXPECT_EQ(c.interface.addresses.size(), 2u);
  EXPECT_EQ(c.interface.gateway, IpAddress::parse("10.1.0.1"));
  EXPECT_EQ(c.interface.mac, MacAddress::parse("02:00:00:00:00:07"));
  ASSERT_EQ(c.routes.size(), 2u);
  EXPECT_EQ(c.routes[0].gateway, IpAddress::parse("10.2.0.1"));
  EXPECT_FALSE(c.routes[1].gateway);
  EXPECT_EQ(c.runtime.lcores, (std::vector<unsigned>{1, 2}));
  EXPECT_EQ(c.runtime.memory_mb, 512u);
  EXPECT_EQ(c.runtime.hugepages, Hugepages::kNever);
  EXPECT_EQ(c.runtime.log_level, LogLevel::kDebug);
  EXPECT_EQ(c.runtime.idle, IdlePolicy::kSpin);
  EXPECT_EQ(c.runtime.spin, Duration{10us});
  EXPECT_EQ(c.tcp.congestion, tcp::CongestionAlgorithm::kNewReno);
  EXPECT_FALSE(c.tcp.sack);
  EXPECT_EQ(c.tcp.min_rto, Duration{50ms});
  EXPECT_EQ(c.tcp.send_buffer_bytes, 2u << 20);
  EXPECT_EQ(c.tcp.receive_buffer_bytes, 131'072u);
  EXPECT_EQ(c.tcp.syn_retries, 3);
  EXPECT_DOUBLE_EQ(c.fault.loss, 0.01);
  EXPECT_EQ(c.fault.delay, Duration{5ms});
  EXPECT_EQ(c.fault.rate_bps, 100'000'000u);
}

TEST(ConfigLoad, TheCommandLineWins) {
  const auto loaded =
      load(kComplete, {option("device.mtu", "1500"), option("tcp.sack", "true"),
                       option("runtime.lcores", "3"), option("route", "10.9.0.0/16 via 10.1.0.9")});
  ASSERT_EQ(messages(loaded), "");
  EXPECT_EQ(loaded.config.device.mtu, 1500);
  EXPECT_TRUE(loaded.config.tcp.sack);
  EXPECT_EQ(loaded.config.runtime.lcores, std::vector<unsigned>{3});
  ASSERT_EQ(loaded.config.routes.size(), 1u);
  EXPECT_EQ(loaded.config.routes[0].gateway, IpAddress::parse("10.1.0.9"));
}

TEST(ConfigLoad, UnknownKeysAreNamedWithTheirLineAndTheLikelyMeaning) {
  EXPECT_EQ(messages(load("\n[tcp]\nmin_rtt = \"1s\"\n")),
            "zstack.toml:3: tcp.min_rtt: unknown key; did you mean tcp.min_rto?\n");
  EXPECT_EQ(messages(load("[devise]\nname = \"tap\"\n")),
            "zstack.toml:1: devise: unknown key; did you mean device?\n");
  EXPECT_EQ(messages(load("[tcp]\nbanana = 1\n")), "zstack.toml:2: tcp.banana: unknown key\n");
  EXPECT_THAT(messages(load("[[route]]\ndestination = \"10.9.0.0/16\"\ngatway = \"10.99.0.1\"\n")),
              HasSubstr("zstack.toml:3: route.gatway: unknown key; did you mean route.gateway?"));
}

TEST(ConfigLoad, WrongTypesSayWhatWasFoundAndWhatIsExpected) {
  EXPECT_EQ(messages(load("[device]\nmtu = \"big\"\n")),
            "zstack.toml:2: device.mtu: found \"big\", expected a whole number from 576 to "
            "65000\n");
  EXPECT_EQ(messages(load("[device]\nmtu = \"1500\"\n")),
            "zstack.toml:2: device.mtu: found \"1500\", expected a whole number from 576 to "
            "65000\n");
  EXPECT_EQ(messages(load("[tcp]\nsack = 1\n")),
            "zstack.toml:2: tcp.sack: found 1, expected true or false\n");
  EXPECT_THAT(messages(load("[tcp]\nmin_rto = 200\n")),
              HasSubstr("tcp.min_rto: found 200, expected a duration such as \"200ms\""));
  EXPECT_THAT(
      messages(load("[tcp]\ncongestion = \"vegas\"\n")),
      HasSubstr("found \"vegas\", expected one of \"cubic\" \"newreno\" \"dctcp\" \"bbr\""));
  EXPECT_THAT(messages(load("tcp = 1\n")), HasSubstr("found 1, expected a section [tcp]"));
  EXPECT_THAT(messages(load("[device]\nwithout = [\"gso\"]\n")),
              HasSubstr("found \"gso\", expected offloads such as \"tso\""));
  EXPECT_THAT(messages(load("[route]\ndestination = \"10.0.0.0/8\"\n")),
              HasSubstr("expected [[route]] sections"));
  EXPECT_THAT(messages(load("[interface]\naddresses = [1]\n")), HasSubstr("found 1, expected"));
  EXPECT_THAT(messages(load("[interface]\naddresses = [[]]\n")), HasSubstr("found a list"));
  EXPECT_THAT(messages(load("[interface]\naddresses = \"10.1.0.2\"\n")),
              HasSubstr("expected addresses with prefix"));
}

TEST(ConfigLoad, OutOfRangeValuesAreRefused) {
  for (const char* text :
       {"[device]\nmtu = 100\n", "[device]\nmtu = 70000\n", "[device]\nmtu = -1\n",
        "[tcp]\nsyn_retries = 128\n", "[tcp]\ndelayed_ack = \"501ms\"\n",
        "[tcp]\nsend_buffer_bytes = 1\n", "[tcp]\nephemeral_low = 80\n", "[fault]\nloss = 1.5\n",
        "[fault]\nloss = -0.1\n", "[fault]\nloss = nan\n", "[runtime]\nburst = 0\n",
        "[runtime]\nlcores = [-1]\n", "[runtime]\nlcores = [1, 1]\n", "[runtime]\nlcores = []\n"}) {
    const auto loaded = load(text);
    ASSERT_EQ(loaded.problems.size(), 1u) << text << messages(loaded);
    EXPECT_EQ(loaded.problems[0].where, "zstack.toml:2") << text;
  }
}

TEST(ConfigLoad, ProblemsAreCollected) {
  const auto loaded =
      load("[device]\nmtu = 1\n[tcp]\nsack = 7\nfoo = 1\n", {option("runtime.burst", "none")});
  EXPECT_EQ(loaded.problems.size(), 4u) << messages(loaded);
  EXPECT_EQ(loaded.problems[3].to_string(),
            "--burst: found \"none\", expected a whole number from 1 to 256");
}

TEST(ConfigLoad, BrokenTomlNamesItsLine) {
  const auto loaded = load("[device]\nname = \n");
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].where, "zstack.toml:2");
  EXPECT_THAT(loaded.problems[0].what, HasSubstr("not TOML"));
  EXPECT_FALSE(load(std::string("\0\xff\xfe", 3)).problems.empty());
  EXPECT_FALSE(load("[tcp]\nsack = true\nsack = false\n").problems.empty());
}

TEST(ConfigLoad, UnusableDevicesAreRefused) {
  for (const char* name : {"", "tun", "tap:", "tap:a/b", "packet", "packet:", "dpdk",
                           "dpdk:", "tap:a-name-of-more-than-15", "packet:a b", "packet:.."}) {
    const auto loaded =
        load("[interface]\naddresses = [\"10.1.0.2/24\"]\n", {option("device.name", name)});
    ASSERT_EQ(loaded.problems.size(), 1u) << name;
    EXPECT_EQ(loaded.problems[0].where, "--device") << name;
  }
}

TEST(ConfigLoad, DeviceNamesKeepTheirArguments) {
  std::string why;
  const auto vdev = parse_device("dpdk:net_af_xdp0,iface=eth1,start_queue=0", why);
  ASSERT_TRUE(vdev);
  EXPECT_EQ(vdev->target, "net_af_xdp0");
  EXPECT_EQ(vdev->arguments, "iface=eth1,start_queue=0");
  EXPECT_FALSE(vdev->is_pci());
  const auto pci = parse_device("dpdk:0000:00:05.0", why);
  ASSERT_TRUE(pci);
  EXPECT_EQ(pci->target, "0000:00:05.0");
  EXPECT_TRUE(pci->is_pci());
  const auto vhost = parse_device("dpdk:eth_vhost0,iface=/x/vh.sock", why);
  ASSERT_TRUE(vhost);
  EXPECT_FALSE(vhost->is_pci());
}

struct AddressCase {
  const char* address;
  const char* reason;
};

TEST(ConfigLoad, UnusableAddressesAreRefusedWithTheReason) {
  const AddressCase cases[] = {
      {"10.1.0.0/24", "is the network address of"},
      {"10.1.0.255/24", "is the broadcast address"},
      {"224.0.0.1/24", "is a multicast address"},
      {"255.255.255.255/32", "broadcast address"},
      {"0.0.0.0/0", "unspecified"},
      {"127.0.0.1/8", "loopback"},
      {"0.1.2.3/8", "this network"},
      {"250.0.0.1/8", "reserved"},
      {"10.0.0.1/0", "whole Internet"},
      {"ff02::1/64", "multicast"},
      {"::/64", "unspecified"},
      {"::1/128", "loopback"},
  };
  for (const auto& c : cases) {
    const auto loaded = load("[device]\nname=\"packet:e\"\n[interface]\naddresses = [\"" +
                             std::string(c.address) + "\"]\n");
    ASSERT_EQ(loaded.problems.size(), 1u) << c.address << "\n" << messages(loaded);
    EXPECT_EQ(loaded.problems[0].where, "zstack.toml:4");
    EXPECT_THAT(loaded.problems[0].what, HasSubstr(c.reason)) << c.address;
  }
  EXPECT_EQ(messages(load("[interface]\naddresses = [\"10.1.0.0/31\"]\n")), "");
}

TEST(ConfigLoad, AddressesMustExistAndDiffer) {
  EXPECT_THAT(messages(load("[device]\nname = \"packet:veth0\"\n")),
              HasSubstr("interface.addresses: none given"));
  EXPECT_THAT(messages(load("[interface]\naddresses = [\"10.1.0.2/24\", \"10.1.0.2/16\"]\n")),
              HasSubstr("10.1.0.2 is given twice"));
}

TEST(ConfigLoad, GatewaysMustBeOnTheLink) {
  const auto with_gateway = [](const std::string& gateway) {
    return messages(
        load("[interface]\naddresses = [\"10.1.0.2/24\"]\ngateway = \"" + gateway + "\"\n"));
  };
  EXPECT_EQ(with_gateway("10.1.0.1"), "");
  EXPECT_EQ(with_gateway("10.2.0.1"),
            "zstack.toml:3: interface.gateway: 10.2.0.1 is not on our link; expected an address in "
            "10.1.0.2/24\n");
  EXPECT_THAT(with_gateway("10.1.0.2"), HasSubstr("is our own address"));
  EXPECT_THAT(with_gateway("10.1.0.255"), HasSubstr("is the broadcast address"));
  EXPECT_THAT(with_gateway("224.0.0.1"), HasSubstr("is a multicast address"));
}

TEST(ConfigLoad, RoutesAreChecked) {
  const auto with_route = [](const std::string& route) {
    return messages(load("[interface]\naddresses = [\"10.1.0.2/24\"]\n", {option("route", route)}));
  };
  EXPECT_EQ(with_route("192.168.0.0/16 via 10.1.0.1"), "");
  EXPECT_EQ(with_route("192.168.0.0/16"), "");
  EXPECT_EQ(with_route("192.168.0.1/16"),
            "--route: 192.168.0.1/16 has host bits set; expected 192.168.0.0/16\n");
  EXPECT_THAT(with_route("192.168.0.0/16 via 10.3.0.1"), HasSubstr("not on our link"));
  EXPECT_THAT(with_route("2001:db8::/32 via 10.1.0.1"), HasSubstr("another family"));
  EXPECT_THAT(with_route("nonsense"), HasSubstr("expected a route such as"));
}

TEST(ConfigLoad, TheKernelsEndNeedsATapAndAnAddressOfTheSameNetwork) {
  EXPECT_THAT(messages(load("[device]\nname=\"packet:e\"\n[interface]\naddresses = "
                            "[\"10.1.0.2/24\"]\nkernel_address = \"10.1.0.1/24\"\n")),
              HasSubstr("only a tap has a kernel's end"));
  EXPECT_THAT(messages(load("[interface]\naddresses = [\"10.1.0.2/24\"]\n"
                            "kernel_address = \"10.1.0.2/24\"\n")),
              HasSubstr("is our own address"));
  EXPECT_THAT(messages(load("[interface]\naddresses = [\"10.1.0.2/24\"]\n"
                            "kernel_address = \"10.7.0.1/24\"\n")),
              HasSubstr("not on our link"));
}

TEST(ConfigLoad, RelationsBetweenKeysAreChecked) {
  EXPECT_THAT(messages(load("[tcp]\nmin_rto = \"5s\"\nmax_rto = \"2s\"\n")),
              HasSubstr("zstack.toml:2: tcp.min_rto: 5s is more than tcp.max_rto, 2s"));
  EXPECT_THAT(messages(load("[tcp]\nephemeral_low = 61000\n")),
              HasSubstr("is more than tcp.ephemeral_high"));
  EXPECT_THAT(messages(load("[runtime]\nlcores = 9\n")),
              HasSubstr("CPU 9 does not exist or is not ours to use; expected some of 0,1,2,3"));
  EXPECT_THAT(messages(load("[runtime]\nlcores = [1, 2]\nmemory_mb = 40\n")),
              HasSubstr("expected at least 32 for each of 2 shard(s)"));
  EXPECT_THAT(messages(load("[interface]\nmac = \"01:00:5e:00:00:01\"\n")),
              HasSubstr("cannot be the address of one station"));
}

TEST(ConfigLoad, AMissingFileIsAProblemAndNotACrash) {
  Problem problem;
  EXPECT_FALSE(read_config_file("/nonexistent/zstack.toml", problem));
  EXPECT_THAT(problem.to_string(), HasSubstr("/nonexistent/zstack.toml: cannot read"));
  EXPECT_FALSE(read_config_file("/", problem));
}

TEST(Settings, FlagsAndPathsAreUnique) {
  std::set<std::string> seen;
  for (const auto& s : settings()) {
    EXPECT_TRUE(seen.insert(s.flag).second) << s.flag;
    EXPECT_TRUE(seen.insert(s.path).second) << s.path;
    EXPECT_FALSE(s.help.empty()) << s.path;
  }
}

}  // namespace
}  // namespace zs::runtime
