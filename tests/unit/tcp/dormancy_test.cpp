// What a sleeping connection does is what it would have done awake: the packet scripts are played
// both ways (packet_sleepy), and zstack sim lets half of its hosts sleep. Here: what may be moved.

#include "tcp/dormancy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>

#include "tcp/connection.hpp"
#include "tcp/engine.hpp"
#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;
using namespace test;

const FlowKey kSleeper{{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), 1024}};
constexpr Instant kMorning = Instant::from_ns(1'000'000'000'000);

class DormancyTest : public ::testing::Test {
 protected:
  void begin(std::uint32_t awake) {
    Config config;
    config.awake_connections = awake;
    config.max_connections = 4;
    config.keepalive = true;
    engine_ = std::make_unique<Engine>(EngineDependencies{
        .config = config, .pools = pools_, .secret = {1, 2}, .seed = 1, .drops = &drops_});
    listener_ = *engine_->listen(kSleeper.local, 8, ConnectionOptions::from(config), now_);
  }
  ~DormancyTest() override {
    drain();
    engine_.reset();
    EXPECT_TRUE(pools_.all_back());
  }
  FlowKey flow(std::uint16_t number) const {
    FlowKey key = kSleeper;
    key.remote.port = static_cast<std::uint16_t>(key.remote.port + number);
    return key;
  }
  void give(std::uint16_t number, std::uint8_t flags, SeqNum seq, SeqNum ack,
            std::size_t bytes = 0) {
    Segment segment;
    segment.flow = flow(number);
    segment.flags = flags;
    segment.seq = seq;
    segment.ack = ack;
    segment.window = 60'000;
    segment.payload_bytes = static_cast<std::uint32_t>(bytes);
    if (bytes > 0) segment.payload = *buf::Mbuf::copy_of(stream(0, bytes), *pools_.data);
    engine_->on_segment(std::move(segment), now_);
  }
  /// The sequence number of the last packet.
  SeqNum drain() {
    SeqNum last;
    OutPacket out;
    while (engine_->poll_transmit(out, now_)) {
      const Bytes bytes = bytes_of(out.packet);
      last = SeqNum{wire::TcpView::parse(bytes)->seq()};
      ++packets_;
    }
    return last;
  }
  /// An accepted connection in the seat.
  void open(std::uint16_t number, Seat& seat) {
    give(number, wire::tcp_flag::kSyn, SeqNum{99}, {});
    iss_ = drain();
    give(number, wire::tcp_flag::kAck, SeqNum{100}, iss_ + 1);
    seat.connection = listener_->dequeue();
    ASSERT_NE(seat.connection, nullptr);
    seat.connection->set_seat(&seat);
    drain();
  }

  TestPools pools_;
  DropCounters drops_;
  Instant now_ = kMorning;
  std::unique_ptr<Engine> engine_;
  Listener* listener_ = nullptr;
  SeqNum iss_;
  int packets_ = 0;
};

TEST_F(DormancyTest, nothing_points_into_what_is_moved) {
  begin(100);
  Seat seat;
  open(0, seat);
  Connection& connection = *seat.connection;
  ASSERT_TRUE(Dormancy::may_sleep(connection));
  Dormancy::prepare_to_move(connection);
  std::array<std::uintptr_t, sizeof(Connection) / sizeof(std::uintptr_t)> words;
  std::memcpy(words.data(), static_cast<const void*>(&connection), sizeof words);
  const auto from = reinterpret_cast<std::uintptr_t>(&connection);
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_FALSE(words[i] >= from && words[i] < from + sizeof(Connection))
        << "the word at " << i * sizeof(std::uintptr_t) << " points into the connection";
  }
  Dormancy::finish_move(connection, &seat);
}

TEST_F(DormancyTest, whoever_is_busy_stays_awake) {
  begin(0);
  Seat seat;
  open(0, seat);
  seat.connection->set_seat(nullptr);
  EXPECT_FALSE(Dormancy::may_sleep(*seat.connection));  // somebody has its address
  seat.connection->set_seat(&seat);
  EXPECT_TRUE(Dormancy::may_sleep(*seat.connection));
  give(0, wire::tcp_flag::kAck, SeqNum{100}, iss_ + 1, 10);
  drain();
  EXPECT_FALSE(Dormancy::may_sleep(*seat.connection));  // unread
  (void)seat.connection->read(100);
  drain();
  EXPECT_TRUE(Dormancy::may_sleep(*seat.connection));
  auto chain = pools_.chain(stream(0, 10));
  ASSERT_TRUE(seat.connection->write(chain));
  EXPECT_FALSE(Dormancy::may_sleep(*seat.connection));  // unsent
  drain();
  EXPECT_FALSE(Dormancy::may_sleep(*seat.connection));  // unacknowledged
  give(0, wire::tcp_flag::kAck, SeqNum{110}, iss_ + 11);
  drain();
  EXPECT_TRUE(Dormancy::may_sleep(*seat.connection));
  give(0, wire::tcp_flag::kAck, SeqNum{120}, iss_ + 11, 10);
  drain();
  EXPECT_FALSE(Dormancy::may_sleep(*seat.connection));  // out of order
  give(0, wire::tcp_flag::kAck | wire::tcp_flag::kFin, SeqNum{110}, iss_ + 11);
  drain();
  EXPECT_FALSE(Dormancy::may_sleep(*seat.connection));  // closed by the peer
}

TEST_F(DormancyTest, sleeps_when_memory_is_asked_for_and_wakes_in_its_seat) {
  begin(1);
  Seat first, second, third;
  open(0, first);
  open(1, second);
  engine_->make_room(now_);
  EXPECT_EQ(engine_->dormitory().size(), 0u);  // they were active just now
  now_ = now_ + 2s;
  open(2, third);
  EXPECT_GE(engine_->dormitory().size(), 1u);
  EXPECT_EQ(engine_->connection_count(), 3u);
  for (Seat* seat : {&first, &second, &third}) {
    EXPECT_NE(seat->connection == nullptr, seat->dormant == nullptr);
  }
  Seat& asleep = first.dormant != nullptr ? first : second;
  const std::uint16_t number = &asleep == &first ? 0 : 1;
  EXPECT_EQ(engine_->connect(flow(number).local, flow(number).remote, 1500, {}, now_).error(),
            Errc::kAddrInUse);
  Connection& woken = engine_->wake(*asleep.dormant, now_);
  EXPECT_EQ(asleep.connection, &woken);
  EXPECT_EQ(asleep.dormant, nullptr);
  EXPECT_EQ(woken.flow(), flow(number));
}

TEST_F(DormancyTest, keepalive_wakes_it) {
  begin(0);
  Seat seat;
  open(0, seat);
  engine_->make_room(now_);
  ASSERT_NE(seat.dormant, nullptr);
  packets_ = 0;
  while (packets_ == 0 && now_ < kMorning + 10'000s) {
    now_ = engine_->next_deadline();
    engine_->on_deadline(now_);
    drain();
  }
  EXPECT_EQ(packets_, 1);  // the probe
  EXPECT_GE(now_, kMorning + 7'200s);
  EXPECT_LE(now_, kMorning + 7'201s);
  // Without an answer it is awake until it gives up.
  EXPECT_NE(seat.connection, nullptr);
}

TEST_F(DormancyTest, those_that_sleep_count) {
  begin(0);
  std::array<Seat, 4> seats;
  for (std::uint16_t i = 0; i < 4; ++i) {
    open(i, seats[i]);
    engine_->make_room(now_);
  }
  EXPECT_EQ(engine_->connection_count(), 4u);
  give(4, wire::tcp_flag::kSyn, SeqNum{99}, {});
  iss_ = drain();
  give(4, wire::tcp_flag::kAck, SeqNum{100}, iss_ + 1);
  EXPECT_EQ(drops_[Drop::kTcpTableFull], 1u);
}

}  // namespace
}  // namespace zs::tcp
