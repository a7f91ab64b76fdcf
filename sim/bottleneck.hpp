#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "buf/pool.hpp"
#include "dev/fault.hpp"
#include "dev/queue.hpp"
#include "sim/link_spec.hpp"

namespace zs::sim {

/// Two switches with one link between them: whatever goes from one side to the other shares the
/// link's rate, queue and faults. Hosts of one side do not hear each other.
///
/// A frame that arrives is copied into buffers of the receiving host's, as a NIC's DMA would.
class Bottleneck {
 public:
  enum class Side : std::uint8_t { kLeft, kRight };

  Bottleneck(const LinkSpec& link, std::uint64_t seed);
  ~Bottleneck();
  Bottleneck(const Bottleneck&) = delete;
  Bottleneck& operator=(const Bottleneck&) = delete;

  /// A place for a host; the pools outlive the bottleneck. Borrowed.
  dev::PacketQueue& add_port(Side side, const MacAddress& mac, buf::Pools pools);
  /// Moves what is due; true if anything arrived. Time does not go back.
  bool advance(Instant now);
  Instant next_deadline() const;
  const dev::FaultStats& faults(Side from) const;

 private:
  class Port;
  class Fabric;

  std::uint16_t mtu_;
  std::unique_ptr<buf::Pool> data_;  ///< of the doubles that the link makes
  std::unique_ptr<buf::Pool> indirect_;
  std::unique_ptr<Fabric> to_left_, to_right_;
  std::unique_ptr<dev::FaultQueue> leftward_, rightward_;
  std::vector<std::unique_ptr<Port>> ports_;
};

}  // namespace zs::sim
