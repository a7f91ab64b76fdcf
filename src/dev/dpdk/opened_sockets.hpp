#pragma once

#include <vector>

namespace zs::dev {

/// Finds the socket that a driver opened and shows to nobody: DPDK 22.11 has no call for it, and a
/// sleeping shard needs one. While it looks no other thread may open sockets.
class OpenedSockets {
 public:
  /// Remembers the descriptors that are open now.
  OpenedSockets();
  /// The sockets of `family` (AF_XDP, AF_PACKET) that were opened since.
  std::vector<int> find(int family) const;

 private:
  std::vector<int> before_;  ///< sorted
};

}  // namespace zs::dev
