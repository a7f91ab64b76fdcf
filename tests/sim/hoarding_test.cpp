// Applications that keep what they read, pools that run dry, devices that stand still: others go
// on, and nothing is lost when it is over (DESIGN §5).
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "sim/apps.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr std::uint32_t kServerBuffers = 4'096;

/// Reads everything that comes and keeps the buffers, until it is told to free them.
class Hoarder {
 public:
  explicit Hoarder(Host& host, std::uint16_t port = 9)
      : sockets_(host.sockets()), listener_(listen_on(host, port)) {}

  void run() {
    while (const auto fd = sockets_.accept(listener_)) clients_.push_back({*fd, 0});
    for (Client& c : clients_) {
      while (auto chain = sockets_.read(c.fd, 16 * 1024)) {
        if (chain->empty()) break;
        Bytes bytes(chain->size());
        chain->copy_out(0, bytes);
        ok_ = ok_ && bytes == pattern_bytes(c.received, bytes.size(), 4);
        c.received += bytes.size();
        if (keeps_) kept_.push_back(*std::move(chain));
      }
    }
  }
  void repent() {
    keeps_ = false;
    kept_.clear();
  }
  void close() {
    for (Client& c : clients_) (void)sockets_.close(c.fd);
    (void)sockets_.close(listener_);
  }
  std::uint64_t received() const {
    std::uint64_t sum = 0;
    for (const Client& c : clients_) sum += c.received;
    return sum;
  }
  bool ok() const { return ok_; }

 private:
  struct Client {
    int fd;
    std::uint64_t received;
  };
  sock::SocketTable& sockets_;
  int listener_;
  std::vector<Client> clients_;
  std::vector<buf::Chain> kept_;
  bool keeps_ = true;
  bool ok_ = true;
};

/// Sends a pattern as fast as it can, in messages of one size.
class Pump {
 public:
  Pump(Host& host, const Host& peer, std::uint64_t total, std::uint32_t message_bytes)
      : host_(host), fd_(connect_to(host, peer, 9)), total_(total), message_bytes_(message_bytes) {
    ZS_CHECK(host.sockets().set_option(fd_, sock::Option::kNoDelay, 1).has_value());
  }
  void run() {
    outbox_.flush(host_.sockets(), fd_);
    for (int burst = 0; burst < 32 && outbox_.empty() && sent_ < total_; ++burst) {
      const auto n = std::min<std::uint64_t>(message_bytes_, total_ - sent_);
      auto chain = buf::Chain::copy_of(pattern_bytes(sent_, n, 4), *host_.pools().data);
      if (!chain) return;
      sent_ += n;
      outbox_.push(*std::move(chain));
      outbox_.flush(host_.sockets(), fd_);
    }
  }
  void close() { (void)host_.sockets().close(fd_); }

 private:
  Host& host_;
  int fd_;
  std::uint64_t total_;
  std::uint32_t message_bytes_;
  std::uint64_t sent_ = 0;
  Outbox outbox_;
};

class Hoarding : public testing::Test {
 protected:
  static HostConfig host(std::uint32_t buffers) {
    HostConfig config;
    config.tcp.time_wait = 1s;
    config.tcp.max_rto = 2s;  // so that what was refused is tried again soon
    config.buffers = buffers;
    config.driver = HoldingQueue::Config{.hold = 100us, .ring = 256};
    config.offloads = dev::kAllPairOffloads;
    return config;
  }
  Hoarding() {
    world.connect(client, server, {.bits_per_second = 1'000'000'000, .one_way_delay = 200us});
  }

  buf::Pool& server_pool() { return *server.pools().data; }
  /// All conversations go on until `done`.
  bool run(const std::function<bool()>& done, Duration limit) {
    return world.run_until(
        [&] {
          if (hoarder) hoarder->run();
          for (Pump& pump : pumps) pump.run();
          if (echo) echo->run();
          if (caller) caller->run();
          lowest = std::min(lowest, server_pool().available());
          return done();
        },
        limit);
  }
  void end() {
    if (hoarder) hoarder->close();
    for (Pump& pump : pumps) pump.close();
    run([&] { return client.connections() == 0 && server.connections() == 0; }, 60s);
    if (echo) echo->stop();
    hoarder.reset();
    pumps.clear();
    caller.reset();
    EXPECT_TRUE(world.ends_clean(60s)) << world.replay_hint();
    EXPECT_EQ(client.driver().violation() + server.driver().violation(), "");
  }

  World world{21};
  Host& client = world.add_host("client", host(16'384));
  Host& server = world.add_host("server", host(kServerBuffers));
  std::optional<Hoarder> hoarder;
  std::deque<Pump> pumps;
  std::optional<Echo> echo;
  std::optional<PingPong> caller;
  std::uint32_t lowest = UINT32_MAX;
};

TEST_F(Hoarding, others_go_on_while_bulk_is_kept) {
  constexpr std::uint64_t kTotal = 16 << 20;  // twice what the pool could hold
  hoarder.emplace(server);
  echo.emplace(server);
  pumps.emplace_back(client, server, kTotal, 8'000);
  run([] { return false; }, 5s);
  EXPECT_TRUE(hoarder->ok());
  EXPECT_LT(hoarder->received(), std::uint64_t{kServerBuffers} * 2'048);
  EXPECT_GT(server.drops()[Drop::kBuffersScarce], 0u);
  EXPECT_GT(lowest, kServerBuffers / 16);  // the reserve was never needed for payload
  EXPECT_EQ(server.driver().lost_without_buffer(), 0u);

  caller.emplace(client, server, 1'000, 200, in_buffers_of(2'048));
  EXPECT_TRUE(run([&] { return caller->is_over(); }, 60s))
      << caller->received() << ' ' << world.replay_hint();
  EXPECT_TRUE(caller->ok());

  hoarder->repent();
  EXPECT_TRUE(run([&] { return hoarder->received() == kTotal; }, 60s))
      << hoarder->received() << ' ' << world.replay_hint();
  EXPECT_TRUE(hoarder->ok());
  end();
}

TEST_F(Hoarding, many_that_keep_cannot_drain_the_pool_together) {
  hoarder.emplace(server);
  echo.emplace(server);
  for (int i = 0; i < 40; ++i) pumps.emplace_back(client, server, 256 << 10, 4'000);
  run([] { return false; }, 5s);
  EXPECT_GT(lowest, kServerBuffers / 32);
  EXPECT_EQ(server.driver().lost_without_buffer(), 0u);
  // Even where nothing is left to be lent, control goes on: a connection opens and closes.
  const int fd = connect_to(client, server, 9);
  EXPECT_TRUE(run([&] { return client.sockets().remote_endpoint(fd).has_value(); }, 5s));
  (void)client.sockets().close(fd);
  hoarder->repent();
  EXPECT_TRUE(run([&] { return hoarder->received() == 40u << 18; }, 120s))
      << hoarder->received() << ' ' << world.replay_hint();
  EXPECT_TRUE(hoarder->ok());
  end();
}

// A buffer for each byte: the worst that a peer can do to who keeps buffers.
TEST_F(Hoarding, thousands_of_one_byte_segments) {
  constexpr std::uint64_t kTotal = 6'000;
  hoarder.emplace(server);
  echo.emplace(server);
  for (int i = 0; i < 4; ++i) pumps.emplace_back(client, server, kTotal, 1);
  run([] { return false; }, 20s);
  EXPECT_GT(lowest, kServerBuffers / 16);
  caller.emplace(client, server, 500, 100, in_buffers_of(2'048));
  EXPECT_TRUE(run([&] { return caller->is_over(); }, 60s)) << world.replay_hint();
  hoarder->repent();
  EXPECT_TRUE(run([&] { return hoarder->received() == 4 * kTotal; }, 60s))
      << hoarder->received() << ' ' << world.replay_hint();
  EXPECT_TRUE(hoarder->ok());
  end();
}

// Each datagram holds a whole buffer, and no window holds the sender.
TEST_F(Hoarding, datagrams_that_are_kept) {
  echo.emplace(server);
  auto& out = client.sockets();
  auto& in = server.sockets();
  const int from = *out.socket(sock::Type::kDatagram, IpFamily::kV4);
  const int to = *in.socket(sock::Type::kDatagram, IpFamily::kV4);
  ASSERT_TRUE(in.bind(to, {IpAddress::any(IpFamily::kV4), 53}));
  const Endpoint there{server.address(IpFamily::kV4), 53};
  std::vector<buf::Chain> kept;
  std::uint32_t sent = 0;
  const auto flood = [&] {
    for (int i = 0; i < 20; ++i, ++sent) {
      auto chain = buf::Chain::copy_of(pattern_bytes(sent, 100, 5), *client.pools().data);
      if (!chain || !out.send_to(from, *chain, there)) break;
    }
    Endpoint peer;
    while (auto datagram = in.receive_from(to, &peer)) kept.push_back(*std::move(datagram));
    return sent >= 30'000;
  };
  for (int i = 0; i < 2'000 && sent < 30'000; ++i) run(flood, 200us);
  EXPECT_GE(sent, 30'000u);
  EXPECT_GT(kept.size(), kServerBuffers / 2);
  EXPECT_GE(lowest, kServerBuffers / 16 - 32);  // the reserve, less what is on its way
  EXPECT_GT(server.drops()[Drop::kBuffersScarce], 0u);
  EXPECT_EQ(server.driver().lost_without_buffer(), 0u);
  kept.clear();
  caller.emplace(client, server, 1'000, 50, in_buffers_of(2'048));
  EXPECT_TRUE(run([&] { return caller->is_over(); }, 60s)) << world.replay_hint();
  (void)out.close(from);
  (void)in.close(to);
  end();
}

// Nothing at all is left but the reserve: no payload, but handshakes, resets and farewells.
TEST_F(Hoarding, control_flows_from_the_reserve) {
  echo.emplace(server);
  std::vector<buf::Mbuf> taken;
  while (server_pool().available() >= kServerBuffers / 16) {
    taken.push_back(buf::Mbuf::adopt(server_pool().alloc()));
  }
  caller.emplace(client, server, 1'000, 3, in_buffers_of(2'048));
  const int refused = connect_to(client, server, 4'444);
  Errc why{};
  EXPECT_TRUE(run(
      [&] {
        if (const auto got = client.sockets().read(refused, 1); !got) why = got.error();
        return why == Errc::kConnRefused && server.connections() == 1;
      },
      5s))
      << world.replay_hint();
  run([] { return false; }, 5s);
  EXPECT_EQ(caller->received(), 0u);
  EXPECT_GT(server.drops()[Drop::kBuffersScarce], 0u);
  taken.clear();
  EXPECT_TRUE(run([&] { return caller->is_over(); }, 30s)) << world.replay_hint();
  (void)client.sockets().close(refused);
  end();
}

// No descriptor for a slice: the first segment of each packet goes as a copy instead.
TEST_F(Hoarding, without_descriptors_it_copies) {
  echo.emplace(server);
  std::vector<buf::Mbuf> taken;
  while (rte_mbuf* const m = client.pools().indirect->alloc()) taken.push_back(buf::Mbuf::adopt(m));
  caller.emplace(client, server, 20'000, 5, in_buffers_of(700));
  EXPECT_TRUE(run([&] { return caller->is_over(); }, 60s)) << world.replay_hint();
  EXPECT_TRUE(caller->ok());
  EXPECT_GT(client.tcp().copied_bytes_out, 0u);
  taken.clear();
  end();
}

TEST_F(Hoarding, device_that_takes_nothing_for_long) {
  echo.emplace(server);
  caller.emplace(client, server, 60'000, 20, in_buffers_of(2'048));
  EXPECT_TRUE(run([&] { return caller->received() > 200'000; }, 30s)) << world.replay_hint();
  client.driver().set_stuck(true);
  run([] { return false; }, 10s);
  const std::uint64_t before = caller->received();
  EXPECT_GT(client.driver().refusals(), 0u);
  client.driver().set_stuck(false);
  server.driver().set_stuck(true);
  run([] { return false; }, 10s);
  EXPECT_LE(caller->received() - before, 60'000u);
  server.driver().set_stuck(false);
  EXPECT_TRUE(run([&] { return caller->is_over(); }, 60s)) << world.replay_hint();
  EXPECT_TRUE(caller->ok());
  end();
}

// What both write fills both pools, byte by byte, before any of it can be sent: what comes in must
// find room all the same, for it acknowledges.
TEST(HoardingEachOther, two_hosts_full_of_small_writes_go_on) {
  constexpr std::uint64_t kTotal = 1'500;
  constexpr int kPumps = 6;
  HostConfig config;
  config.buffers = 256;
  config.tcp.max_rto = 2s;
  config.tcp.time_wait = 1s;
  World world{22};
  Host& left = world.add_host("left", config);
  Host& right = world.add_host("right", config);
  world.connect(left, right, {.bits_per_second = 100'000'000, .one_way_delay = 10ms});
  Hoarder at_left{left};
  Hoarder at_right{right};
  at_left.repent();
  at_right.repent();
  std::deque<Pump> pumps;
  for (int i = 0; i < kPumps; ++i) {
    pumps.emplace_back(left, right, kTotal, 1);
    pumps.emplace_back(right, left, kTotal, 1);
  }
  EXPECT_TRUE(world.run_until(
      [&] {
        for (Pump& pump : pumps) pump.run();
        at_left.run();
        at_right.run();
        return at_left.received() == kPumps * kTotal && at_right.received() == kPumps * kTotal;
      },
      600s))
      << at_left.received() << ' ' << at_right.received() << ' ' << world.replay_hint();
  EXPECT_TRUE(at_left.ok() && at_right.ok());
  for (Pump& pump : pumps) pump.close();
  at_left.close();
  at_right.close();
  pumps.clear();
  EXPECT_TRUE(world.ends_clean(60s)) << world.replay_hint();
}

class HoardingAllocation : public Hoarding, public testing::WithParamInterface<std::uint32_t> {};

// Each turn gets a few buffers and no more, at both ends and of both kinds.
TEST_P(HoardingAllocation, fails_again_and_again) {
  echo.emplace(server);
  caller.emplace(client, server, 9'000, 20, in_buffers_of(1'000));
  std::uint32_t turn = 0;
  const auto starve = [&](std::uint32_t n) {
    for (Host* const host : {&client, &server}) {
      host->pools().data->fail_after_for_test(n);
      host->pools().indirect->fail_after_for_test(n);
    }
  };
  EXPECT_TRUE(run(
      [&] {
        starve(++turn % 4 == 0 ? GetParam() : UINT32_MAX);
        return caller->is_over();
      },
      600s))
      << caller->received() << ' ' << world.replay_hint();
  EXPECT_TRUE(caller->ok());
  starve(UINT32_MAX);
  end();
}
INSTANTIATE_TEST_SUITE_P(EveryNth, HoardingAllocation,
                         testing::Values(0u, 1u, 2u, 3u, 5u, 8u, 13u));

}  // namespace
}  // namespace zs::sim
