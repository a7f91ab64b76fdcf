#pragma once

#include <cstdint>
#include <span>

#include "buf/mbuf.hpp"
#include "ip/group_table.hpp"
#include "stack/arrival.hpp"
#include "stack/core.hpp"

namespace zs::stack {

/// Speaks IGMP and MLD for the shard's group table (RFC 3376, RFC 3810 and their older versions).
class MulticastService {
 public:
  explicit MulticastService(Core& core) : core_(core) {}

  /// An IGMP message; `packet` begins at its IP header.
  void on_igmp(const Received& received, buf::Mbuf packet);
  /// A checksum-verified MLD message, all of it.
  void on_mld(const Received& received, std::span<const std::byte> message);
  void on_deadline();

 private:
  void send(const ip::GroupReport& report);
  Result<buf::Mbuf> make_igmp(const ip::GroupReport& report) const;
  Result<buf::Mbuf> make_mld(const ip::GroupReport& report) const;

  Core& core_;
};

}  // namespace zs::stack
