#include <gtest/gtest.h>

#include "runtime/settings.hpp"

namespace zs::runtime {
namespace {

TEST(ParseDevice, UndoesToString) {
  for (const std::string text :
       {"tap", "tap:zs7", "packet:veth0", "dpdk:0000:00:05.0", "dpdk:net_af_xdp0,iface=eth1"}) {
    std::string why;
    const auto device = parse_device(text, why);
    ASSERT_TRUE(device) << text << ": " << why;
    EXPECT_EQ(device->to_string(), text);
  }
}

TEST(ParseDevice, TellsNicsFromVirtualDevices) {
  std::string why;
  EXPECT_TRUE(parse_device("dpdk:00:05.0", why)->is_pci());
  EXPECT_FALSE(parse_device("dpdk:net_memif0,role=client", why)->is_pci());
}

TEST(ParseDevice, SaysWhatItMissesBehindTheColon) {
  std::string why;
  EXPECT_FALSE(parse_device("dpdk:", why));
  EXPECT_NE(why.find("a PCI address or a vdev"), std::string::npos);
  EXPECT_FALSE(parse_device("ethernet", why));
}

}  // namespace
}  // namespace zs::runtime
