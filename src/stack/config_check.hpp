#pragma once

#include <string>
#include <vector>

#include "stack/shard.hpp"

namespace zs::stack {

/// The addresses that an interface gets: those of its configuration, and a link-local one where
/// there is IPv6 without (RFC 4291 §2.1 requires it, ND talks from it).
std::vector<IpPrefix> addresses_of(const InterfaceConfig& config,
                                   const neigh::IdentifierPolicy& identifier = {});

/// Empty when a shard can work with this; else a sentence that tells the user what cannot.
std::string check_config(const ShardConfig& config, buf::Pools pools);
/// The same for one route among these interfaces.
std::string check_route(const RouteConfig& route, const std::vector<InterfaceConfig>& interfaces);

}  // namespace zs::stack
