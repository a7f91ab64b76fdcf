#pragma once

#include <cstdint>

namespace zs::tcp {

/// A position in the 2^32 sequence space (RFC 9293 §3.4).
///
/// Comparison is circular and therefore not transitive, so this type has no operator< and cannot be
/// a std::map key or be sorted by accident. Ask for the relation by name.
class SeqNum {
 public:
  constexpr SeqNum() = default;
  constexpr explicit SeqNum(std::uint32_t raw) : raw_(raw) {}

  constexpr std::uint32_t raw() const { return raw_; }

  friend constexpr bool operator==(SeqNum, SeqNum) = default;
  friend constexpr SeqNum operator+(SeqNum s, std::uint32_t n) { return SeqNum{s.raw_ + n}; }
  friend constexpr SeqNum operator-(SeqNum s, std::uint32_t n) { return SeqNum{s.raw_ - n}; }
  constexpr SeqNum& operator+=(std::uint32_t n) { return *this = *this + n; }

  /// Signed distance from `from` to this; negative when this lies before it.
  constexpr std::int32_t since(SeqNum from) const {
    return static_cast<std::int32_t>(raw_ - from.raw_);
  }
  constexpr bool before(SeqNum o) const { return since(o) < 0; }
  constexpr bool at_or_before(SeqNum o) const { return since(o) <= 0; }
  constexpr bool after(SeqNum o) const { return since(o) > 0; }
  constexpr bool at_or_after(SeqNum o) const { return since(o) >= 0; }
  static constexpr SeqNum later(SeqNum a, SeqNum b) { return a.after(b) ? a : b; }
  static constexpr SeqNum earlier(SeqNum a, SeqNum b) { return a.before(b) ? a : b; }

 private:
  std::uint32_t raw_ = 0;
};

/// Half-open range [begin, end). Never longer than 2^31 - 1.
struct SeqRange {
  SeqNum begin;
  SeqNum end;

  constexpr std::uint32_t length() const { return end.raw() - begin.raw(); }
  constexpr bool empty() const { return begin == end; }
  constexpr bool contains(SeqNum s) const { return s.raw() - begin.raw() < length(); }
  friend constexpr bool operator==(const SeqRange&, const SeqRange&) = default;
};

// The wrap is the interesting case, so it is checked where the type is defined.
static_assert(SeqNum{0xffff'fff0}.before(SeqNum{0x10}));
static_assert(SeqNum{0x10}.since(SeqNum{0xffff'fff0}) == 0x20);
static_assert(SeqRange{SeqNum{0xffff'fff0}, SeqNum{0x10}}.contains(SeqNum{0}));
static_assert(!SeqRange{SeqNum{0xffff'fff0}, SeqNum{0x10}}.contains(SeqNum{0x10}));

}  // namespace zs::tcp
