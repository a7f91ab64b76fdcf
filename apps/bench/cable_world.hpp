#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/offload_queue.hpp"
#include "dev/pair.hpp"
#include "runtime/config.hpp"
#include "sock/socket_table.hpp"
#include "stack/shard.hpp"

namespace zs::bench {

enum class CableOffloads : std::uint8_t { kNone, kAll };

struct CableOptions {
  std::string name = "bench";  ///< of its pools; worlds that exist together differ in it
  std::uint16_t mtu = 1500;
  CableOffloads offloads = CableOffloads::kAll;  ///< none: the stacks' software does it all
  dev::Delivery delivery = dev::Delivery::kBuffers;
  std::uint32_t buffers = 32'768;      ///< a side
  std::uint32_t descriptors = 65'536;  ///< sockets a side
  tcp::Config tcp = {};
  /// The server has an IPv6 address too, and answers everybody, by way of the client.
  bool faces_the_internet = false;
};

/// Both stacks know each other's MAC address after their first packet, as on any link.
inline const IpAddress kServerAddress = IpAddress::v4(10, 0, 0, 1);
inline const IpAddress kClientAddress = IpAddress::v4(10, 0, 0, 2);

/// Of one that faces the Internet.
inline const IpAddress kServerAddressV6 = *IpAddress::parse("2001:db8::1");

/// One end of the cable: a whole stack without a loop, to be driven by one thread.
struct CableEnd {
  std::unique_ptr<buf::Pool> data;
  std::unique_ptr<buf::Pool> indirect;
  std::unique_ptr<dev::OffloadQueue> offload;  ///< where the cable's end lacks offloads
  dev::PacketQueue* queue = nullptr;
  std::unique_ptr<stack::Shard> shard;
  std::unique_ptr<sock::SocketTable> sockets;

  buf::Pools pools() const { return {data.get(), indirect.get()}; }
  /// Payload bytes that the stack and its stand-ins have copied.
  std::uint64_t copied_bytes() const;
};

/// A server's and a client's stack in one process, joined by a `pair` cable that passes the buffers
/// themselves. EAL must be running.
class CableWorld {
 public:
  /// On failure `why` tells the user.
  static Result<std::unique_ptr<CableWorld>> create(const CableOptions& options, std::string& why);
  ~CableWorld();
  CableWorld(const CableWorld&) = delete;
  CableWorld& operator=(const CableWorld&) = delete;

  CableEnd& server() { return server_; }
  CableEnd& client() { return client_; }

 private:
  CableWorld() = default;

  Result<void> make_pools(CableEnd& end, const std::string& name, std::uint32_t buffers);
  Result<void> make_stack(CableEnd& end, dev::PacketQueue& cable, const IpAddress& address,
                          const CableOptions& options, std::string& why);

  // The stacks hold buffers, and the cable does: both go before the pools.
  CableEnd server_;
  CableEnd client_;
  std::unique_ptr<dev::Pair> pair_;
};

}  // namespace zs::bench
