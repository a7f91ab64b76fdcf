#include "api/sockaddr.hpp"

#include <gtest/gtest.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

TEST(Sockaddr, BothFamiliesThereAndBack) {
  sockaddr_in in = at4(kOurs, 80);
  EXPECT_EQ(*from_sockaddr(any(in), sizeof(in)), (Endpoint{kOurs, 80}));
  sockaddr_in6 in6 = at6(kOurs6, 81);
  EXPECT_EQ(*from_sockaddr(any(in6), sizeof(in6)), (Endpoint{kOurs6, 81}));

  sockaddr_in6 out{};
  socklen_t length = sizeof(out);
  to_sockaddr({kOurs6, 81}, IpFamily::kV6, any(out), &length);
  EXPECT_EQ(length, sizeof(out));
  EXPECT_EQ(*from_sockaddr(any(out), length), (Endpoint{kOurs6, 81}));
  // An IPv6 socket shows IPv4 peers as mapped addresses.
  to_sockaddr({kOurs, 80}, IpFamily::kV6, any(out), &length);
  EXPECT_EQ(out.sin6_family, AF_INET6);
  EXPECT_EQ(*from_sockaddr(any(out), length), (Endpoint{kOurs, 80}));
}

TEST(Sockaddr, RefusesWhatIsNone) {
  sockaddr_in in = at4(kOurs, 80);
  EXPECT_EQ(from_sockaddr(nullptr, sizeof(in)).error(), Errc::kInvalid);
  EXPECT_EQ(from_sockaddr(any(in), 0).error(), Errc::kInvalid);
  EXPECT_EQ(from_sockaddr(any(in), sizeof(in) - 1).error(), Errc::kInvalid);
  in.sin_family = AF_INET6;
  EXPECT_EQ(from_sockaddr(any(in), sizeof(in)).error(), Errc::kInvalid);
  in.sin_family = AF_UNIX;
  EXPECT_EQ(from_sockaddr(any(in), sizeof(in)).error(), Errc::kAfNotSupported);
}

TEST(Sockaddr, IsCutToThePlaceThereIs) {
  std::array<char, sizeof(sockaddr_in)> place;
  place.fill('x');
  socklen_t length = 4;
  to_sockaddr({kOurs, 80}, IpFamily::kV4, any(place), &length);
  EXPECT_EQ(length, sizeof(sockaddr_in));
  EXPECT_EQ(place[4], 'x');
  EXPECT_NE(place[3], 'x');
  to_sockaddr({kOurs, 80}, IpFamily::kV4, nullptr, nullptr);
  EXPECT_TRUE(is_place(nullptr, nullptr));
  EXPECT_FALSE(is_place(any(place), nullptr));
}

}  // namespace
}  // namespace zs::api
