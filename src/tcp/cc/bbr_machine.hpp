#pragma once

#include <cstdint>

#include "base/random.hpp"
#include "base/time.hpp"
#include "tcp/cc/bbr_model.hpp"

namespace zs::tcp::cc {

/// What BBR is about: draft-ietf-ccwg-bbr, "State Machine".
enum class BbrState : std::uint8_t {
  kStartup,  ///< doubles the rate each round until the path delivers no more
  kDrain,    ///< empties the queue that Startup built
  kDown,     ///< ProbeBW: below the rate, to leave room for others
  kCruise,   ///< ProbeBW: at the rate
  kRefill,   ///< ProbeBW: fills the path before probing
  kUp,       ///< ProbeBW: probes for more
  kProbeRtt  ///< little in flight, to see how long the path is
};

/// The states, and from them and the model what there is to control: rate and window.
class BbrMachine {
 public:
  BbrMachine(std::uint32_t mss, std::uint32_t initial_window, Duration smoothed_rtt,
             std::uint64_t seed);

  void on_sample(const DeliverySample& s) noexcept;
  void on_recovery() noexcept;
  void on_timeout() noexcept;
  void on_mark() noexcept { model_.on_mark(); }
  void on_recovery_exit() noexcept;
  void on_spurious() noexcept;
  void on_restart(Instant now, bool app_limited) noexcept;
  void set_mss(std::uint32_t mss) noexcept;

  BbrState state() const noexcept { return state_; }
  std::uint32_t window() const noexcept { return cwnd_; }
  std::uint64_t pacing_rate() const noexcept { return pacing_rate_; }
  const BbrModel& model() const noexcept { return model_; }

 private:
  // bbr_machine.cpp: one after the other, for each sample.
  void note_losses(const DeliverySample& s) noexcept;
  void check_full_bw(const DeliverySample& s) noexcept;
  void check_startup(const DeliverySample& s) noexcept;
  void check_startup_losses(const DeliverySample& s) noexcept;
  void check_drain(const DeliverySample& s) noexcept;
  void check_probe_rtt(const DeliverySample& s) noexcept;
  void handle_probe_rtt(const DeliverySample& s) noexcept;
  void leave_probe_rtt_if_done(Instant now, std::uint64_t delivered) noexcept;
  void reset_full_bw() noexcept;

  // bbr_probing.cpp: ProbeBW.
  void update_cycle(const DeliverySample& s) noexcept;
  void adapt_long_term(const DeliverySample& s) noexcept;
  void probe_upward(const DeliverySample& s) noexcept;
  void raise_slope() noexcept;
  void on_inflight_too_high(std::uint32_t tx_in_flight, bool app_limited, Instant now,
                            std::uint64_t delivered) noexcept;
  bool is_time_to_probe(const DeliverySample& s) noexcept;
  bool is_time_to_cruise(const DeliverySample& s) const noexcept;
  bool is_time_to_go_down(const DeliverySample& s) noexcept;
  void start_down(Instant now, std::uint64_t delivered) noexcept;
  void start_cruise() noexcept;
  void start_refill(std::uint64_t delivered) noexcept;
  void start_up(const DeliverySample& s) noexcept;

  // bbr_control.cpp
  bool is_in_probe_bw() const noexcept {
    return state_ >= BbrState::kDown && state_ <= BbrState::kUp;
  }
  bool is_probing_bandwidth() const noexcept {
    return state_ == BbrState::kStartup || state_ == BbrState::kRefill || state_ == BbrState::kUp;
  }
  double pacing_gain() const noexcept;
  double window_gain() const noexcept;
  void set_pacing_rate(double gain) noexcept;
  std::uint32_t quantized(std::uint32_t volume) const noexcept;
  std::uint32_t inflight(std::uint64_t bw, double gain) const noexcept;
  std::uint32_t target_inflight() const noexcept;
  std::uint32_t probe_rtt_window() const noexcept;
  void set_window(const DeliverySample& s) noexcept;
  void bound_window() noexcept;
  void save_window() noexcept;

  enum class AckPhase : std::uint8_t { kInit, kRefilling, kStarting, kFeedback, kStopping };

  BbrModel model_;
  Random random_;
  BbrState state_ = BbrState::kStartup;
  AckPhase ack_phase_ = AckPhase::kInit;
  bool in_recovery_ = false;
  bool in_loss_ = false;  ///< after a timeout
  bool full_bw_now_ = false;
  bool full_bw_reached_ = false;
  bool bw_probe_samples_ = false;  ///< the samples are of the time since the last probe began
  bool idle_restart_ = false;
  bool probe_rtt_round_done_ = false;
  std::uint8_t full_bw_rounds_ = 0;
  std::uint8_t probe_up_rounds_ = 0;

  std::uint32_t initial_window_;
  std::uint32_t cwnd_;
  std::uint32_t prior_cwnd_ = 0;  ///< before a timeout or ProbeRTT
  std::uint64_t pacing_rate_ = 0;
  std::uint64_t full_bw_ = 0;

  std::uint32_t rounds_since_probe_ = 0;
  std::uint32_t probe_up_acks_ = 0;
  std::uint32_t probe_up_each_ = UINT32_MAX;  ///< bytes acknowledged for one segment more
  Duration probe_wait_{};
  Instant cycle_since_;
  Instant probe_rtt_done_ = Instant::never();

  struct Saved {
    std::uint64_t bw_lo = BbrModel::kNoRate;
    std::uint32_t inflight_lo = BbrModel::kNoVolume;
    std::uint32_t inflight_hi = BbrModel::kNoVolume;
  } before_loss_;
};

}  // namespace zs::tcp::cc
