#include "sock/socket_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <functional>
#include <vector>

#include "tcp/engine.hpp"
#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

TEST(SocketTable, ForeignDescriptorsAreRefusedByEveryCall) {
  Sockets w;
  auto& t = *w.table;
  const int closed = w.stream();
  ASSERT_TRUE(t.close(closed));
  auto chain = w.chain("x");
  std::byte byte{};
  const std::vector<std::function<Errc(int)>> calls = {
      [&](int fd) {
        return t.bind(fd, {kOurs, 1}).error();
      },
      [&](int fd) { return t.listen(fd, 1).error(); },
      [&](int fd) { return t.accept(fd).error(); },
      [&](int fd) {
        return t.connect(fd, {kOurs, 1}).error();
      },
      [&](int fd) { return t.read(fd, 1).error(); },
      [&](int fd) { return t.write(fd, chain).error(); },
      [&](int fd) {
        return t.read_copy(fd, {&byte, 1}).error();
      },
      [&](int fd) {
        return t.write_copy(fd, {&byte, 1}).error();
      },
      [&](int fd) { return t.receive_from(fd, nullptr).error(); },
      [&](int fd) {
        return t.send_to(fd, chain, {kOurs, 1}).error();
      },
      [&](int fd) { return t.shutdown(fd, ShutdownHow::kBoth).error(); },
      [&](int fd) { return t.close(fd).error(); },
      [&](int fd) { return t.set_option(fd, Option::kNoDelay, 1).error(); },
      [&](int fd) { return t.option(fd, Option::kNoDelay).error(); },
      [&](int fd) { return t.take_error(fd); },
      [&](int fd) { return t.local_endpoint(fd).error(); },
      [&](int fd) { return t.remote_endpoint(fd).error(); },
      [&](int fd) { return t.watch(fd, ready::kReadable, 0).error(); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (const int fd : {INT_MIN, -1, closed, 1, 63, 64, 65, INT_MAX}) {
      EXPECT_EQ(calls[i](fd), Errc::kBadFd) << "call " << i << ", fd " << fd;
    }
  }
  EXPECT_EQ(chain.size(), 1u);
}

TEST(SocketTable, DescriptorsAreLowestFirstAndLimited) {
  Sockets w({.descriptors = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.stream(), i);
  for (const Type type : {Type::kStream, Type::kDatagram}) {
    EXPECT_EQ(w.table->socket(type, IpFamily::kV4).error(), Errc::kTooManyFiles);
  }
  ASSERT_TRUE(w.table->close(1));
  EXPECT_EQ(w.datagram(), 1);
  EXPECT_EQ(w.table->open_count(), 3u);
}

TEST(SocketTable, WithoutADescriptorAConnectionWaitsToBeAccepted) {
  Sockets w({.descriptors = 2});
  const int listener = w.listener({kOurs, 80});
  const int client = w.stream();
  (void)w.table->connect(client, {kOurs, 80});
  w.settle();
  EXPECT_EQ(w.table->accept(listener).error(), Errc::kTooManyFiles);
  ASSERT_TRUE(w.table->close(client));
  Endpoint peer;
  EXPECT_TRUE(w.table->accept(listener, &peer));
  EXPECT_EQ(peer.address, kOurs);
}

TEST(SocketTable, DatagramSocketsOfAShardAreLimited) {
  Sockets w;  // whose shard has 16 of them
  for (int i = 0; i < 16; ++i) w.datagram();
  EXPECT_EQ(w.table->socket(Type::kDatagram, IpFamily::kV4).error(), Errc::kTooManyFiles);
  EXPECT_EQ(w.table->open_count(), 16u);
}

TEST(SocketTable, ConnectsToItselfInBothFamilies) {
  for (const IpAddress& at : {kOurs, kOurs6, IpAddress::v4(127, 0, 0, 1)}) {
    Sockets w;
    const auto p = w.connected({at, 80});
    ASSERT_GE(p.server, 0);
    EXPECT_EQ(*w.table->remote_endpoint(p.client), (Endpoint{at, 80}));
    EXPECT_EQ(*w.table->local_endpoint(p.server), (Endpoint{at, 80}));
    EXPECT_EQ(*w.table->remote_endpoint(p.server), *w.table->local_endpoint(p.client));
    EXPECT_EQ(w.table->connect(p.client, {at, 80}).error(), Errc::kIsConnected);
    EXPECT_EQ(w.table->accept(p.listener).error(), Errc::kAgain);
  }
}

TEST(SocketTable, RefusesCallsInTheWrongState) {
  Sockets w;
  auto& t = *w.table;
  const int listener = w.listener({kOurs, 80});
  const int fresh = w.stream();
  const int udp = w.datagram();
  EXPECT_EQ(t.accept(fresh).error(), Errc::kInvalid);
  EXPECT_EQ(t.connect(listener, {kOurs, 81}).error(), Errc::kInvalid);
  EXPECT_EQ(t.bind(listener, {kOurs, 81}).error(), Errc::kInvalid);
  EXPECT_EQ(t.listen(udp, 1).error(), Errc::kNotSupported);
  EXPECT_EQ(t.shutdown(fresh, ShutdownHow::kBoth).error(), Errc::kNotConnected);
  EXPECT_EQ(t.remote_endpoint(fresh).error(), Errc::kNotConnected);
  EXPECT_EQ(t.connect(fresh, {kPeer, 80}).error(), Errc::kInProgress);
  EXPECT_EQ(t.connect(fresh, {kPeer, 80}).error(), Errc::kAlready);
  EXPECT_EQ(t.listen(fresh, 1).error(), Errc::kIsConnected);
  EXPECT_EQ(t.shutdown(fresh, ShutdownHow::kBoth).error(), Errc::kNotConnected);
}

TEST(SocketTable, BindChecksTheAddress) {
  Sockets w;
  auto& t = *w.table;
  const int listener = w.listener({kOurs, 80});
  const auto bind = [&](IpFamily family, const Endpoint& at) {
    const int fd = w.stream(family);
    const auto bound = t.bind(fd, at);
    (void)t.close(fd);
    return bound ? Errc{} : bound.error();
  };
  using enum IpFamily;
  EXPECT_EQ(bind(kV4, {kPeer, 1}), Errc::kAddrNotAvailable);
  EXPECT_EQ(bind(kV4, {kOurs6, 1}), Errc::kAfNotSupported);
  EXPECT_EQ(bind(kV4, {kOurs, 80}), Errc::kAddrInUse);
  EXPECT_EQ(bind(kV4, {IpAddress::v4(0), 80}), Errc::kAddrInUse);
  EXPECT_EQ(bind(kV4, {kOurs, 81}), Errc{});
  EXPECT_EQ(bind(kV4, {kOurs, 0}), Errc{});
  EXPECT_EQ(bind(kV6, {kOurs, 81}), Errc{});
  EXPECT_EQ(bind(kV6, {IpAddress{}, 81}), Errc{});
  (void)t.close(listener);
  EXPECT_EQ(bind(kV4, {kOurs, 80}), Errc{});
}

TEST(SocketTable, ConnectRefusesWhatCannotBeReached) {
  Sockets w;
  const auto connect = [&](IpFamily family, const Endpoint& to,
                           std::optional<Endpoint> from = std::nullopt) {
    const int fd = w.stream(family);
    if (from) {
      EXPECT_TRUE(w.table->bind(fd, *from));
    }
    return w.table->connect(fd, to).error();
  };
  using enum IpFamily;
  EXPECT_EQ(connect(kV4, {IpAddress::v4(8, 8, 8, 8), 80}), Errc::kNoRoute);
  EXPECT_EQ(connect(kV4, {kPeer6, 80}), Errc::kAfNotSupported);
  EXPECT_EQ(connect(kV6, {kPeer, 80}), Errc::kInProgress);  // mapped
  EXPECT_EQ(connect(kV6, {kPeer6, 80}, Endpoint{kOurs, 0}), Errc::kAfNotSupported);
  EXPECT_EQ(connect(kV6, {kPeer, 80}, Endpoint{kOurs6, 0}), Errc::kAfNotSupported);
  for (const Endpoint& bad :
       {Endpoint{kPeer, 0}, Endpoint{IpAddress::v4(10, 0, 0, 255), 80},
        Endpoint{IpAddress::v4(224, 0, 0, 1), 80}, Endpoint{IpAddress::v4(0), 80},
        Endpoint{IpAddress::v4(255, 255, 255, 255), 80}}) {
    const Errc e = connect(kV4, bad);
    EXPECT_TRUE(e == Errc::kNoRoute || e == Errc::kAddrNotAvailable) << bad.to_string();
  }
  w.shard->on_link(0, false, w.now);
  EXPECT_EQ(connect(kV4, {kPeer, 80}), Errc::kNetDown);
}

TEST(SocketTable, ConnectToAClosedPortIsRefused) {
  Sockets w;
  const int fd = w.stream();
  ASSERT_TRUE(w.table->watch(fd, ready::kWritable, 0));
  (void)w.table->connect(fd, {kOurs, 9});
  EXPECT_EQ(w.ready(fd), 0u);
  w.settle();
  EXPECT_NE(w.ready(fd) & ready::kError, 0u);
  EXPECT_EQ(w.table->take_error(fd), Errc::kConnRefused);
  EXPECT_EQ(w.table->take_error(fd), Errc{});
}

TEST(SocketTable, CloseOfAListenerResetsWhoWaits) {
  Sockets w;
  const int listener = w.listener({kOurs, 80});
  const int client = w.stream();
  (void)w.table->connect(client, {kOurs, 80});
  w.settle();
  ASSERT_TRUE(w.table->close(listener));
  w.settle();
  EXPECT_EQ(w.read(client), Sockets::name(Errc::kConnReset));
  EXPECT_EQ(w.shard->tcp().connection_count(), 1u);
}

TEST(SocketTable, ReadinessIsLevelTriggered) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->watch(p.server, ready::kReadable | ready::kPeerClosed, 77));
  EXPECT_FALSE(w.table->has_ready());
  ASSERT_EQ(w.write(p.client, "abc"), Errc{});
  w.settle();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(w.table->has_ready());
    std::array<ReadyEvent, 4> events;
    ASSERT_EQ(w.table->poll_ready(events), 1u);
    EXPECT_EQ(events[0].fd, p.server);
    EXPECT_EQ(events[0].user_data, 77u);
    EXPECT_EQ(events[0].ready, ready::kReadable);
  }
  EXPECT_EQ(w.read(p.server), "abc");
  EXPECT_FALSE(w.table->has_ready());
  ASSERT_TRUE(w.table->shutdown(p.client, ShutdownHow::kWrite));
  w.settle();
  EXPECT_EQ(w.ready(p.server), ready::kReadable | ready::kPeerClosed);
  // A watch that is taken back, and one that comes after the fact.
  ASSERT_TRUE(w.table->watch(p.server, 0, 0));
  EXPECT_FALSE(w.table->has_ready());
  ASSERT_TRUE(w.table->watch(p.server, ready::kReadable, 0));
  EXPECT_TRUE(w.table->has_ready());
  ASSERT_TRUE(w.table->close(p.server));
  EXPECT_FALSE(w.table->has_ready());
}

TEST(SocketTable, ReadyOnesTakeTurns) {
  Sockets w;
  std::vector<int> seen(16);
  std::vector<int> fds;
  for (int i = 0; i < 5; ++i) {
    const int fd = w.datagram();
    ASSERT_TRUE(w.table->watch(fd, ready::kWritable, 0));
    fds.push_back(fd);
  }
  std::array<ReadyEvent, 2> few;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(w.table->poll_ready(few), 2u);
    for (const ReadyEvent& e : few) ++seen[static_cast<std::size_t>(e.fd)];
  }
  for (const int fd : fds) EXPECT_EQ(seen[static_cast<std::size_t>(fd)], 4);
  EXPECT_EQ(w.table->poll_ready({}), 0u);
}

TEST(SocketTable, TellsWhatADescriptorIs) {
  Sockets w;
  const int stream = w.stream(IpFamily::kV6);
  const int datagram = w.datagram();
  ASSERT_TRUE(w.table->watch(datagram, ready::kReadable, 7));
  EXPECT_EQ(w.table->info(stream)->type, Type::kStream);
  EXPECT_EQ(w.table->info(stream)->family, IpFamily::kV6);
  EXPECT_FALSE(w.table->info(stream)->is_listening);
  EXPECT_EQ(w.table->info(datagram)->type, Type::kDatagram);
  EXPECT_EQ(w.table->info(datagram)->interest, ready::kReadable);
  EXPECT_TRUE(w.table->info(w.listener({kOurs, 80}))->is_listening);
  EXPECT_EQ(w.table->info(60).error(), Errc::kBadFd);
}

TEST(SocketTable, NothingIsOpenAnyMore) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->watch(p.client, ready::kWritable, 0));
  EXPECT_TRUE(w.table->has_ready());
  w.table->close_all();
  EXPECT_FALSE(w.table->has_ready());
  EXPECT_EQ(w.ready(p.client), 0u);
  EXPECT_EQ(w.table->open_count(), 0u);
  w.settle(300s);
  EXPECT_EQ(w.shard->tcp().connection_count(), 0u);
}

TEST(SocketTable, AReusedDescriptorIsANewSocket) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_TRUE(w.table->watch(p.client, ready::kWritable, 5));
  ASSERT_TRUE(w.table->set_option(p.client, Option::kNoDelay, 1));
  ASSERT_TRUE(w.table->close(p.client));
  EXPECT_EQ(w.stream(), p.client);
  EXPECT_EQ(w.ready(p.client), 0u);
  EXPECT_EQ(*w.table->option(p.client, Option::kNoDelay), 0);
  EXPECT_EQ(w.read(p.client), Sockets::name(Errc::kNotConnected));
  w.settle();
  EXPECT_EQ(w.read(p.server), "");
}

TEST(SocketTable, DestroyingTheTableLeavesNothingBehind) {
  Sockets w;
  const auto p = w.connected();
  ASSERT_EQ(w.write(p.client, "unread"), Errc{});
  w.settle();
  w.datagram();
  w.table.reset();
  w.pass(300s);
  EXPECT_EQ(w.shard->tcp().connection_count(), 0u);
  EXPECT_EQ(w.shard->udp().open_count(), 0u);
  EXPECT_EQ(w.data->in_use(), 0u);
  EXPECT_EQ(w.indirect->in_use(), 0u);
}

}  // namespace
}  // namespace zs::sock
