// Addresses as users type them: what is understood is printed in a form that means the same.
#include <string>
#include <string_view>

#include "base/address.hpp"
#include "base/assert.hpp"
#include "fuzz/input.hpp"

namespace zs::fuzz {
namespace {

template <typename T>
void check_text(std::string_view text) {
  const auto value = T::parse(text);
  if (!value) return;
  const std::string printed = value->to_string();
  const auto again = T::parse(printed);
  ZS_CHECK(again && *again == *value);
  ZS_CHECK(again->to_string() == printed);
}

/// Any 16 bytes are an address with a text.
void check_bytes(std::span<const std::byte> data) {
  IpAddress::Bytes bytes{};
  if (data.size() < bytes.size()) return;
  std::copy_n(data.begin(), bytes.size(), bytes.begin());
  const IpAddress address = IpAddress::v6(bytes);
  ZS_CHECK(IpAddress::parse(address.to_string()) == address);
  const auto length = std::to_integer<unsigned>(data.back()) % (address.is_v4() ? 33 : 129);
  const IpPrefix prefix{address, static_cast<std::uint8_t>(length)};
  ZS_CHECK(IpPrefix::parse(prefix.to_string()) == prefix);
  ZS_CHECK(prefix.contains(prefix.network()) && prefix.contains(address));
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zs::fuzz;
  const std::string text(data, data + size);
  check_text<zs::IpAddress>(text);
  check_text<zs::IpPrefix>(text);
  check_text<zs::Endpoint>(text);
  check_text<zs::MacAddress>(text);
  check_bytes(bytes_of(data, size));
  return 0;
}
