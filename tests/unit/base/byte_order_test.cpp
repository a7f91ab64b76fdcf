#include "base/byte_order.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace zs {
namespace {

constexpr std::array<std::byte, 9> kBytes{std::byte{0x00}, std::byte{0x81}, std::byte{0x82},
                                          std::byte{0x03}, std::byte{0x04}, std::byte{0x05},
                                          std::byte{0x06}, std::byte{0x07}, std::byte{0xff}};

// At compile time and at an odd address.
static_assert(load_be<std::uint8_t>(&kBytes[1]) == 0x81);
static_assert(load_be<std::uint16_t>(&kBytes[1]) == 0x8182);
static_assert(load_be<std::uint32_t>(&kBytes[1]) == 0x81820304);
static_assert(load_be<std::uint64_t>(&kBytes[1]) == 0x81820304'050607ff);

template <typename T>
class ByteOrder : public testing::Test {};
using Widths = testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(ByteOrder, Widths);

TYPED_TEST(ByteOrder, StoresTheHighestByteFirstAndNothingElse) {
  EXPECT_TRUE(rc::check([](TypeParam value) {
    std::array<std::byte, sizeof(TypeParam) + 2> out;
    out.fill(std::byte{0xa5});
    store_be(&out[1], value);
    RC_ASSERT(load_be<TypeParam>(&out[1]) == value);
    RC_ASSERT(out[1] == static_cast<std::byte>(value >> (8 * (sizeof(TypeParam) - 1))));
    RC_ASSERT(out.front() == std::byte{0xa5} && out.back() == std::byte{0xa5});
  }));
}

}  // namespace
}  // namespace zs
