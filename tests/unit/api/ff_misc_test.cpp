#include <ff_api.h>

#include <array>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfMiscTest : public ApiTest {
 protected:
  int route(FF_ROUTE_CTL what, FF_ROUTE_FLAG flag, const char* to, const char* gateway,
            const char* mask) {
    const auto parse = [](sockaddr_in& a, const char* text) -> linux_sockaddr* {
      if (text == nullptr) return nullptr;
      a = at4(*IpAddress::parse(text), 0);
      return reinterpret_cast<linux_sockaddr*>(&a);
    };
    sockaddr_in d{};
    sockaddr_in g{};
    sockaddr_in m{};
    return ff_route_ctl(what, flag, parse(d, to), parse(g, gateway), parse(m, mask));
  }
};

TEST_F(FfMiscTest, Routes) {
  const auto count = [&] { return w.shard->routes().size(); };
  const auto before = count();
  ASSERT_EQ(route(FF_ROUTE_ADD, FF_RTF_GATEWAY, "192.168.0.0", "10.0.0.2", "255.255.0.0"), 0);
  EXPECT_EQ(count(), before + 1);
  EXPECT_EQ(errno_of(route(FF_ROUTE_ADD, FF_RTF_GATEWAY, "192.168.0.0", "10.0.0.2", "255.255.0.0")),
            EEXIST);
  ASSERT_EQ(route(FF_ROUTE_CHANGE, FF_RTF_GATEWAY, "192.168.0.0", "10.0.0.3", "255.255.0.0"), 0);
  EXPECT_EQ(count(), before + 1);
  ASSERT_EQ(route(FF_ROUTE_ADD, FF_RTF_HOST, "172.16.0.9", "10.0.0.2", nullptr), 0);
  ASSERT_EQ(route(FF_ROUTE_DEL, FF_RTF_HOST, "172.16.0.9", nullptr, nullptr), 0);
  ASSERT_EQ(route(FF_ROUTE_DEL, FF_RTF_GATEWAY, "192.168.0.0", nullptr, "255.255.0.0"), 0);
  EXPECT_EQ(errno_of(route(FF_ROUTE_DEL, FF_RTF_HOST, "172.16.0.9", nullptr, nullptr)), ESRCH);
  EXPECT_EQ(errno_of(route(FF_ROUTE_ADD, FF_RTF_HOST, nullptr, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(route(FF_ROUTE_ADD, FF_RTF_GATEWAY, "192.168.0.0", "10.0.0.2", "255.0.255.0")),
            EINVAL);
  EXPECT_EQ(count(), before);
}

TEST_F(FfMiscTest, RoutingMessagesAndNetgraphAreRefusedAndTouchNothing) {
  std::array<char, 64> message{};
  message.fill('x');
  const auto before = message;
  unsigned length = sizeof(message);
  EXPECT_EQ(errno_of(ff_rtioctl(0, message.data(), &length, sizeof(message))), EOPNOTSUPP);
  EXPECT_EQ(length, sizeof(message));
  EXPECT_EQ(errno_of(ff_ngctl(NGCTL_SOCKET, message.data())), EOPNOTSUPP);
  EXPECT_EQ(errno_of(ff_ngctl(NGCTL_CLOSE, nullptr)), EOPNOTSUPP);
  EXPECT_EQ(message, before);
}

TEST_F(FfMiscTest, TimeAndThreads) {
  timeval now{};
  EXPECT_EQ(ff_gettimeofday(&now, nullptr), 0);
  EXPECT_GT(now.tv_sec, 0);
  EXPECT_EQ(errno_of(ff_gettimeofday(nullptr, nullptr)), EFAULT);
  pthread_t thread{};
  int refused = 0;
  const auto body = [](void* out) -> void* {
    *static_cast<int*>(out) = ff_kqueue() == -1 && errno == EPERM;
    return out;
  };
  ASSERT_EQ(ff_pthread_create(&thread, nullptr, body, &refused), 0);
  void* result = nullptr;
  ASSERT_EQ(ff_pthread_join(thread, &result), 0);
  EXPECT_EQ(result, &refused);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(ff_pthread_create(nullptr, nullptr, body, nullptr), EINVAL);
}

}  // namespace
}  // namespace zs::api
