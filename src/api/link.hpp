#pragma once

#include <cstdint>

struct rte_mbuf;

namespace zs::api {

/// What is below IP on a shard that runs by itself, for the calls that act there.
class Link {
 public:
  struct Traffic {
    std::uint64_t rx_packets = 0, rx_bytes = 0;
    std::uint64_t tx_packets = 0, tx_bytes = 0;
  };

  virtual std::uint16_t mtu() const noexcept = 0;
  /// Takes the frame, unless it returns false.
  virtual bool send(rte_mbuf* frame) noexcept = 0;
  /// So far.
  virtual Traffic traffic() const noexcept = 0;

 protected:
  ~Link() = default;
};

}  // namespace zs::api
