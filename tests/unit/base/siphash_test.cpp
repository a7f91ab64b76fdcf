#include "base/siphash.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace zs {
namespace {

constexpr SipKey kKey{.k0 = 0x0706050403020100, .k1 = 0x0f0e0d0c0b0a0908};  // bytes 00..0f

/// 00, 01, 02 and so on, in an allocation of just this size.
std::vector<std::byte> counting(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

struct Vector {
  std::size_t size;
  std::uint64_t hash;
};

// Size 15 is the paper's appendix A; the others were computed apart from this code. They stand at
// the edges of a word, and where the length byte of the last word wraps.
TEST(SipHash, MatchesThePapersVectorAndOthers) {
  const Vector table[] = {
      {0, 0x726fdb47dd0e0e31},   {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
      {8, 0x93f5f5799a932462},   {9, 0x9e0082df0ba9e4b0},  {15, 0xa129ca6149be45e5},
      {16, 0x3f2acc7f57c29bdb},  {63, 0x958a324ceb064572}, {255, 0xa9c169fec74db21a},
      {256, 0x999d0526d2a7bfd7},
  };
  for (const auto& [size, hash] : table) EXPECT_EQ(siphash(kKey, counting(size)), hash) << size;
}

TEST(SipHash, ChangesWithEveryBitOfKeyAndMessage) {
  const auto message = counting(13);
  const auto hash = siphash(kKey, message);
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_NE(siphash({kKey.k0 ^ std::uint64_t{1} << bit, kKey.k1}, message), hash) << bit;
    EXPECT_NE(siphash({kKey.k0, kKey.k1 ^ std::uint64_t{1} << bit}, message), hash) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    auto other = message;
    other[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_NE(siphash(kKey, other), hash) << bit;
  }
}

}  // namespace
}  // namespace zs
