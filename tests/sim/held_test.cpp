// The case that a zero-copy stack gets wrong: the driver has changed a buffer, or still holds it,
// when its bytes must be sent again. World checks each packet that a driver gives back.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "sim/apps.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;
using namespace test;

enum class Tso : std::uint8_t { kByDevice, kInSoftware };

struct Conditions {
  std::uint64_t seed;
  Tso tso;
  Duration hold;
};
std::string name_of(const testing::TestParamInfo<Conditions>& info) {
  const Conditions& c = info.param;
  return "seed" + std::to_string(c.seed) + (c.tso == Tso::kByDevice ? "_tso" : "_software") +
         (c.hold > 1s ? "_freed_late" : "_freed_soon");
}

constexpr LinkSpec kBadLink{.loss = 0.05, .reorder = 0.03, .duplicate = 0.02};

class Held : public testing::TestWithParam<Conditions> {
 protected:
  static HostConfig host() {
    HostConfig config;
    config.tcp.time_wait = 1s;
    config.driver = HoldingQueue::Config{.hold = GetParam().hold, .ring = 4096};
    if (GetParam().tso == Tso::kByDevice) config.offloads = dev::kAllPairOffloads;
    return config;
  }
  void connect(const LinkSpec& link = kBadLink) { world.connect(client, server, link); }

  /// One conversation over an echo that forwards the buffers it received.
  void converse(std::uint32_t message_bytes, std::uint32_t messages, Shape shape) {
    connect();
    {
      Echo echo{server};
      PingPong caller{client, server, message_bytes, messages, std::move(shape)};
      const bool over = world.run_until(
          [&] {
            echo.run();
            caller.run();
            return caller.is_over() || !caller.ok();
          },
          600s);
      ASSERT_TRUE(over && caller.ok()) << caller.received() << " bytes; " << world.replay_hint();
      world.run_until([&] { return echo.run(), client.connections() == 0; }, 60s);
    }
    expect_clean_end();
  }
  void expect_clean_end() {
    EXPECT_GT(client.tcp().retransmitted_segments + server.tcp().retransmitted_segments, 0u);
    EXPECT_TRUE(world.ends_clean(60s)) << world.replay_hint();
    EXPECT_EQ(client.driver().violation(), "");
    EXPECT_EQ(server.driver().violation(), "");
  }

  World world{GetParam().seed};
  Host& client = world.add_host("client", host());
  Host& server = world.add_host("server", host());
};

TEST_P(Held, messages_of_one_buffer) { converse(1'000, 80, in_buffers_of(2'048)); }
TEST_P(Held, messages_of_many_buffers) { converse(6'000, 30, in_buffers_of(300)); }
TEST_P(Held, messages_of_a_super_frame) { converse(60'000, 8, in_buffers_of(2'048)); }
TEST_P(Held, one_buffer_larger_than_a_segment) { converse(2'000, 60, in_buffers_of(2'048)); }
TEST_P(Held, external_memory) { converse(5'000, 30, in_external_memory); }
TEST_P(Held, bytes_with_another_holder) { converse(1'000, 60, shared_with_another_holder()); }

// Acknowledgements in the middle of buffers, whole windows in flight, both directions.
TEST_P(Held, bulk_both_ways) {
  connect();
  server.listen(80);
  server.reply_with(300'000);
  Stream& stream = client.connect_to(server, 80);
  stream.write_pattern(300'000);
  stream.finish();
  ASSERT_TRUE(world.run_until(
      [&] {
        return stream.received() == 300'000 && server.received_total() == 300'000 &&
               client.all_closed() && server.all_closed();
      },
      300s))
      << world.replay_hint();
  expect_clean_end();
}

// One buffer on many connections, each with losses of its own.
TEST_P(Held, one_buffer_on_many_connections) {
  constexpr std::size_t kReaders = 8;
  constexpr std::uint32_t kMessage = 1'200;
  constexpr std::uint64_t kMessages = 25;
  connect();
  const int listener = listen_on(server, 7);
  std::vector<std::unique_ptr<Checker>> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<Checker>(client, connect_to(client, server, 7), 3));
  }
  std::deque<std::pair<int, Outbox>> writers;  // never moves what it holds
  std::uint64_t sent = 0;
  const auto done = [&] {
    auto& sockets = server.sockets();
    while (const auto fd = sockets.accept(listener)) writers.emplace_back(*fd, Outbox{});
    bool all = true;
    bool all_taken = writers.size() == kReaders;
    for (auto& [fd, outbox] : writers) {
      outbox.flush(sockets, fd);
      all_taken = all_taken && outbox.empty();
    }
    for (auto& reader : readers) {
      reader->run();
      all = all && reader->ok() && reader->received() == kMessages * kMessage;
      all_taken = all_taken && reader->received() == sent;
    }
    if (all_taken && sent < kMessages * kMessage) {
      const auto bytes = pattern_bytes(sent, kMessage, 3);
      const buf::Chain original = *buf::Chain::copy_of(bytes, *server.pools().data);
      for (auto& writer : writers) {
        writer.second.push(*original.clone(*server.pools().indirect));
      }
      sent += kMessage;
    }
    return all;
  };
  ASSERT_TRUE(world.run_until(done, 300s)) << world.replay_hint();
  for (auto& writer : writers) (void)server.sockets().close(writer.first);
  for (auto& reader : readers) (void)client.sockets().close(reader->fd());
  (void)server.sockets().close(listener);
  expect_clean_end();
}

std::vector<Conditions> all_conditions() {
  std::vector<Conditions> all;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const Tso tso : {Tso::kByDevice, Tso::kInSoftware}) {
      for (const Duration hold : {Duration{30ms}, Duration{3s}}) all.push_back({seed, tso, hold});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Drivers, Held, testing::ValuesIn(all_conditions()), name_of);

// Datagrams are sent once, but their buffers are the application's all the same: it keeps
// references, sends one payload to many, and forwards what it received.
TEST(HeldDatagrams, payload_that_others_hold_is_sent_byte_exact) {
  HostConfig config;
  config.driver = HoldingQueue::Config{.hold = 2s, .ring = 4096};
  config.offloads = dev::kAllPairOffloads;
  World world{5};
  Host& a = world.add_host("a", config);
  Host& b = world.add_host("b", config);
  world.connect(a, b, {});
  auto& out = a.sockets();
  auto& in = b.sockets();
  const int from = *out.socket(sock::Type::kDatagram, IpFamily::kV4);
  const int to = *in.socket(sock::Type::kDatagram, IpFamily::kV4);
  ASSERT_TRUE(in.bind(to, {IpAddress::any(IpFamily::kV4), 53}));
  ASSERT_TRUE(out.bind(from, {IpAddress::any(IpFamily::kV4), 54}));
  const Endpoint there{b.address(IpFamily::kV4), 53};
  const Endpoint back{a.address(IpFamily::kV4), 54};
  buf::Chain hello = *buf::Chain::copy_of(pattern_bytes(0, 1, 9), *a.pools().data);
  ASSERT_TRUE(out.send_to(from, hello, there));  // so that neighbours know each other
  Endpoint greeter;
  ASSERT_TRUE(world.run_until([&] { return in.receive_from(to, &greeter).has_value(); }, 1s));

  const Bytes bytes = pattern_bytes(0, 1'000, 9);
  std::size_t echoed = 0;
  {
    const buf::Chain original = *buf::Chain::copy_of(bytes, *a.pools().data);
    for (int i = 0; i < 20; ++i) {
      buf::Chain payload = i % 2 == 0 ? *original.clone(*a.pools().indirect)
                                      : *buf::Chain::copy_of(bytes, *a.pools().data);
      ASSERT_TRUE(out.send_to(from, payload, there));
    }
    const auto all_back = [&] {
      Endpoint peer;
      while (auto received = in.receive_from(to, &peer)) (void)in.send_to(to, *received, back);
      while (const auto answer = out.receive_from(from, &peer)) {
        Bytes got(answer->size());
        answer->copy_out(0, got);
        EXPECT_EQ(got, bytes);
        ++echoed;
      }
      return echoed == 20;
    };
    EXPECT_TRUE(world.run_until(all_back, 5s)) << world.replay_hint();
    Bytes still(1'000);
    original.copy_out(0, still);
    EXPECT_EQ(still, bytes);
  }
  EXPECT_TRUE(world.ends_clean(30s)) << world.replay_hint();
  EXPECT_EQ(a.driver().violation() + b.driver().violation(), "");
}

}  // namespace
}  // namespace zs::sim
