// Header prediction is a shortcut and nothing else: two connections get the same segments and the
// same calls, one by way of prediction wherever that is possible, and must not differ in anything
// that can be seen.

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/random.hpp"
#include "tcp/connection.hpp"
#include "tcp/listener.hpp"
#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using namespace test;

struct Settings {
  bool timestamps = true;
  bool sack = true;
  bool options = false;  ///< the application plays with what leaves the short way
  bool ecn = false;
};

/// What no plain segment has: the flags ECE and CWR, and a router's mark.
struct Marks {
  std::uint8_t flags = 0;
  bool congested = false;
  bool any() const { return flags != 0 || congested; }
};

class Host {
 public:
  enum class Ways : bool { kOrdinary, kShort };
  Host(const Settings& settings, Ways ways) : short_ways_(ways == Ways::kShort) {
    shared_.drops = &drops_;
    shared_.pools = pools_;
    PassiveOpen open{.flow = kFlow,
                     .iss = SeqNum{kIss},
                     .irs = SeqNum{kIrs},
                     .negotiated = {.peer_mss = 1'000,
                                    .timestamps = settings.timestamps,
                                    .sack = settings.sack,
                                    .window_scaling = true,
                                    .ecn = settings.ecn,
                                    .send_scale = 2,
                                    .receive_scale = 2,
                                    .recent_timestamp = kFirstStamp},
                     .options = ConnectionOptions::from(Config{}),
                     .receive_window = 20'000,
                     .handshake_rtt = std::chrono::milliseconds{1}};
    open.options.receive_buffer_bytes = 20'000;
    open.options.send_buffer_bytes = 20'000;
    open.options.keepalive = true;
    connection_.emplace(shared_, open, Instant{});
    connection_->set_owner(1);
    // The SYN-ACK was acknowledged.
    on_segment({.flow = kFlow,
                .seq = kIrs + 1,
                .ack = kIss + 1,
                .window = 5'000,
                .has_timestamps = settings.timestamps,
                .timestamps = {kFirstStamp, 0}},
               0, Instant{});
  }
  ~Host() {
    while (!shared_.changed.empty()) shared_.changed.pop_front();
    while (!shared_.transmit.empty()) shared_.transmit.pop_front();
    connection_.reset();
    EXPECT_TRUE(pools_.all_back());
  }

  static constexpr std::uint32_t kIss = 0xffff'f000;  // wraps soon
  static constexpr std::uint32_t kIrs = 0xffff'e000;
  static constexpr std::uint32_t kFirstStamp = 0xffff'fff0;
  static const FlowKey kFlow;

  /// The ordinary way.
  void on_segment(const wire::PlainTcp& s, std::uint64_t from, Instant now, Marks marks = {}) {
    Segment segment;
    segment.flow = s.flow;
    segment.seq = SeqNum{s.seq};
    segment.ack = SeqNum{s.ack};
    segment.window = s.window;
    segment.flags = wire::tcp_flag::kAck | marks.flags;
    segment.congested = marks.congested;
    if (s.has_timestamps) segment.options.timestamps = s.timestamps;
    segment.payload_bytes = s.payload_bytes;
    segment.segment_size = static_cast<std::uint16_t>(s.payload_bytes);
    if (s.payload_bytes > 0) segment.payload = payload(s.payload_bytes, from);
    connection_->on_segment(std::move(segment), now);
  }
  /// The short way, if there is one.
  bool on_predicted(const wire::PlainTcp& s, std::uint64_t from, Instant now, Marks marks = {}) {
    if (marks.any() || !connection_->predicts(s)) {
      on_segment(s, from, now, marks);
      return false;
    }
    wire::PlainTcp framed = s;
    framed.header_bytes = 54;
    buf::Mbuf frame = payload(s.payload_bytes, from);
    EXPECT_TRUE(frame.prepend(framed.header_bytes));
    connection_->on_predicted(framed, std::move(frame).release(),
                              static_cast<std::uint16_t>(s.payload_bytes), now);
    shared_.returns.flush();
    return true;
  }

  /// Everything that it wants to send, as bytes, each with its ECN field behind it.
  std::vector<Bytes> sent(Instant now) {
    std::vector<Bytes> all;
    OutPacket out;
    SteadyPacket steady;
    if (short_ways_ && connection_->poll_steady(steady, now)) {
      all.push_back(bytes_of(packet_of(steady)));
      all.back().push_back(static_cast<std::byte>(wire::ecn_of(steady.ipv4_start)));
      ++steadily_sent_;
    } else {
      while (connection_->poll_transmit(out, now)) {
        all.push_back(bytes_of(out.packet));
        all.back().push_back(static_cast<std::byte>(out.ecn));
      }
    }
    if (!shared_.transmit.empty()) shared_.transmit.pop_front();
    return all;
  }
  bool has_news() {
    const bool any = !shared_.changed.empty();
    if (any) shared_.changed.pop_front();
    return any;
  }
  Bytes read(std::uint32_t limit) {
    const auto chain = connection_->read(limit);
    return chain ? bytes_of(*chain) : Bytes{};
  }
  bool write(const Bytes& bytes, bool more) {
    auto chain = pools_.chain(bytes);
    return connection_->write(chain, more).has_value();
  }
  void set_options(bool cork, int quick_ack, Instant now) {
    connection_->options().cork = cork;
    connection_->options().read_low_water = cork ? 500 : 1;
    connection_->on_options_changed(now);
    connection_->set_quick_ack(quick_ack);
  }
  Connection& connection() { return *connection_; }
  const Counters& counters() const { return shared_.counters; }
  int steadily_sent() const { return steadily_sent_; }

 private:
  /// What egress makes of it, less the other headers.
  static buf::Mbuf packet_of(const SteadyPacket& steady) {
    rte_mbuf* const m = steady.packet;
    m->data_off = static_cast<std::uint16_t>(steady.payload_off - steady.header_bytes);
    m->data_len = static_cast<std::uint16_t>(steady.payload_bytes + steady.header_bytes);
    m->pkt_len = m->data_len;
    m->nb_segs = 1;
    m->next = nullptr;
    return buf::Mbuf::adopt(m);
  }
  buf::Mbuf payload(std::uint32_t bytes, std::uint64_t from) {
    return *buf::Mbuf::copy_of(stream(from, bytes), *pools_.data);
  }

  bool short_ways_;
  int steadily_sent_ = 0;
  TestPools pools_;
  DropCounters drops_;
  Shared shared_;
  std::optional<Connection> connection_;
};
const FlowKey Host::kFlow{{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), 1024}};

/// A peer that mostly behaves.
class Peer {
 public:
  Peer(const Settings& settings, std::uint64_t seed) : settings_(settings), random_(seed) {}

  void on_packet(Bytes bytes) {
    bytes.pop_back();  // the ECN field
    const auto view = wire::TcpView::parse(bytes);
    ASSERT_TRUE(view);
    const SeqNum end =
        SeqNum{view->seq()} + static_cast<std::uint32_t>(bytes.size() - view->header_length());
    if (SeqNum{view->seq()} == rcv_nxt_) rcv_nxt_ = end;
    snd_una_ = SeqNum::later(snd_una_, SeqNum{view->ack()});
    snd_nxt_ = SeqNum::later(snd_nxt_, snd_una_);  // more was taken than it meant to send
  }
  wire::PlainTcp next(Instant now) {
    if (random_.chance(0.3)) snd_nxt_ = snd_una_;  // some of it may have been refused
    wire::PlainTcp s{.flow = Host::kFlow,
                     .seq = snd_nxt_.raw(),
                     .ack = rcv_nxt_.raw(),
                     .window = window_,
                     .has_timestamps = settings_.timestamps,
                     .timestamps = {}};
    s.timestamps = {static_cast<std::uint32_t>(Host::kFirstStamp + now.ns() / 1'000'000), 0};
    if (random_.chance(0.7)) s.payload_bytes = 1 + random_.below(900);
    disturb(s);
    if (SeqNum{s.seq} == snd_nxt_ && room() >= s.payload_bytes) snd_nxt_ += s.payload_bytes;
    return s;
  }
  Marks marks() {
    Marks m;
    if (!settings_.ecn) return m;
    if (random_.chance(0.1)) m.flags |= wire::tcp_flag::kEce;
    if (random_.chance(0.1)) m.flags |= wire::tcp_flag::kCwr;
    m.congested = random_.chance(0.1);
    return m;
  }
  /// Where in the stream a segment's bytes belong.
  static std::uint64_t offset(const wire::PlainTcp& s) { return s.seq - (Host::kIrs + 1); }
  Random& random() { return random_; }

 private:
  std::uint32_t room() const { return 20'000 - (snd_nxt_.raw() - snd_una_.raw()); }
  /// Old, early, duplicate, beyond the window, without its timestamp, of another window.
  void disturb(wire::PlainTcp& s) {
    switch (random_.below(25)) {
      case 0:
        s.seq -= random_.below(3'000);
        break;
      case 1:
        s.seq += random_.below(3'000);
        break;
      case 2:
        s.ack -= random_.below(5'000);
        break;
      case 3:
        s.ack += random_.below(5'000);
        break;
      case 4:
        s.timestamps.value -= random_.below(100);
        break;
      case 5:
        s.has_timestamps = !s.has_timestamps;
        break;
      case 6:
        window_ = static_cast<std::uint16_t>(random_.below(6'000));
        break;
      case 7:
        s.payload_bytes = 30'000 + random_.below(10'000);
        break;
      case 8:
        s.payload_bytes = 0;
        break;
      default:
        break;
    }
  }

  Settings settings_;
  Random random_;
  std::uint16_t window_ = 5'000;
  SeqNum snd_nxt_{Host::kIrs + 1};
  SeqNum snd_una_{Host::kIrs + 1};
  SeqNum rcv_nxt_{Host::kIss + 1};
};

void expect_alike(Host& ordinary, Host& predicting, Peer& peer, Instant now) {
  EXPECT_EQ(ordinary.has_news(), predicting.has_news());
  const auto sent = ordinary.sent(now);
  ASSERT_EQ(sent, predicting.sent(now));
  for (const Bytes& packet : sent) peer.on_packet(packet);
  Connection& a = ordinary.connection();
  Connection& b = predicting.connection();
  ASSERT_EQ(a.state(), b.state());
  EXPECT_EQ(a.next_deadline(), b.next_deadline());
  EXPECT_EQ(a.is_readable(), b.is_readable());
  EXPECT_EQ(a.is_writable(), b.is_writable());
  EXPECT_EQ(a.error(), b.error());
}

/// How many segments took the short way, in and out.
struct Shortened {
  int in = 0;
  int out = 0;
};

Shortened live_one_life(const Settings& settings, std::uint64_t seed) {
  Host ordinary(settings, Host::Ways::kOrdinary);
  Host predicting(settings, Host::Ways::kShort);
  Peer peer(settings, seed);
  Random& random = peer.random();
  Instant now;
  std::uint64_t written = 0;
  Shortened shortened;
  for (int step = 0; step < 400 && !testing::Test::HasFatalFailure(); ++step) {
    now = now + Duration{random.below(3'000'000)};
    if (random.chance(0.02)) now = now + std::chrono::seconds{1 + random.below(3)};
    for (Host* host : {&ordinary, &predicting}) {
      if (now >= host->connection().next_deadline()) host->connection().on_deadline(now);
    }
    if (random.chance(0.7)) {
      const wire::PlainTcp segment = peer.next(now);
      const Marks marks = peer.marks();
      ordinary.on_segment(segment, Peer::offset(segment), now, marks);
      shortened.in += predicting.on_predicted(segment, Peer::offset(segment), now, marks) ? 1 : 0;
    }
    if (random.chance(0.5)) {
      const std::uint32_t limit = 1 + random.below(5'000);
      EXPECT_EQ(ordinary.read(limit), predicting.read(limit));
    }
    if (random.chance(0.4)) {
      const Bytes bytes = stream(written, 1 + random.below(2'500));
      const bool more = settings.options && random.chance(0.2);
      const bool fits = ordinary.write(bytes, more);
      EXPECT_EQ(fits, predicting.write(bytes, more));
      if (fits) written += bytes.size();
    }
    if (settings.options && random.chance(0.05)) {
      const bool cork = random.chance(0.3);
      const auto quick_ack = static_cast<int>(random.below(3));
      for (Host* host : {&ordinary, &predicting}) host->set_options(cork, quick_ack, now);
    }
    expect_alike(ordinary, predicting, peer, now);
  }
  EXPECT_EQ(ordinary.counters().retransmitted_segments,
            predicting.counters().retransmitted_segments);
  EXPECT_EQ(ordinary.counters().congestion_reductions, predicting.counters().congestion_reductions);
  EXPECT_EQ(ordinary.counters().duplicate_bytes_in, predicting.counters().duplicate_bytes_in);
  shortened.out = predicting.steadily_sent();
  return shortened;
}

TEST(Prediction, DoesWhatTheOrdinaryWayDoes) {
  for (const bool timestamps : {false, true}) {
    for (const bool sack : {false, true}) {
      Shortened all;
      for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(testing::Message()
                     << "timestamps " << timestamps << ", sack " << sack << ", seed " << seed);
        const Shortened one = live_one_life({.timestamps = timestamps, .sack = sack}, seed);
        all.in += one.in;
        all.out += one.out;
        ASSERT_FALSE(testing::Test::HasFailure());
      }
      EXPECT_GT(all.in, 3'000);
      EXPECT_GT(all.out, 300);
    }
  }
}

TEST(Prediction, DoesWhatTheOrdinaryWayDoesWithMarksAndEchoes) {
  Shortened all;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Shortened one = live_one_life({.ecn = true}, seed);
    all.in += one.in;
    all.out += one.out;
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  EXPECT_GT(all.in, 100);
  EXPECT_GT(all.out, 10);
}

TEST(Prediction, LeavesToTheOrdinaryWayWhatOptionsAskFor) {
  Shortened all;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Shortened one = live_one_life({.options = true}, seed);
    all.in += one.in;
    all.out += one.out;
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  EXPECT_GT(all.in, 1'000);
  EXPECT_GT(all.out, 50);
}

}  // namespace
}  // namespace zs::tcp
