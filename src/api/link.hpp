#pragma once

#include <cstdint>

struct ff_traffic_args;
struct rte_mbuf;

namespace zs::api {

/// What is below IP on a shard that runs by itself, for the calls that act there.
class Link {
 public:
  virtual std::uint16_t mtu() const noexcept = 0;
  /// Takes the frame, unless it returns false.
  virtual bool send(rte_mbuf* frame) noexcept = 0;
  /// So far.
  virtual ff_traffic_args traffic() const noexcept = 0;

 protected:
  ~Link() = default;
};

}  // namespace zs::api
