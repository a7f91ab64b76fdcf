// Floods of forged packets in virtual time, a million a second: established connections and
// newcomers are served meanwhile, and memory stays where it is (DESIGN §4).

#include "sim/flood.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/random.hpp"
#include "sim/hand_peer.hpp"
#include "tcp/packing.hpp"
#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;
using sim::FloodKind;
using sim::HandPeer;

constexpr std::uint64_t kListening = 1;

stack::ShardConfig internet_config() {
  stack::ShardConfig config = stack::test::World::default_config();
  config.routes.push_back(
      {.destination = {IpAddress::any(IpFamily::kV4), 0}, .gateway = kPeer, .interface = 0});
  return config;
}

class FloodTest : public ::testing::Test {
 protected:
  FloodTest() : w_({.descriptors = 512}, internet_config()) {
    listener_ = w_.listener({kOurs, 80}, 64);
    (void)w_.table->watch(listener_, ready::kReadable, kListening);
    arp_answer();
    for (std::uint16_t i = 0; i < 8; ++i) veterans_.push_back(arrive(2'000 + i));
  }

  /// The gateway tells its address, as it does on any link.
  void arp_answer() {
    wire::ArpSpec arp;
    arp.operation = wire::arp_operation::kRequest;
    arp.sender_mac = kPeerMac;
    arp.sender_ip = kPeer;
    arp.target_ip = kOurs;
    std::array<std::byte, wire::ArpSpec::size()> bytes{};
    arp.write(bytes);
    w_.give(forger_.garbage(wire::ether_type::kArp, bytes));
    w_.drain();
  }
  HandPeer arrive(std::uint16_t port) {
    return HandPeer{forger_, {kStranger, port}, {kOurs, 80}, 77u * port};
  }
  void give(const sim::Forger::Frame& frame) {
    w_.give(frame, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD);
  }
  /// Echoes, and lets everybody hear what the host sends, until there is no more of it.
  void serve() {
    for (int i = 0; i < 20; ++i) {
      std::array<ReadyEvent, 64> events;
      const std::size_t n = w_.table->poll_ready(events);
      for (const ReadyEvent& event : std::span{events}.first(n)) on_ready(event);
      bool any = false;
      for (const auto& sent : w_.drain()) {
        for (HandPeer* peer : listening_) {
          if (const auto answer = peer->hear(sent.bytes)) {
            give(*answer);
            any = true;
          }
        }
      }
      if (!any && n == 0) return;
    }
  }
  void on_ready(const ReadyEvent& event) {
    if (event.user_data == kListening) {
      while (const auto fd = w_.table->accept(listener_)) {
        (void)w_.table->watch(*fd, ready::kReadable, 0);
      }
      return;
    }
    auto chain = w_.table->read(event.fd, 1u << 16);
    if (!chain || chain->empty() || !w_.table->write(event.fd, *chain)) {
      (void)w_.table->close(event.fd);
    }
  }
  void ask(HandPeer& peer) {
    const std::array<std::byte, 64> request{};
    const std::uint64_t before = peer.heard_bytes();
    give(peer.data(request));
    serve();
    EXPECT_EQ(peer.heard_bytes(), before + request.size());
    EXPECT_FALSE(peer.is_broken());
  }
  void open(HandPeer& peer) {
    listening_.push_back(&peer);
    give(peer.syn());
    serve();
    EXPECT_TRUE(peer.is_open());
  }
  void leave(HandPeer& peer) {
    give(peer.reset());
    serve();
    std::erase(listening_, &peer);
  }

  /// `next` gives the attacker's frames. Most buffers that were in use at the end of each third.
  template <typename F>
  std::array<std::uint32_t, 3> flood(F next) {
    for (HandPeer& peer : veterans_) {
      if (!peer.is_open()) open(peer);
    }
    std::array<std::uint32_t, 3> most{};
    for (std::uint32_t i = 0; i < kForged; ++i) {
      give(next());
      w_.now = w_.now + 1us;
      if (i % 32 == 0) {
        if (w_.shard->next_deadline() <= w_.now) w_.shard->on_deadline(w_.now);
        serve();
        const std::size_t third = std::size_t{i} * 3 / kForged;
        most[third] = std::max(most[third], w_.data->in_use());
      }
      if (i % 500 == 0) ask(veterans_[i / 500 % veterans_.size()]);
      if (i % 1'000 == 999) {
        HandPeer newcomer = arrive(static_cast<std::uint16_t>(10'000 + i / 1'000));
        open(newcomer);
        ask(newcomer);
        leave(newcomer);
      }
    }
    return most;
  }
  void withstands(FloodKind kind) {
    sim::FloodVictim victim{.forger = forger_,
                            .mac = kOurMac,
                            .v4 = kOurs,
                            .v6 = kOurs6,
                            .port = 80,
                            .established = {}};
    for (const HandPeer& peer : veterans_) victim.established.push_back(peer.self());
    sim::Flood attack{kind, victim, 1};
    const auto most = flood([&] { return attack.next(); });
    EXPECT_LE(most[2], most[1] + 8);
    EXPECT_LE(most[2], 1'200u);
  }

  static constexpr std::uint32_t kForged = 12'000;
  static constexpr IpAddress kStranger = IpAddress::v4(198, 51, 100, 77);

  Sockets w_;
  sim::Forger forger_{kPeerMac, kOurMac};
  int listener_ = -1;
  std::vector<HandPeer> veterans_;
  std::vector<HandPeer*> listening_;
};

TEST_F(FloodTest, of_syns) {
  withstands(FloodKind::kSyn);
  EXPECT_GT(w_.shard->tcp().counters().syn_cookies_sent, kForged / 2);
  EXPECT_LE(w_.shard->tcp().half_open_count(), 64u);
  EXPECT_EQ(w_.shard->tcp().connection_count(), veterans_.size());
}

TEST_F(FloodTest, of_fragments) { withstands(FloodKind::kFragments); }

TEST_F(FloodTest, of_resets) {
  withstands(FloodKind::kResets);
  EXPECT_EQ(w_.shard->tcp().connection_count(), veterans_.size());
}

TEST_F(FloodTest, of_acknowledgements) {
  withstands(FloodKind::kAcks);
  EXPECT_EQ(w_.shard->tcp().connection_count(), veterans_.size());
}

TEST_F(FloodTest, of_icmp) {
  withstands(FloodKind::kIcmp);
  EXPECT_GT(w_.shard->drops()[Drop::kIcmpRateLimited], kForged / 5);
}

TEST_F(FloodTest, of_arp) { withstands(FloodKind::kArp); }

TEST_F(FloodTest, of_neighbour_solicitations) { withstands(FloodKind::kNd); }

TEST_F(FloodTest, of_tiny_segments_that_nobody_reads) {
  const int unread = w_.listener({kOurs, 9}, 64);
  std::vector<HandPeer> attackers;
  for (std::uint16_t i = 0; i < 16; ++i) {
    attackers.push_back(
        {forger_, {kStranger, static_cast<std::uint16_t>(3'000 + i)}, {kOurs, 9}, i});
  }
  for (HandPeer& attacker : attackers) open(attacker);
  for (const HandPeer& attacker : attackers) std::erase(listening_, &attacker);
  Random random{1};
  const std::array<std::byte, 1> byte{};
  const auto most = flood([&] {
    HandPeer& attacker = attackers[random.below(16)];
    return random.chance(0.5) ? attacker.data(byte)
                              : attacker.data_ahead(1 + 2 * random.below(10'000), byte);
  });
  // The first bytes of each hold a buffer each, the others share some: nobody notices.
  const std::uint32_t few =
      tcp::kPlainBuffers + tcp::kPatientTurns + 2 * tcp::kPlainBuffersOutOfOrder;
  EXPECT_LE(most[2], attackers.size() * few + 200);
  EXPECT_EQ(w_.data->supply(), buf::Supply::kPlenty);
  EXPECT_GT(w_.shard->tcp().counters().copied_bytes_in, 0u);
  ASSERT_TRUE(w_.table->close(unread));
  serve();
  EXPECT_LE(w_.data->in_use(), 200u);
}

}  // namespace
}  // namespace zs::sock
