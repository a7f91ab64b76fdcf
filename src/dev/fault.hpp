#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/time.hpp"
#include "buf/pool.hpp"
#include "dev/queue.hpp"

namespace zs::dev {

enum class SuperFrames : std::uint8_t {
  kPass,  ///< a super-frame is lost, delayed or doubled as a whole
  kCut    ///< cut first, so that 1 % loss is 1 % of what a wire would carry
};

/// What one direction of a bad cable does. Probabilities are of a frame.
struct FaultConfig {
  double loss = 0;
  double duplicate = 0;
  double corrupt = 0;  ///< one bit; super-frames are then always cut
  double mark = 0;     ///< CE, on what may be marked (RFC 3168 §5)
  /// As a switch does: marks what finds so many bytes waiting before the rate limit. 0: nothing.
  std::uint32_t mark_queue_bytes = 0;
  double reorder = 0;  ///< held back by `reorder_delay`, so that later frames overtake
  Duration reorder_delay = std::chrono::milliseconds{1};
  std::uint32_t swallow_above = 0;  ///< longer frames vanish, and nobody says so; 0: none do
  Duration delay{0};
  Duration jitter{0};                      ///< up to this much more, at random; keeps the order
  std::uint64_t bits_per_second = 0;       ///< 0: no limit
  std::uint32_t queue_bytes = 256 * 1024;  ///< before the rate limit; more is lost at its tail
  SuperFrames super_frames = SuperFrames::kCut;
};

struct FaultStats {
  std::uint64_t passed = 0;
  std::uint64_t lost = 0;        ///< by `loss`
  std::uint64_t overflow = 0;    ///< no room in the queue or on the cable
  std::uint64_t no_buffers = 0;  ///< lost because a cut or a copy found no buffer
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t marked = 0;
  std::uint64_t reordered = 0;
};

/// A bad cable around any queue, each direction on its own, replayable from its seed.
///
/// It reads no clock: call advance() before each burst; next_deadline() says when a frame that is
/// held back is due. Corruption never touches bytes that others hold, and is never hidden by an
/// offload: the checksums are completed first, and the flags that vouched for them go. Frames that
/// carry no checksum over all that matters (ARP, fragments) are lost instead, as a link's own
/// checksum would have them.
///
/// It always accepts what is sent; at most kMaxInFlight frames a direction are held.
class FaultQueue final : public PacketQueue {
 public:
  static constexpr std::size_t kMaxInFlight = 8192;

  /// `inner` and the pools outlive it.
  FaultQueue(PacketQueue& inner, const FaultConfig& tx, const FaultConfig& rx, buf::Pools pools,
             std::uint64_t seed);
  ~FaultQueue() override;
  FaultQueue(const FaultQueue&) = delete;
  FaultQueue& operator=(const FaultQueue&) = delete;

  /// Time does not go back. Frames that became due are sent; due frames to receive wait for
  /// rx_burst().
  void advance(Instant now) noexcept;
  /// When advance() has something to do next, never() if nothing is held back. A moment in the past
  /// means that the inner queue or the receiver did not take what was due.
  Instant next_deadline() const noexcept;
  /// Changes the weather; frames on the way keep their due times.
  void set_tx(const FaultConfig& config) noexcept;
  void set_rx(const FaultConfig& config) noexcept;
  const FaultStats& tx_faults() const noexcept;
  const FaultStats& rx_faults() const noexcept;

  const Capabilities& capabilities() const noexcept override { return inner_.capabilities(); }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override { return inner_.tx_pending(); }
  int wake_fd() const noexcept override { return inner_.wake_fd(); }
  Wake arm_wake() noexcept override { return inner_.arm_wake(); }
  void disarm_wake() noexcept override { inner_.disarm_wake(); }
  bool link_up() const noexcept override { return inner_.link_up(); }
  QueueStats stats() const noexcept override { return inner_.stats(); }

  class Pipe;

 private:
  void send_due() noexcept;

  PacketQueue& inner_;
  Instant now_;
  std::unique_ptr<Pipe> tx_;
  std::unique_ptr<Pipe> rx_;
};

}  // namespace zs::dev
