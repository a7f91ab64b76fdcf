#include "tcp/flow_hash.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::tcp {
namespace {

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
