#include "tcp/isn.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tcp/flow_hash.hpp"

namespace zs::tcp {
namespace {

constexpr FlowKey flow(std::uint16_t remote_port) {
  return {{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), remote_port}};
}

TEST(Isn, advances_by_one_each_four_microseconds) {
  const IsnGenerator generator{SipKey{1, 2}};
  const SeqNum first = generator.isn(flow(1), Instant::from_ns(1'000'000));
  EXPECT_EQ(generator.isn(flow(1), Instant::from_ns(1'004'000)).since(first), 1);
  EXPECT_EQ(generator.isn(flow(1), Instant::from_ns(1'001'000'000)).since(first), 250'000);
}

TEST(Isn, tells_flows_and_secrets_apart) {
  std::set<std::uint32_t> seen;
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    seen.insert(IsnGenerator{SipKey{1, 2}}.isn(flow(port), {}).raw());
    seen.insert(IsnGenerator{SipKey{1, 3}}.isn(flow(port), {}).raw());
    seen.insert(IsnGenerator{SipKey{1, 2}}.timestamp_offset(flow(port)));
  }
  EXPECT_GE(seen.size(), 2998u);
}

TEST(Timestamp, counts_milliseconds_from_the_offset) {
  EXPECT_EQ(IsnGenerator::timestamp(Instant::from_ns(5'000'000), 0xffff'ffff), 4u);
}

TEST(FlowHash, depends_on_every_part) {
  const SipKey key{7, 8};
  const FlowKey a{{IpAddress::v4(1), 1}, {IpAddress::v4(2), 2}};
  std::set<std::uint64_t> seen{flow_hash(key, HashUse::kIsn, a),
                               flow_hash(key, HashUse::kDemux, a)};
  FlowKey b = a;
  b.local.port = 3;
  seen.insert(flow_hash(key, HashUse::kIsn, b));
  b = a;
  b.remote.port = 3;
  seen.insert(flow_hash(key, HashUse::kIsn, b));
  b = a;
  b.local.address = IpAddress::v4(3);
  seen.insert(flow_hash(key, HashUse::kIsn, b));
  b = a;
  b.remote.address = IpAddress::v4(3);
  seen.insert(flow_hash(key, HashUse::kIsn, b));
  EXPECT_EQ(seen.size(), 6u);
}

}  // namespace
}  // namespace zs::tcp
