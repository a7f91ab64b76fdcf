#include "api/group_options.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class GroupOptionsTest : public ApiTest {
 protected:
  template <typename T>
  int set(int fd, int level, int name, const T& value) {
    return z_setsockopt(fd, level, name, &value, sizeof(value));
  }
  int get(int fd, int level, int name) {
    int value = -2;
    socklen_t length = sizeof(value);
    return z_getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
  }
  static in_addr v4(std::uint32_t host_order) { return {htonl(host_order)}; }
};

constexpr std::uint32_t kNewsGroup = 0xef01'0203;  // 239.1.2.3
constexpr std::uint32_t kOwn = 0x0a00'0001;        // 10.0.0.1

TEST_F(GroupOptionsTest, TheThreeWaysToNameAGroup) {
  const int fd = z_socket(AF_INET, SOCK_DGRAM, 0);
  const ip_mreq plain{v4(kNewsGroup), v4(0)};
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, plain), 0);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, plain)), EADDRINUSE);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, plain), 0);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, plain)), EADDRNOTAVAIL);
  const ip_mreqn named{v4(kNewsGroup), v4(0), 1};
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, named), 0);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, ip_mreq{v4(kNewsGroup), v4(kOwn)}), 0);
  group_req any_family{};
  any_family.gr_interface = 1;
  const sockaddr_in group = at4(IpAddress::v4(kNewsGroup), 0);
  std::memcpy(&any_family.gr_group, &group, sizeof(group));
  EXPECT_EQ(set(fd, IPPROTO_IP, MCAST_JOIN_GROUP, any_family), 0);
  EXPECT_EQ(set(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, any_family), 0);
  const int six = z_socket(AF_INET6, SOCK_DGRAM, 0);
  ipv6_mreq request{};
  request.ipv6mr_multiaddr.s6_addr[0] = 0xff;
  request.ipv6mr_multiaddr.s6_addr[1] = 0x05;
  request.ipv6mr_interface = 1;
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_JOIN_GROUP, request), 0);
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_LEAVE_GROUP, request), 0);
}

TEST_F(GroupOptionsTest, WrongRequestsAreRefused) {
  const int fd = z_socket(AF_INET, SOCK_DGRAM, 0);
  const int stream = z_socket(AF_INET, SOCK_STREAM, 0);
  const ip_mreq good{v4(kNewsGroup), v4(0)};
  EXPECT_EQ(errno_of(set(stream, IPPROTO_IP, IP_ADD_MEMBERSHIP, good)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreq{v4(kOwn), v4(0)})), EINVAL);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreq{v4(kNewsGroup), v4(9)})),
            ENODEV);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreqn{v4(kNewsGroup), v4(0), 9})),
            ENODEV);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreqn{v4(kNewsGroup), v4(0), -1})),
            ENODEV);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, 1)), EINVAL);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, 1)), EINVAL);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, MCAST_JOIN_GROUP, 1)), EINVAL);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, MCAST_JOIN_GROUP, group_req{})), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(z_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, nullptr, 8)), EINVAL);
  EXPECT_EQ(get(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP), -1);
}

TEST_F(GroupOptionsTest, HowDatagramsToGroupsLeave) {
  const int fd = z_socket(AF_INET, SOCK_DGRAM, 0);
  EXPECT_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_TTL), 1);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_MULTICAST_TTL, static_cast<unsigned char>(7)), 0);
  EXPECT_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_TTL), 7);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0), 0);
  EXPECT_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 256)), EINVAL);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_MULTICAST_IF, v4(kOwn)), 0);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_MULTICAST_IF, ip_mreqn{v4(0), v4(0), 1}), 0);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_MULTICAST_IF, ip_mreqn{v4(0), v4(kOwn), 0}), 0);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_MULTICAST_IF, v4(9))), ENODEV);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_MULTICAST_IF, 'x')), EINVAL);
  const int six = z_socket(AF_INET6, SOCK_DGRAM, 0);
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 3), 0);
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0), 0);
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1), 0);
  EXPECT_EQ(get(six, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 3);
  EXPECT_EQ(get(six, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
  EXPECT_EQ(get(six, IPPROTO_IPV6, IPV6_MULTICAST_IF), 1);
  EXPECT_EQ(errno_of(set(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 9)), ENODEV);
}

TEST_F(GroupOptionsTest, DontFragmentAndV6Only) {
  const int fd = z_socket(AF_INET, SOCK_DGRAM, 0);
  EXPECT_EQ(get(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
  EXPECT_EQ(set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
  EXPECT_EQ(get(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
  EXPECT_EQ(errno_of(set(fd, IPPROTO_IP, IP_MTU_DISCOVER, 77)), EINVAL);
  const int six = z_socket(AF_INET6, SOCK_DGRAM, 0);
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_DONTFRAG, 1), 0);
  EXPECT_EQ(get(six, IPPROTO_IPV6, IPV6_DONTFRAG), 1);
  EXPECT_EQ(get(six, IPPROTO_IPV6, IPV6_V6ONLY), 0);
  EXPECT_EQ(set(six, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
  EXPECT_EQ(get(six, IPPROTO_IPV6, IPV6_V6ONLY), 1);
  const int stream = z_socket(AF_INET6, SOCK_STREAM, 0);
  EXPECT_EQ(set(stream, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
  EXPECT_EQ(get(stream, IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

}  // namespace
}  // namespace zs::api
