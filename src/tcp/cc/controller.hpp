#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "base/time.hpp"
#include "tcp/cc/delivery_rate.hpp"
#include "tcp/config.hpp"

namespace zs::tcp::cc {

/// Everything an algorithm may know about one acknowledgement. Plain data: a test can write one
/// down.
struct AckSample {
  Instant now{};
  std::uint32_t newly_acked_bytes = 0;  ///< cumulative + selective, each byte counted once
  std::uint32_t bytes_in_flight = 0;    ///< before this ACK
  std::optional<Duration> rtt{};        ///< absent under Karn's rule
  Duration smoothed_rtt{};              ///< zero before the first sample
  bool app_limited = false;             ///< the window was not what held us back
  bool ecn_echo = false;                ///< the peer tells of congestion (ECE)
};

enum class LossKind : std::uint8_t { kFastRecovery, kTimeout, kEcn };

/// Decides how much may be in flight and how fast it may leave. It neither detects loss nor
/// retransmits: recovery belongs to tcp/recovery, so a new algorithm is one small file and one
/// test.
///
/// The window never falls below one segment. During fast recovery the caller does not report ACKs
/// (RFC 6675 §5 holds the window); after a timeout it does.
class Controller {
 public:
  virtual ~Controller() = default;
  virtual std::string_view name() const noexcept = 0;

  virtual void on_ack(const AckSample& ack) noexcept = 0;
  /// Once an episode: entry to fast recovery, an ECN echo; each timeout (of which repeated ones
  /// without an ACK between them count as one, RFC 5681 §3.1).
  virtual void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept = 0;
  /// The last on_loss() was a mistake (Eifel, F-RTO, D-SACK): take its reduction back.
  virtual void on_spurious(Instant now) noexcept = 0;
  /// Everything outstanding at the loss is acknowledged.
  virtual void on_recovery_exit(Instant now) noexcept = 0;
  /// Nothing was sent for longer than an RTO: restart window (RFC 5681 §4.1).
  virtual void on_idle_restart(Instant now) noexcept = 0;
  /// The sender's segment size changed (path MTU, options).
  virtual void on_mss_change(std::uint32_t mss) noexcept = 0;

  /// What on_ack() does with a sample that is app_limited: for acknowledgements by the thousand of
  /// which there is nothing else to learn.
  virtual void on_app_limited_ack(Instant now) noexcept = 0;

  std::uint32_t window_bytes() const noexcept { return cwnd_; }
  /// UINT32_MAX while no loss has been seen.
  std::uint32_t ssthresh() const noexcept { return ssthresh_; }
  bool is_slow_start() const noexcept { return cwnd_ < ssthresh_; }
  /// Bytes a second; 0 for window-only algorithms, of which those that are to pace get a rate from
  /// window and SRTT.
  virtual std::uint64_t pacing_rate() const noexcept { return 0; }

  // For algorithms with a model of the path, which pace in any case and hear of each
  // acknowledgement, during recovery too, by on_delivery().
  virtual bool wants_delivery_samples() const noexcept { return false; }
  virtual void on_delivery(const DeliverySample& /*sample*/) noexcept {}
  /// Something is sent, and nothing was outstanding before.
  virtual void on_restart(Instant /*now*/, bool /*app_limited*/) noexcept {}
  /// It leaves the window unused on purpose, to see the path's bare round trip.
  virtual bool is_draining_for_rtt() const noexcept { return false; }

 protected:
  friend class Slot;
  explicit Controller(std::uint32_t cwnd) noexcept : cwnd_(cwnd) {}
  // Here, not in each algorithm: every segment asks for them, and a virtual call to find out is
  // dearer than the answer.
  std::uint32_t cwnd_;
  std::uint32_t ssthresh_ = UINT32_MAX;
};

/// No window grows beyond the largest that RFC 7323 can advertise.
inline constexpr std::uint32_t kMaxWindow = 1u << 30;

struct Parameters {
  std::uint32_t mss = 1460;              ///< payload bytes of a full segment, > 0
  std::uint32_t initial_window = 14600;  ///< bytes; initial_window() below
  bool hystart = false;                  ///< RFC 9406, where the algorithm can
  bool paced = false;                    ///< what is sent leaves evenly
  bool ecn_alternative_backoff = false;  ///< RFC 8511
  Duration smoothed_rtt{};               ///< of the handshake; zero: unknown
  std::uint64_t seed = 0;                ///< of what an algorithm does at random
};

/// RFC 6928 §2 with the number of segments as a parameter (10 there):
/// min(n * MSS, max(2 * MSS, 1460 * n)).
constexpr std::uint32_t initial_window(std::uint32_t segments, std::uint32_t mss) noexcept {
  return std::min(segments * mss, std::max(2 * mss, 1460 * segments));
}

/// What an algorithm may begin with.
constexpr std::uint32_t starting_window(const Parameters& parameters) noexcept {
  return std::clamp(parameters.initial_window, std::max(parameters.mss, 1u), kMaxWindow);
}

/// One algorithm, stored inside the connection: selectable at run time. Without a heap allocation,
/// but for BBR's.
class Slot {
 public:
  Slot(CongestionAlgorithm algorithm, const Parameters& parameters) {
    construct(algorithm, parameters);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { std::destroy_at(controller_); }

  /// Starts anew (the handshake is over).
  void select(CongestionAlgorithm algorithm, const Parameters& parameters) {
    std::destroy_at(controller_);
    construct(algorithm, parameters);
  }

  /// TCP_CONGESTION was set: another algorithm goes on with the window that there is.
  void change(CongestionAlgorithm algorithm, const Parameters& parameters);
  /// Its bytes may be moved in between (tcp/dormancy.hpp).
  void before_move() noexcept { controller_ = nullptr; }
  void after_move() noexcept {
    controller_ = std::launder(reinterpret_cast<Controller*>(storage_));
  }

  Controller* operator->() noexcept { return controller_; }
  const Controller* operator->() const noexcept { return controller_; }
  Controller& operator*() noexcept { return *controller_; }

 private:
  static constexpr std::size_t kCapacity = 112;

  void construct(CongestionAlgorithm algorithm, const Parameters& parameters);
  template <std::derived_from<Controller> Algorithm>
  void emplace(const Parameters& parameters) {
    static_assert(sizeof(Algorithm) <= kCapacity,
                  "raise cc::Slot::kCapacity; do not reach for the heap");
    static_assert(alignof(std::uint64_t) % alignof(Algorithm) == 0);
    controller_ = ::new (static_cast<void*>(storage_)) Algorithm(parameters);
    ZS_ASSERT(static_cast<void*>(controller_) == storage_);  // after_move() relies on it
  }

  alignas(std::uint64_t) std::byte storage_[kCapacity];
  Controller* controller_ = nullptr;
};

inline Slot make(CongestionAlgorithm algorithm, const Parameters& parameters) {
  return Slot{algorithm, parameters};
}

}  // namespace zs::tcp::cc
