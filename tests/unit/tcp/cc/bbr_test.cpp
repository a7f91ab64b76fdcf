#include "tcp/cc/bbr.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "tcp/pacer.hpp"

namespace zs::tcp::cc {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kBbrMss = 1'000;
constexpr Parameters kBbrParameters{.mss = kBbrMss, .initial_window = 10 * kBbrMss, .seed = 3};

/// A path of a rate, a length and a buffer, a sender that paces as it is told, and virtual time:
/// segments one by one.
class BbrPath {
 public:
  struct Spec {
    double bytes_per_second = 1'000'000;
    Duration round_trip = 40ms;
    std::uint32_t buffer = 400'000;
    std::uint32_t lose_each = 0;  ///< one in so many
  };
  explicit BbrPath(const Spec& spec) : spec_(spec) {}

  void run(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) step();
  }
  Bbr bbr{kBbrParameters};
  std::set<BbrState> seen;
  std::uint64_t delivered = 0;
  std::uint32_t most_in_flight = 0;
  bool app_stops = false;
  Spec& spec() { return spec_; }
  Instant now() const { return now_; }

 private:
  struct Segment {
    Instant sent, arrives;
    SeqNum end;
    bool lost;
  };

  void step() {
    const bool may_send = !app_stops && in_flight_ + kBbrMss <= bbr.window_bytes();
    const Instant send_at = may_send ? std::max(pacer_.next(), now_) : Instant::never();
    const Instant ack_at = flying_.empty() ? Instant::never() : flying_.front().arrives;
    if (std::min(send_at, ack_at).is_never()) {
      now_ = now_ + 10ms;
      return;
    }
    now_ = std::max(now_, std::min(send_at, ack_at));
    if (ack_at <= send_at) {
      arrive();
    } else {
      send();
    }
  }
  void send() {
    const bool idle = in_flight_ == 0;
    in_flight_ += kBbrMss;
    nxt_ += kBbrMss;
    most_in_flight = std::max(most_in_flight, in_flight_);
    if (idle) bbr.on_restart(now_, rate_.is_app_limited());
    (void)rate_.on_sent({.snd_max = nxt_,
                         .in_flight = in_flight_,
                         .from_idle = idle,
                         .window_limited = in_flight_ + kBbrMss > bbr.window_bytes(),
                         .now = now_});
    pacer_.on_sent(kBbrMss, bbr.pacing_rate(), now_);
    const Duration each{static_cast<std::int64_t>(kBbrMss * 1e9 / spec_.bytes_per_second)};
    const auto queued = static_cast<double>((std::max(free_at_, now_) - now_).count()) * 1e-9 *
                        spec_.bytes_per_second;
    ++count_;
    bool lost = spec_.lose_each != 0 && count_ % spec_.lose_each == 0;
    if (queued + kBbrMss > spec_.buffer) {
      lost = true;
    } else {
      free_at_ = std::max(free_at_, now_) + each;
    }
    flying_.push_back({now_, std::max(free_at_, now_) + spec_.round_trip, nxt_, lost});
  }
  void arrive() {
    const Segment s = flying_.front();
    flying_.pop_front();
    in_flight_ -= kBbrMss;
    if (s.lost) {
      rate_.on_lost(kBbrMss, s.sent);
      if (!recovering_) bbr.on_loss(LossKind::kFastRecovery, now_, in_flight_);
      recovering_ = true;
      until_ = nxt_;
    } else {
      delivered += kBbrMss;
      const Duration rtt = now_ - s.sent;
      min_rtt_ = std::min(min_rtt_, rtt);
      bbr.on_delivery(rate_.on_ack({.now = now_,
                                    .una = s.end,
                                    .delivered = kBbrMss,
                                    .sent_at = s.sent,
                                    .in_flight = in_flight_,
                                    .rtt = rtt,
                                    .min_rtt = min_rtt_}));
      if (bbr.is_draining_for_rtt()) rate_.on_app_limited(in_flight_);
    }
    if (recovering_ && s.end.at_or_after(until_)) {
      recovering_ = false;
      bbr.on_recovery_exit(now_);
    }
    if (app_stops) rate_.on_app_limited(in_flight_);
    seen.insert(bbr.machine().state());
  }

  Spec spec_;
  DeliveryRate rate_;
  Pacer pacer_;
  Instant now_ = Instant::from_ns(0) + 1s;
  Instant free_at_;
  SeqNum nxt_{0}, until_{0};
  std::deque<Segment> flying_;
  std::uint32_t in_flight_ = 0;
  std::uint32_t count_ = 0;
  Duration min_rtt_ = 1h;
  bool recovering_ = false;
};

TEST(Bbr, finds_rate_and_length_of_a_path) {
  BbrPath path{{}};
  path.run(2s);
  const BbrModel& model = path.bbr.machine().model();
  EXPECT_NEAR(static_cast<double>(model.bw()), 1e6, 0.05e6);
  EXPECT_LE(model.min_rtt(), 45ms);
  EXPECT_GE(model.min_rtt(), 40ms);
  EXPECT_TRUE(path.seen.count(BbrState::kDrain));
  EXPECT_TRUE(path.seen.count(BbrState::kCruise));
}

TEST(Bbr, keeps_no_more_in_flight_than_twice_the_path) {
  BbrPath path{{}};
  path.run(2s);
  path.most_in_flight = 0;
  path.run(10s);
  EXPECT_LE(path.most_in_flight, 2.4 * 41'000 + 10'000);
}

TEST(Bbr, goes_through_all_states_and_uses_the_path) {
  BbrPath path{{}};
  path.run(12s);
  EXPECT_EQ(path.seen.size(), 7u);  // ProbeRTT comes after five seconds
  EXPECT_GE(static_cast<double>(path.delivered), 0.9 * 12e6);
}

// What makes it worth having: losses below its threshold say nothing of the rate.
TEST(Bbr, bears_one_percent_of_loss) {
  BbrPath path{{.lose_each = 100}};
  path.run(10s);
  EXPECT_GE(static_cast<double>(path.delivered), 0.8 * 10e6);
}

TEST(Bbr, yields_to_losses_above_its_threshold) {
  BbrPath path{{.lose_each = 12}};
  path.run(5s);
  EXPECT_LT(path.bbr.machine().model().inflight_hi, BbrModel::kNoVolume);
  EXPECT_GT(path.delivered, 500'000u);
}

TEST(Bbr, keeps_to_a_shallow_buffer) {
  BbrPath path{{.buffer = 10'000}};
  path.run(10s);
  EXPECT_GE(static_cast<double>(path.delivered), 0.7 * 10e6);
  EXPECT_LT(path.bbr.machine().model().inflight_hi, 120'000u);
}

TEST(Bbr, follows_a_path_that_becomes_faster_and_slower) {
  BbrPath path{{}};
  path.run(3s);
  path.spec().bytes_per_second = 2'000'000;
  path.run(10s);
  EXPECT_GE(static_cast<double>(path.bbr.machine().model().bw()), 1.8e6);
  path.spec().bytes_per_second = 500'000;
  path.spec().buffer = 60'000;
  const std::uint64_t before = path.delivered;
  path.run(10s);
  EXPECT_GE(path.delivered - before, 4'000'000u);
}

TEST(Bbr, paces_after_a_pause_at_the_known_rate) {
  BbrPath path{{}};
  path.run(3s);
  path.app_stops = true;
  path.run(2s);
  path.app_stops = false;
  path.run(1ms);
  EXPECT_NEAR(static_cast<double>(path.bbr.pacing_rate()), 1e6, 0.1e6);
  const std::uint64_t before = path.delivered;
  path.run(1s);
  EXPECT_GE(path.delivered - before, 850'000u);
}

TEST(Bbr, begins_with_one_segment_after_a_timeout_and_comes_back) {
  BbrPath path{{}};
  path.run(2s);
  const std::uint32_t before = path.bbr.window_bytes();
  path.bbr.on_loss(LossKind::kTimeout, path.now(), before);
  EXPECT_EQ(path.bbr.window_bytes(), kBbrMss);
  path.bbr.on_recovery_exit(path.now());
  EXPECT_EQ(path.bbr.window_bytes(), before);
}

TEST(Bbr, takes_a_spurious_loss_back) {
  BbrPath path{{}};
  path.run(2s);
  const std::uint32_t before = path.bbr.window_bytes();
  path.bbr.on_loss(LossKind::kTimeout, path.now(), before);
  path.bbr.on_spurious(path.now());
  EXPECT_EQ(path.bbr.window_bytes(), before);
}

TEST(Bbr, starts_at_the_rate_of_its_first_window) {
  Bbr bbr{{.mss = kBbrMss, .initial_window = 10'000, .smoothed_rtt = 10ms}};
  EXPECT_EQ(bbr.pacing_rate(), 2'770'000u);
  EXPECT_EQ(bbr.window_bytes(), 10'000u);
}

}  // namespace
}  // namespace zs::tcp::cc
