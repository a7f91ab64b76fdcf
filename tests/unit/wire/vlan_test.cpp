#include "wire/vlan.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

struct Tag {
  const char* bytes;
  VlanSpec spec;
};

const Tag kTags[] = {
    {"0000 0800", {.id = 0, .ether_type = ether_type::kIpv4}},
    {"0064 0800", {.id = 100, .ether_type = ether_type::kIpv4}},
    {"0fff 86dd", {.id = 4095, .ether_type = ether_type::kIpv6}},
    {"e001 0806", {.id = 1, .priority = 7, .ether_type = ether_type::kArp}},
    {"b123 8100", {.id = 0x123, .priority = 5, .drop_eligible = true, .ether_type = 0x8100}},
};

TEST(Vlan, ReadsAndWritesKnownBytes) {
  for (const auto& [text, spec] : kTags) {
    const Bytes bytes = hex(text);
    EXPECT_EQ(written(spec), bytes) << text;
    const auto view = VlanView::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->id(), spec.id) << text;
    EXPECT_EQ(view->priority(), spec.priority) << text;
    EXPECT_EQ(view->is_drop_eligible(), spec.drop_eligible) << text;
    EXPECT_EQ(view->ether_type(), spec.ether_type) << text;
    EXPECT_TRUE(view->payload().empty());
  }
}

TEST(VlanView, WantsFourBytes) {
  const Bytes bytes = hex("0064 0800 4500");
  EXPECT_EQ(shortest_accepted(bytes, VlanView::parse), 4u);
  EXPECT_EQ(VlanView::parse(bytes)->payload().size(), 2u);
}

}  // namespace
}  // namespace zs::wire
