#include <ff_api.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfSysctlTest : public ApiTest {
 protected:
  /// As sysctlbyname(3) does it.
  int by_name(const char* name, int& value) {
    const int resolve[] = {0, 3};
    int oid[24];
    std::size_t size = sizeof(oid);
    if (ff_sysctl(resolve, 2, oid, &size, name, std::strlen(name)) != 0) return -1;
    std::size_t length = sizeof(value);
    return ff_sysctl(oid, static_cast<u_int>(size / sizeof(int)), &value, &length, nullptr, 0);
  }
};

TEST_F(FfSysctlTest, ByNumberAndByName) {
  const int sendspace[] = {4, 2, 6, 8};
  int number = 0;
  std::size_t length = sizeof(number);
  ASSERT_EQ(ff_sysctl(sendspace, 4, &number, &length, nullptr, 0), 0);
  int named = 0;
  ASSERT_EQ(by_name("net.inet.tcp.sendspace", named), 0);
  EXPECT_EQ(number, named);
  EXPECT_EQ(static_cast<std::uint32_t>(number), World::default_config().tcp.send_buffer_bytes);
  ASSERT_EQ(by_name("net.inet.ip.forwarding", named), 0);
  EXPECT_EQ(named, 0);
  EXPECT_EQ(errno_of(by_name("kern.hz", named)), ENOENT);
}

TEST_F(FfSysctlTest, WrongCalls) {
  const int sendspace[] = {4, 2, 6, 8};
  const int unknown[] = {4, 2, 6, 4'711};
  int value = 1;
  std::size_t length = sizeof(value);
  EXPECT_EQ(errno_of(ff_sysctl(unknown, 4, &value, &length, nullptr, 0)), ENOENT);
  EXPECT_EQ(errno_of(ff_sysctl(sendspace, 4, nullptr, nullptr, &value, sizeof(value))), EPERM);
  EXPECT_EQ(errno_of(ff_sysctl(nullptr, 4, &value, &length, nullptr, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_sysctl(sendspace, 99, &value, &length, nullptr, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_sysctl(sendspace, 4, &value, nullptr, nullptr, 0)), EINVAL);
  length = 2;
  EXPECT_EQ(errno_of(ff_sysctl(sendspace, 4, &value, &length, nullptr, 0)), ENOMEM);
  EXPECT_EQ(length, sizeof(int));
  EXPECT_EQ(ff_sysctl(sendspace, 4, nullptr, &length, nullptr, 0), 0);
  const int resolve[] = {0, 3};
  EXPECT_EQ(errno_of(ff_sysctl(resolve, 2, &value, &length, nullptr, 0)), EINVAL);
}

}  // namespace
}  // namespace zs::api
