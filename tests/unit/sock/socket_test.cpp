#include "sock/socket.hpp"

#include <gtest/gtest.h>

#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

constexpr std::uint32_t kAll = ready::kReadable | ready::kWritable | ready::kPeerClosed;

TEST(Readiness, OfAStreamThroughItsLife) {
  Sockets w;
  const int listener = w.listener({kOurs, 80});
  const int client = w.stream();
  for (const int fd : {listener, client}) ASSERT_TRUE(w.table->watch(fd, kAll, 0));
  EXPECT_EQ(w.ready(client), 0u);
  (void)w.table->connect(client, {kOurs, 80});
  EXPECT_EQ(w.ready(client), 0u);
  EXPECT_EQ(w.ready(listener), 0u);
  w.settle();
  EXPECT_EQ(w.ready(client), ready::kWritable);
  EXPECT_EQ(w.ready(listener), ready::kReadable);
  const int server = *w.table->accept(listener);
  EXPECT_EQ(w.ready(listener), 0u);
  ASSERT_TRUE(w.table->watch(server, kAll, 0));
  EXPECT_EQ(w.ready(server), ready::kWritable);
  ASSERT_EQ(w.write(client, "x"), Errc{});
  w.settle();
  EXPECT_EQ(w.ready(server), ready::kWritable | ready::kReadable);
  ASSERT_TRUE(w.table->shutdown(client, ShutdownHow::kWrite));
  w.settle();
  EXPECT_EQ(w.ready(server), kAll);
  ASSERT_TRUE(w.table->shutdown(server, ShutdownHow::kWrite));
  w.settle();
  EXPECT_EQ(w.ready(client), kAll | ready::kHangup);
}

TEST(Readiness, HangupAndErrorAreToldUnasked) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->watch(p.client, ready::kPeerClosed, 0));
  ASSERT_TRUE(w.table->set_option(p.server, Option::kLinger, 0));
  ASSERT_TRUE(w.table->close(p.server));
  w.settle();
  EXPECT_EQ(w.ready(p.client) & (ready::kHangup | ready::kError), ready::kHangup | ready::kError);
  EXPECT_EQ(w.table->take_error(p.client), Errc::kConnReset);
  EXPECT_EQ(w.ready(p.client) & ready::kError, 0u);
}

TEST(Readiness, OfADatagramSocket) {
  Sockets w;
  const int fd = w.datagram();
  ASSERT_TRUE(w.table->watch(fd, kAll, 0));
  EXPECT_EQ(w.ready(fd), ready::kWritable);
  ASSERT_TRUE(w.table->connect(fd, {kOurs, 9}));
  ASSERT_EQ(w.write(fd, "nobody there"), Errc{});
  w.settle();
  EXPECT_EQ(w.ready(fd), ready::kWritable | ready::kError);
  EXPECT_EQ(w.table->take_error(fd), Errc::kConnRefused);
  EXPECT_EQ(w.ready(fd), ready::kWritable);
}

}  // namespace
}  // namespace zs::sock
