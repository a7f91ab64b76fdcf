#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zs {

/// 128 secret bits, drawn once by the runtime (or fixed by a test).
struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

/// SipHash-2-4 (Aumasson & Bernstein): a keyed hash that a peer cannot predict. Used for initial
/// sequence numbers (RFC 6528), ports (RFC 6056) and hash tables that strangers fill.
std::uint64_t siphash(const SipKey& key, std::span<const std::byte> data);

}  // namespace zs
