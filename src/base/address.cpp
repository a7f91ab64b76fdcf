#include "base/address.hpp"

#include <algorithm>
#include <charconv>

namespace zs {
namespace {

constexpr std::uint8_t kV4Bits = 32;
constexpr std::uint8_t kV6Bits = 128;
constexpr std::size_t kGroups = 8;
using Groups = std::array<std::uint16_t, kGroups>;

/// Plain decimal: digits only, no sign, no leading zero (which some readers take for octal).
std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t max) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

/// Hexadecimal of `min` to `max` digits.
std::optional<std::uint16_t> parse_hex(std::string_view text, std::size_t min, std::size_t max) {
  if (text.size() < min || text.size() > max) return std::nullopt;
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> parse_quad(std::string_view text) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    const auto part = parse_decimal(text.substr(0, dot), 255);
    if (!part) return std::nullopt;
    value = value << 8 | *part;
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return value;
}

/// Reads "a:b:c", where a dotted quad may stand for the last two groups when `may_end_in_quad`.
/// Returns how many groups it filled; an empty text fills none.
std::optional<std::size_t> parse_groups(std::string_view text, bool may_end_in_quad, Groups& out) {
  std::size_t count = 0;
  if (text.empty()) return count;
  while (count < kGroups) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos && text.find('.') != std::string_view::npos) {
      const auto quad = parse_quad(text);
      if (!quad || !may_end_in_quad || count + 2 > kGroups) return std::nullopt;
      out[count++] = static_cast<std::uint16_t>(*quad >> 16);
      out[count++] = static_cast<std::uint16_t>(*quad);
      return count;
    }
    const auto group = parse_hex(text.substr(0, colon), 1, 4);
    if (!group) return std::nullopt;
    out[count++] = *group;
    if (colon == std::string_view::npos) return count;
    text.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  Groups front{};
  Groups back{};
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto front_count = parse_groups(text.substr(0, gap), !has_gap, front);
  if (!front_count) return std::nullopt;
  if (has_gap) {
    const auto back_count = parse_groups(text.substr(gap + 2), true, back);
    // "::" stands for at least one group (RFC 4291 §2.2).
    if (!back_count || *front_count + *back_count >= kGroups) return std::nullopt;
    std::copy_n(back.begin(), *back_count, front.end() - static_cast<std::ptrdiff_t>(*back_count));
  } else if (*front_count != kGroups) {
    return std::nullopt;
  }
  IpAddress::Bytes bytes{};
  for (std::size_t i = 0; i < kGroups; ++i) store_be(&bytes[2 * i], front[i]);
  return IpAddress::v6(bytes);
}

struct Run {
  std::size_t begin = 0;
  std::size_t length = 0;
};

/// The longest run of zero groups, the first of several (RFC 5952 §4.2.3).
Run longest_zero_run(const Groups& groups) {
  Run best;
  Run run;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (groups[i] != 0) {
      run = {i + 1, 0};
    } else if (++run.length > best.length) {
      best = run;
    }
  }
  return best;
}

void append_number(std::string& text, std::uint32_t value, int base = 10) {
  std::array<char, 10> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  text.append(digits.data(), end);
}

std::string quad_text(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!text.empty()) text += '.';
    append_number(text, value >> shift & 0xff);
  }
  return text;
}

std::string v6_text(const IpAddress& address) {
  Groups groups;
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups[i] = load_be<std::uint16_t>(&address.bytes()[2 * i]);
  }
  Run gap = longest_zero_run(groups);
  if (gap.length < 2) gap = {kGroups, 0};  // a single zero group is written out (RFC 5952 §4.2.2)
  std::string text;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (i == gap.begin) {
      text += "::";
      i += gap.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    append_number(text, groups[i], 16);
  }
  return text;
}

std::uint8_t family_bits(const IpAddress& address) { return address.is_v4() ? kV4Bits : kV6Bits; }

/// The first `bits` of 64 set; more than 64 counts as 64.
constexpr std::uint64_t high_bits(unsigned bits) {
  return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  const auto quad = parse_quad(text);
  if (!quad) return std::nullopt;
  return v4(*quad);
}

std::string IpAddress::to_string() const {
  return is_v4() ? quad_text(v4_value()) : v6_text(*this);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::uint8_t max = family_bits(*address);
  if (slash == std::string_view::npos) return IpPrefix{*address, max};
  const auto length = parse_decimal(text.substr(slash + 1), max);
  if (!length) return std::nullopt;
  return IpPrefix{*address, static_cast<std::uint8_t>(*length)};
}

IpAddress IpPrefix::network() const {
  const unsigned max = family_bits(address);
  const unsigned bits = std::min<unsigned>(length, max) + (kV6Bits - max);
  IpAddress::Bytes bytes;
  store_be(bytes.data(), address.high() & high_bits(bits));
  store_be(bytes.data() + 8, address.low() & high_bits(bits < 64 ? 0 : bits - 64));
  return IpAddress::v6(bytes);
}

bool IpPrefix::contains(const IpAddress& a) const {
  return a.family() == address.family() && IpPrefix{a, length}.network() == network();
}

std::optional<IpAddress> IpPrefix::broadcast() const {
  // RFC 3021: a /31 has two hosts and no broadcast address.
  if (!address.is_v4() || length >= 31) return std::nullopt;
  return IpAddress::v4(network().v4_value() | 0xffff'ffffu >> length);
}

std::string IpPrefix::to_string() const {
  std::string text = address.to_string() + '/';
  append_number(text, length);
  return text;
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  constexpr std::size_t kTextLength = 17;
  if (text.size() != kTextLength) return std::nullopt;
  MacAddress mac;
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
    const auto byte = parse_hex(text.substr(3 * i, 2), 2, 2);
    if (!byte || (i > 0 && text[3 * i - 1] != ':')) return std::nullopt;
    mac.bytes[i] = static_cast<std::byte>(*byte);
  }
  return mac;
}

std::string MacAddress::to_string() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[std::to_integer<std::size_t>(b >> 4)];
    text += kDigits[std::to_integer<std::size_t>(b & std::byte{0xf})];
  }
  return text;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_decimal(text.substr(colon + 1), 0xffff);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Brackets and only brackets hold an address with colons (RFC 3986 §3.2.2).
  if (bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  const auto address = IpAddress::parse(host);
  if (!port || !address) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::to_string() const {
  std::string text = address.is_v4() ? address.to_string() : '[' + address.to_string() + ']';
  text += ':';
  append_number(text, port);
  return text;
}

}  // namespace zs
