#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <utility>

#include "base/time.hpp"
#include "buf/pool.hpp"
#include "dev/queue.hpp"

namespace zs::sim {

enum class Heading : std::uint8_t { kIn, kOut, kForged };

/// Sits between a host and its cable, shows every frame to whoever listens, and can add frames to
/// those that arrive, as somebody on the same wire could. Frames with offload requests are shown as
/// they stand.
///
/// It reads no clock: call advance() before each burst.
class Wiretap final : public dev::PacketQueue {
 public:
  using Listener = std::function<void(Instant now, Heading heading, const rte_mbuf& frame)>;

  /// `inner` and the pools outlive it; injected frames lie in pools.data.
  Wiretap(dev::PacketQueue& inner, buf::Pools pools) : inner_(inner), pools_(pools) {}
  ~Wiretap() override;
  Wiretap(const Wiretap&) = delete;
  Wiretap& operator=(const Wiretap&) = delete;

  void advance(Instant now) { now_ = now; }
  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }
  /// False, and the frame is lost, when there are no buffers.
  bool inject(std::span<const std::byte> frame);

  const dev::Capabilities& capabilities() const noexcept override { return inner_.capabilities(); }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override { return inner_.tx_pending(); }
  bool link_up() const noexcept override { return inner_.link_up(); }
  dev::QueueStats stats() const noexcept override { return inner_.stats(); }

 private:
  void show(Heading heading, const rte_mbuf& frame) const;

  dev::PacketQueue& inner_;
  buf::Pools pools_;
  Instant now_;
  std::deque<Listener> listeners_;
  std::deque<rte_mbuf*> injected_;
};

}  // namespace zs::sim
