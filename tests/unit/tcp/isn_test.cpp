#include "tcp/isn.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::tcp {
namespace {

constexpr FlowKey flow_from(std::uint16_t remote_port) {
  return {{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), remote_port}};
}

TEST(Isn, advances_by_one_each_four_microseconds) {
  const IsnGenerator generator{SipKey{1, 2}};
  const SeqNum first = generator.isn(flow_from(1), Instant::from_ns(1'000'000));
  EXPECT_EQ(generator.isn(flow_from(1), Instant::from_ns(1'004'000)).since(first), 1);
  EXPECT_EQ(generator.isn(flow_from(1), Instant::from_ns(1'001'000'000)).since(first), 250'000);
}

TEST(Isn, tells_flows_and_secrets_apart) {
  std::set<std::uint32_t> seen;
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    seen.insert(IsnGenerator{SipKey{1, 2}}.isn(flow_from(port), {}).raw());
    seen.insert(IsnGenerator{SipKey{1, 3}}.isn(flow_from(port), {}).raw());
    seen.insert(IsnGenerator{SipKey{1, 2}}.timestamp_offset(flow_from(port)));
  }
  EXPECT_GE(seen.size(), 2998u);
}

TEST(Timestamp, counts_milliseconds_from_the_offset) {
  EXPECT_EQ(IsnGenerator::timestamp(Instant::from_ns(5'000'000), 0xffff'ffff), 4u);
}

}  // namespace
}  // namespace zs::tcp
