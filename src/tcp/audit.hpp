#pragma once

#include "tcp/seq.hpp"

namespace zs::tcp {

/// What a connection looked like when it was last audited (Connection::audit()): some invariants
/// are about what may never go back. For the simulator and tests; nothing else pays for it.
struct Audit {
  bool begun = false;
  SeqNum iss, irs;
  SeqNum una, max;
  SeqNum rcv_nxt, advertised;
};

}  // namespace zs::tcp
