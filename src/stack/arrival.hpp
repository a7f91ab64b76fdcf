#pragma once

#include <cstdint>

#include "ip/icmp.hpp"
#include "ip/incoming.hpp"

namespace zs::stack {

/// Where a packet came from.
enum class Origin : std::uint8_t { kWire, kLoopback };

/// How a packet reached the IP layer.
struct Arrival {
  std::uint16_t interface = 0;
  Origin origin = Origin::kWire;
  bool link_multicast = false;  ///< the frame was for many stations
  bool reassembled = false;     ///< it came in fragments
  bool own_echo = false;        ///< the frame says that we sent it: a hub or a loop brought it back
};

/// A packet past the IP layer's checks; its buffer still begins at the IP header.
struct Received {
  ip::Incoming ip;
  Arrival arrival;
  /// kToMany when the destination or the frame was a broadcast or multicast.
  ip::Delivery delivery = ip::Delivery::kToUs;
};

}  // namespace zs::stack
