#include "dev/dpdk/opened_sockets.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "dev/unique_fd.hpp"

namespace zs::dev {
namespace {

TEST(OpenedSockets, FindsWhatWasOpenedSince) {
  const UniqueFd earlier{::socket(AF_UNIX, SOCK_DGRAM, 0)};
  const OpenedSockets sockets;
  EXPECT_TRUE(sockets.find(AF_UNIX).empty());
  const UniqueFd first{::socket(AF_UNIX, SOCK_DGRAM, 0)};
  const UniqueFd other{::socket(AF_INET, SOCK_DGRAM, 0)};
  const UniqueFd second{::socket(AF_UNIX, SOCK_DGRAM, 0)};
  EXPECT_EQ(sockets.find(AF_UNIX), (std::vector<int>{first.get(), second.get()}));
  EXPECT_EQ(sockets.find(AF_INET), std::vector<int>{other.get()});
}

}  // namespace
}  // namespace zs::dev
