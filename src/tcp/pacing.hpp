#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "tcp/cc/delivery_rate.hpp"
#include "tcp/pacer.hpp"
#include "timer/wheel.hpp"

namespace zs::tcp {

class Connection;

/// What only a connection that paces keeps. As an entry of the engine's pacing wheel it says when
/// its connection may go on.
struct Pacing : timer::Entry {
  explicit Pacing(Connection& c) : connection(&c) {}

  Connection* const connection;
  Pacer pacer;
  std::optional<cc::DeliveryRate> delivery;  ///< where the controller asks for samples
};

}  // namespace zs::tcp
