#include "base/siphash.hpp"

#include <bit>
#include <cstring>

namespace zs {
namespace {

/// The four words of state and the SipRound of the paper's §2.
struct SipState {
  std::uint64_t v0;
  std::uint64_t v1;
  std::uint64_t v2;
  std::uint64_t v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

/// The hash reads little-endian words on every machine.
std::uint64_t load_le(const std::byte* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, std::span<const std::byte> data) {
  SipState s{
      .v0 = key.k0 ^ 0x736f'6d65'7073'6575,
      .v1 = key.k1 ^ 0x646f'7261'6e64'6f6d,
      .v2 = key.k0 ^ 0x6c79'6765'6e65'7261,
      .v3 = key.k1 ^ 0x7465'6462'7974'6573,
  };
  // The last word carries what is left over and the length's low byte.
  std::uint64_t last = std::uint64_t{data.size()} << 56;
  for (; data.size() >= 8; data = data.subspan(8)) s.absorb(load_le(data.data()));
  for (std::size_t i = 0; i < data.size(); ++i) {
    last |= std::to_integer<std::uint64_t>(data[i]) << (8 * i);
  }
  s.absorb(last);
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace zs
