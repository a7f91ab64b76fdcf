#include "dev/capabilities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zs::dev {
namespace {

TEST(Describe, NamesTheDeviceAndWhatItDoes) {
  Capabilities c;
  c.name = "tap:zs0";
  c.mtu = 9000;
  c.max_tso_bytes = 65'000;
  c.offloads = Offload::kTso | Offload::kLro;
  const std::string line = describe(c);
  for (const char* part : {"tap:zs0", "mtu 9000", "tso=65000", "lro"}) {
    EXPECT_THAT(line, testing::HasSubstr(part));
  }
  EXPECT_THAT(line, testing::Not(testing::HasSubstr("vlan")));
}

TEST(Describe, SaysSoWhenADeviceDoesNothing) {
  EXPECT_THAT(describe(Capabilities{}), testing::HasSubstr("all in software"));
}

TEST(OffloadNamed, UndoesDescribe) {
  for (const Offload offload : {Offload::kRxIpChecksum, Offload::kTso, Offload::kRss}) {
    EXPECT_EQ(offload_named(describe(offload)), offload);
  }
  EXPECT_EQ(offload_named("none"), std::nullopt);
  EXPECT_EQ(offload_named("TSO"), std::nullopt);
}

}  // namespace
}  // namespace zs::dev
