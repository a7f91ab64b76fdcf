#include "base/siphash.hpp"

#include <gtest/gtest.h>

#include <array>

namespace zs {
namespace {

// The paper's appendix A: key 00..0f, message 00..0e.
TEST(SipHash, MatchesThePapersVector) {
  std::array<std::byte, 15> message{};
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i);
  const SipKey key{.k0 = 0x0706050403020100, .k1 = 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(siphash(key, message), 0xa129ca6149be45e5);
}

}  // namespace
}  // namespace zs
