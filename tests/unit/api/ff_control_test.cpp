#include <fcntl.h>
#include <ff_api.h>
#include <sys/ioctl.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfControlTest : public ApiTest {};

TEST_F(FfControlTest, Fcntl) {
  const int fd = w.stream();
  EXPECT_EQ(ff_fcntl(fd, F_GETFL), O_RDWR);
  EXPECT_EQ(ff_fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
  EXPECT_EQ(ff_fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
  EXPECT_EQ(ff_fcntl(fd, F_SETFL, 0), 0);
  EXPECT_EQ(ff_fcntl(fd, F_GETFL), O_RDWR);
  EXPECT_EQ(ff_fcntl(fd, F_SETFL, 0x0004), 0);  // FreeBSD's
  EXPECT_EQ(ff_fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
  const int queue = ff_kqueue();
  EXPECT_EQ(ff_fcntl(queue, F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(ff_fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
  EXPECT_EQ(ff_fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(ff_fcntl(fd, F_DUPFD, 20), 20);
  EXPECT_EQ(ff_fcntl(fd, F_DUPFD_CLOEXEC, 20), 21);
  EXPECT_EQ(errno_of(ff_fcntl(fd, F_DUPFD, -1)), EINVAL);
  EXPECT_EQ(errno_of(ff_fcntl(fd, F_DUPFD, 1 << 30)), EMFILE);
  EXPECT_EQ(errno_of(ff_fcntl(fd, 12'345)), EINVAL);
  EXPECT_EQ(errno_of(ff_fcntl(60, F_GETFL)), EBADF);
  EXPECT_EQ(ff_fcntl(ff_kqueue(), F_GETFL), O_RDWR);
}

TEST_F(FfControlTest, IoctlByLinuxAndFreeBsdNumbers) {
  const auto p = w.connected();
  int value = 1;
  EXPECT_EQ(ff_ioctl(p.server, FIONBIO, &value), 0);
  EXPECT_EQ(ff_fcntl(p.server, F_GETFL), O_RDWR | O_NONBLOCK);
  value = 0;
  EXPECT_EQ(ff_ioctl_freebsd(p.server, 0x8004'667eul, &value), 0);
  EXPECT_EQ(ff_fcntl(p.server, F_GETFL), O_RDWR);
  ASSERT_EQ(ff_write(p.client, "hello", 5), 5);
  EXPECT_EQ(ff_ioctl(p.client, TIOCOUTQ, &value), 0);
  EXPECT_EQ(value, 5);
  w.settle();
  EXPECT_EQ(ff_ioctl(p.server, FIONREAD, &value), 0);
  EXPECT_EQ(value, 5);
  EXPECT_EQ(ff_ioctl_freebsd(p.server, 0x4004'667ful, &value), 0);
  EXPECT_EQ(value, 5);
  EXPECT_EQ(ff_ioctl(p.server, 0x4004'6676ul, &value), 0);
  EXPECT_GT(value, 4'096);
  EXPECT_EQ(ff_ioctl(p.server, FIOCLEX), 0);
  EXPECT_EQ(errno_of(ff_ioctl(p.server, FIONREAD, nullptr)), EFAULT);
  EXPECT_EQ(errno_of(ff_ioctl(p.server, TIOCGWINSZ, &value)), ENOTTY);
  EXPECT_EQ(errno_of(ff_ioctl(60, FIONBIO, &value)), EBADF);
}

}  // namespace
}  // namespace zs::api
