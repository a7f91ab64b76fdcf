#include "runtime/fstack_config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace zs::runtime {
namespace {

FstackConfig read(const std::string& text, std::uint32_t process = 0) {
  return read_fstack_config({"config.ini", text}, process);
}
/// What became of one of our keys; "" for nothing.
std::string value(const FstackConfig& c, const std::string& path) {
  for (const Override& o : c.overrides) {
    if (o.path != path) continue;
    std::string text = o.value.text;
    for (const Value& item : o.value.items) text += (text.empty() ? "" : " ") + item.text;
    return text;
  }
  return "";
}

TEST(FstackConfig, APortBecomesOurInterface) {
  const auto c = read(
      "[dpdk]\n"
      "lcore_mask=6\n"
      "port_list=0\n"
      "[port0]\n"
      "addr=192.168.1.2\n"
      "netmask=255.255.255.0\n"
      "broadcast=192.168.1.255\n"
      "gateway=192.168.1.1\n"
      "vip_addr=192.168.1.3;192.168.1.4\n"
      "addr6=2001:db8::2\n"
      "prefix_len=48\n",
      1);
  EXPECT_TRUE(c.problems.empty());
  EXPECT_TRUE(c.ignored.empty());
  EXPECT_EQ(value(c, "runtime.lcores"), "2");
  EXPECT_EQ(value(c, "interface.addresses"),
            "192.168.1.2/24 192.168.1.3/32 192.168.1.4/32 2001:db8::2/48");
  EXPECT_EQ(value(c, "interface.gateway"), "192.168.1.1");
  // Without a NIC there is a TAP, whose kernel side is the gateway.
  EXPECT_EQ(value(c, "interface.kernel_address"), "192.168.1.1/24");
  const auto loaded = load_config(std::nullopt, c.overrides, {.cpus = {0, 1, 2}});
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.interface.addresses.size(), 4u);
}

TEST(FstackConfig, Devices) {
  EXPECT_EQ(value(read("[dpdk]\nallow=0000:02:00.0\n"), "device.name"), "dpdk:0000:02:00.0");
  EXPECT_EQ(value(read("[dpdk]\npci_whitelist=02:00.0\n"), "device.name"), "dpdk:02:00.0");
  EXPECT_EQ(read("[dpdk]\nallow=02:00.0,03:00.0\n").problems.size(), 1u);
  EXPECT_EQ(value(read("[dpdk]\nnb_vdev=1\n[vdev0]\npath=/run/vhost\nqueues=1\n"), "device.name"),
            "dpdk:net_virtio_user0,path=/run/vhost,queues=1");
  EXPECT_EQ(value(read("[zstack]\ndevice=tap:zs7\n"), "device.name"), "tap:zs7");
  EXPECT_EQ(value(read("[zstack]\ntcp.min_rto=20ms\n"), "tcp.min_rto"), "20ms");
}

TEST(FstackConfig, CoresByMaskAndMode) {
  EXPECT_EQ(value(read("[dpdk]\nlcore_mask=0x1f0\nthread_mode=1\n"), "runtime.lcores"),
            "4,5,6,7,8");
  EXPECT_EQ(read("[dpdk]\nlcore_mask=1\n", 1).problems.size(), 1u);
  EXPECT_EQ(read("[dpdk]\nlcore_mask=g\n").problems.size(), 1u);
  EXPECT_EQ(read("[dpdk]\nlcore_mask=f\n").process_count, 4u);
}

TEST(FstackConfig, KeysOfTcpInOurUnits) {
  const auto c = read(
      "[freebsd.boot]\n"
      "fd_reserve=1024\n"
      "hz=100\n"
      "kern.ipc.maxsockets=262144\n"
      "[freebsd.sysctl]\n"
      "net.inet.tcp.sendspace=16384\n"
      "net.inet.tcp.recvspace=32768\n"
      "net.inet.tcp.recvbuf_auto=0\n"
      "net.inet.tcp.cc.algorithm=cubic\n"
      "net.inet.tcp.sack.enable=1\n"
      "net.inet.tcp.msl=2000\n"
      "net.inet.tcp.delayed_ack=0\n"
      "net.inet.tcp.keepidle=60000\n"
      "net.inet.tcp.blackhole=1\n");
  EXPECT_EQ(c.first_descriptor, 1'024u);
  EXPECT_EQ(value(c, "runtime.descriptors"), "262144");
  EXPECT_EQ(value(c, "tcp.send_buffer_bytes"), "");
  EXPECT_EQ(value(c, "tcp.receive_buffer_bytes"), "32768");
  EXPECT_EQ(value(c, "tcp.receive_buffer_max_bytes"), "4096");
  EXPECT_EQ(value(c, "tcp.send_buffer_max_bytes"), "");
  EXPECT_EQ(value(c, "tcp.congestion"), "cubic");
  EXPECT_EQ(value(c, "tcp.sack"), "true");
  EXPECT_EQ(value(c, "tcp.time_wait"), "4000ms");
  EXPECT_EQ(value(c, "tcp.delayed_ack"), "0");
  EXPECT_EQ(value(c, "tcp.keepalive_idle"), "60000ms");
  EXPECT_EQ(c.ignored,
            (std::vector<std::string>{"freebsd.boot.hz", "freebsd.sysctl.net.inet.tcp.blackhole"}));
  EXPECT_TRUE(load_config(std::nullopt, c.overrides, {.cpus = {0}}).problems.empty());
}

TEST(FstackConfig, RemarksBlanksAndMistakes) {
  const auto c = read("# one\n; two\n[dpdk]  \r\n  lcore_mask = 1  ; three\n\nnonsense\n[open\n");
  EXPECT_EQ(value(c, "runtime.lcores"), "0");
  ASSERT_EQ(c.problems.size(), 2u);
  EXPECT_EQ(c.problems[0].where, "config.ini:6");
  EXPECT_EQ(read("[freebsd.boot]\nfd_reserve=many\n").problems.size(), 1u);
  EXPECT_EQ(read("[port0]\naddr=1.2.3.4\nnetmask=wide\n").problems.size(), 1u);
}

TEST(FstackOptions, AmongTheProgramsOwn) {
  const auto parse = [](std::vector<std::string> all) {
    std::vector<char*> argv;
    for (auto& a : all) argv.push_back(a.data());
    return read_fstack_options(argv);
  };
  auto o = parse({"app", "--conf", "a.ini", "--proc-type=primary", "--proc-id=3", "-x", "mine"});
  EXPECT_EQ(o.file, "a.ini");
  EXPECT_EQ(o.process, 3u);
  EXPECT_FALSE(o.is_secondary);
  EXPECT_TRUE(o.problems.empty());
  o = parse({"app", "-cb.ini", "-t", "secondary", "-p1"});
  EXPECT_EQ(o.file, "b.ini");
  EXPECT_TRUE(o.is_secondary);
  EXPECT_EQ(o.process, 1u);
  EXPECT_EQ(parse({"app", "--conf"}).problems.size(), 1u);
  EXPECT_EQ(parse({"app", "--proc-id=many"}).problems.size(), 1u);
  EXPECT_EQ(parse({"app", "--proc-type=third"}).problems.size(), 1u);
  EXPECT_EQ(parse({"app", "--", "-c", "no.ini"}).file, "");
  EXPECT_EQ(parse({}).file, "");
}

}  // namespace
}  // namespace zs::runtime
