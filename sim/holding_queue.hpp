#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "base/time.hpp"
#include "buf/pool.hpp"
#include "dev/queue.hpp"
#include "sim/held_frame.hpp"

namespace zs::sim {

/// The driver that a zero-copy stack has to fear: it changes the packets that it is given
/// (mangle_like_a_driver()), gives them back long after they have left, and notices when somebody
/// touches one that it still holds. What travels on is a copy, made before. What it receives lies
/// in buffers of its own host's, as a NIC would have it; without one the frame is lost.
///
/// It reads no clock: call advance() before each burst.
class HoldingQueue final : public dev::PacketQueue {
 public:
  struct Config {
    Duration hold{};            ///< from acceptance to release
    std::uint32_t ring = 1024;  ///< most packets held; then nothing is accepted
  };
  /// `inner` and the pools (for the copies) outlive it.
  HoldingQueue(dev::PacketQueue& inner, const Config& config, buf::Pools pools)
      : inner_(inner), config_(config), pools_(pools) {}

  /// Frees what is due, after a look at whether it is as it was taken. Time does not go back.
  void advance(Instant now);
  Instant next_deadline() const { return held_.empty() ? Instant::never() : held_.front().due; }
  /// As long as it is set, nothing is accepted: a NIC whose ring does not move.
  void set_stuck(bool stuck) { stuck_ = stuck; }

  /// What was touched first of the packets that were released so far, or nothing.
  const std::string& violation() const { return violation_; }
  /// Looks at all that is still held.
  void inspect();
  std::size_t held() const { return held_.size(); }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t lost_without_buffer() const { return lost_; }
  /// Times that it took less than it was offered.
  std::uint64_t refusals() const { return refusals_; }

  const dev::Capabilities& capabilities() const noexcept override { return inner_.capabilities(); }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override { return inner_.tx_pending(); }
  bool link_up() const noexcept override { return inner_.link_up(); }
  dev::QueueStats stats() const noexcept override { return inner_.stats(); }

 private:
  struct Held {
    Instant due;
    HeldFrame frame;
  };
  void look_at(const HeldFrame& frame);

  dev::PacketQueue& inner_;
  Config config_;
  buf::Pools pools_;
  Instant now_;
  std::deque<Held> held_;
  std::string violation_;
  std::uint64_t accepted_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t refusals_ = 0;
  bool stuck_ = false;
};

}  // namespace zs::sim
