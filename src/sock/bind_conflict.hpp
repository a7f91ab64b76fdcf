#pragma once

#include "base/address.hpp"

namespace zs::sock {

/// Who holds an address, as far as others on the same port must care.
struct Holder {
  IpAddress address;
  bool v6_only = false;
  bool reuse_address = false;
  bool reuse_port = false;
  bool is_listening = false;
};

/// Whether a packet could be for either. Ports are equal.
constexpr bool overlap(const Holder& a, const Holder& b) {
  if (a.address.family() == b.address.family()) {
    return a.address == b.address || a.address.is_unspecified() || b.address.is_unspecified();
  }
  // IPv6's wildcard takes IPv4 as well, unless told otherwise (RFC 3493 §5.3).
  const Holder& v6 = a.address.is_v6() ? a : b;
  return v6.address.is_unspecified() && !v6.v6_only;
}

/// Whether `newcomer`, who binds or listens, is refused for `other`: Linux' rule. SO_REUSEPORT lets
/// all who have it share; SO_REUSEADDR those of whom the other does not listen.
constexpr bool is_refused_for(const Holder& newcomer, const Holder& other) {
  if (!overlap(newcomer, other)) return false;
  if (newcomer.reuse_port && other.reuse_port) return false;
  return !(newcomer.reuse_address && other.reuse_address && !other.is_listening);
}

}  // namespace zs::sock
