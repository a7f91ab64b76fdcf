#include "wire/ethernet.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

Bytes frame() { return hex("ffff ffff ffff 0200 0000 0001 0806 0102 03"); }

TEST(EthernetView, ReadsEveryField) {
  const Bytes bytes = frame();
  const auto view = EthernetView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->dst(), MacAddress::broadcast());
  EXPECT_EQ(view->src(), MacAddress::parse("02:00:00:00:00:01"));
  EXPECT_EQ(view->ether_type(), ether_type::kArp);
  EXPECT_EQ(Bytes(view->payload().begin(), view->payload().end()), hex("010203"));
}

TEST(EthernetView, WantsFourteenBytes) {
  EXPECT_EQ(shortest_accepted(frame(), EthernetView::parse), 14u);
  const Bytes header = first(frame(), 14);
  EXPECT_TRUE(EthernetView::parse(header)->payload().empty());
}

TEST(EthernetSpec, WritesKnownBytes) {
  const EthernetSpec spec{.dst = MacAddress::broadcast(),
                          .src = *MacAddress::parse("02:00:00:00:00:01"),
                          .ether_type = ether_type::kArp};
  EXPECT_EQ(written(spec), first(frame(), 14));
}

}  // namespace
}  // namespace zs::wire
