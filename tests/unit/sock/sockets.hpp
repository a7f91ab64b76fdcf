#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "sock/socket_table.hpp"
#include "unit/stack/world.hpp"

namespace zs::sock::test {

using namespace stack::test;

/// The sockets of one shard in virtual time. What they send to the shard's own addresses loops
/// back; what they send to the peer ends up in `heard`, for the test to answer.
class Sockets : public World {
 public:
  explicit Sockets(Limits limits = {.descriptors = 64},
                   stack::ShardConfig config = default_config())
      : World(config), table(std::make_unique<SocketTable>(*shard, pools(), limits)) {}
  ~Sockets() { table.reset(); }

  int stream(IpFamily family = IpFamily::kV4) { return *table->socket(Type::kStream, family); }
  int datagram(IpFamily family = IpFamily::kV4) { return *table->socket(Type::kDatagram, family); }
  int listener(const Endpoint& at, int backlog = 8) {
    const int fd = stream(at.address.family());
    EXPECT_TRUE(table->bind(fd, at));
    EXPECT_TRUE(table->listen(fd, backlog));
    return fd;
  }
  /// Lets packets between our own sockets go round.
  void settle(Duration d = 5ms) {
    for (auto& s : drain()) heard.push_back(std::move(s));
    pass(d);
  }

  struct Pair {
    int listener, client, server;
  };
  /// Two connected stream sockets.
  Pair connected(const Endpoint& at = {kOurs, 80}) {
    Pair p{listener(at), stream(at.address.family()), -1};
    EXPECT_EQ(table->connect(p.client, at).error(), Errc::kInProgress);
    settle();
    const auto accepted = table->accept(p.listener);
    EXPECT_TRUE(accepted);
    if (accepted) p.server = *accepted;
    return p;
  }

  buf::Chain chain(std::string_view s) { return *buf::Chain::copy_of(text(s), *data); }
  Errc write(int fd, std::string_view s) {
    auto c = chain(s);
    const auto written = table->write(fd, c);
    return written ? Errc{} : written.error();
  }
  /// What can be read now, "" for the end of the stream, else the name of the refusal.
  std::string read(int fd) {
    const auto got = table->read(fd, 1u << 20);
    if (!got) return name(got.error());
    return to_string(*got);
  }
  static std::string to_string(const buf::Chain& c) {
    std::string s(c.size(), ' ');
    c.copy_out(0, std::as_writable_bytes(std::span{s}));
    return s;
  }
  static std::string name(Errc e) { return "errno " + std::to_string(static_cast<int>(e)); }

  /// Readiness of `fd` as poll_ready() reports it.
  std::uint32_t ready(int fd) {
    std::array<ReadyEvent, 64> events;
    const std::size_t n = table->poll_ready(events);
    for (const ReadyEvent& e : std::span{events}.first(n)) {
      if (e.fd == fd) return e.ready;
    }
    return 0;
  }

  std::unique_ptr<SocketTable> table;
};

}  // namespace zs::sock::test
