#pragma once

#include <cstddef>

#include "base/time.hpp"
#include "tcp/seat.hpp"

namespace zs::tcp {

/// What it takes to move a connection's bytes elsewhere and back (ADR 15).
struct Dormancy {
  /// Nothing is going on with it, and nobody has its address but its seat.
  static bool may_sleep(const Connection& c);
  static Instant last_active(const Connection& c);
  /// Of its FlowKey, in bytes.
  static std::size_t flow_offset(const Connection& c);
  /// Between these two it may be moved. The first takes its seat and its timer away, and whatever
  /// memory it keeps in reserve. Precondition: may_sleep().
  static void prepare_to_move(Connection& c);
  static void finish_move(Connection& c, Seat* seat);
};

}  // namespace zs::tcp
