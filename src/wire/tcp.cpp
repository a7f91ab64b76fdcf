#include "wire/tcp.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace zs::wire {
namespace {

// Option kinds: RFC 9293 §3.1, RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3.
constexpr std::uint8_t kEnd = 0;
constexpr std::uint8_t kNop = 1;
constexpr std::uint8_t kMss = 2;
constexpr std::uint8_t kWindowScale = 3;
constexpr std::uint8_t kSackPermitted = 4;
constexpr std::uint8_t kSack = 5;
constexpr std::uint8_t kTimestamps = 8;
constexpr std::uint8_t kFastOpen = 34;  // RFC 7413 §2

constexpr std::size_t kTimestampsLength = 10;
constexpr std::size_t kSackBlockLength = 8;
constexpr std::size_t kMaxOptions = TcpView::kMaxHeader - TcpView::kMinHeader;
/// Options are padded to whole words.
constexpr std::size_t kWord = 4;

constexpr std::uint32_t word(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8 | d;
}
static_assert(kTimestampsWord == word(kNop, kNop, kTimestamps, kTimestampsLength));

/// RFC 7413 §4.1.1: a cookie of a length that none has is as good as none.
void read_fast_open(TcpOptions& out, std::span<const std::byte> cookie) {
  const std::size_t n = cookie.size();
  if (n != 0 && (n < FastOpenCookie::kLeast || n > FastOpenCookie::kMost || n % 2 != 0)) return;
  out.fast_open.emplace();
  out.fast_open->length = static_cast<std::uint8_t>(n);
  std::copy(cookie.begin(), cookie.end(), out.fast_open->bytes.begin());
}

std::size_t words_for(const FastOpenCookie& cookie) { return (2u + cookie.length + 3u) / 4; }

/// Reads one known option into `out`; false when its length is wrong. Where an option comes twice
/// the last one wins, as in Linux.
bool read_option(TcpOptions& out, std::uint8_t kind, std::span<const std::byte> data) {
  switch (kind) {
    case kMss:
      if (data.size() != 2) return false;
      out.mss = load_be<std::uint16_t>(&data[0]);
      return true;
    case kWindowScale:
      if (data.size() != 1) return false;
      out.window_scale = std::to_integer<std::uint8_t>(data[0]);
      return true;
    case kSackPermitted:
      if (!data.empty()) return false;
      out.sack_permitted = true;
      return true;
    case kSack: {
      const std::size_t count = data.size() / kSackBlockLength;
      if (count == 0 || count > TcpOptions::kMaxSackBlocks || data.size() % kSackBlockLength != 0) {
        return false;
      }
      out.sack = {};
      out.sack_count = static_cast<std::uint8_t>(count);
      for (std::size_t i = 0; i < count; ++i) {
        const std::byte* const block = &data[i * kSackBlockLength];
        out.sack[i] = {load_be<std::uint32_t>(block), load_be<std::uint32_t>(block + 4)};
      }
      return true;
    }
    case kTimestamps:
      if (data.size() != kTimestampsLength - 2) return false;
      out.timestamps = {load_be<std::uint32_t>(&data[0]), load_be<std::uint32_t>(&data[4])};
      return true;
    case kFastOpen:
      read_fast_open(out, data);
      return true;
    default:
      return true;
  }
}

std::size_t size_without_sack(const TcpOptions& options) {
  std::size_t size = 0;
  if (options.timestamps) {
    size += kAlignedTimestamps;  // SACK-permitted takes the place of its two NOPs
  } else if (options.sack_permitted) {
    size += kWord;
  }
  if (options.mss) size += kWord;
  if (options.window_scale) size += kWord;
  if (options.fast_open) size += kWord * words_for(*options.fast_open);
  return size;
}

/// As many blocks as fit behind the rest. The first ones matter most: RFC 2018 §4 puts the newest
/// in front.
std::size_t fitting_sack_blocks(const TcpOptions& options) {
  const std::size_t used = std::min(size_without_sack(options) + kWord, kMaxOptions);
  return std::min<std::size_t>(
      {options.sack_count, TcpOptions::kMaxSackBlocks, (kMaxOptions - used) / kSackBlockLength});
}

std::byte* put(std::byte* p, std::uint32_t value) {
  store_be(p, value);
  return p + kWord;
}

std::byte* put_fast_open(std::byte* p, const FastOpenCookie& cookie) {
  std::byte* const end = p + kWord * words_for(cookie);
  *p++ = std::byte{kFastOpen};
  *p++ = static_cast<std::byte>(2u + cookie.length);
  p = std::copy_n(cookie.bytes.begin(), cookie.length, p);
  std::fill(p, end, std::byte{kNop});
  return end;
}

std::byte* put_timestamps(std::byte* p, std::uint32_t lead, const TcpTimestamps& timestamps) {
  p = put(p, lead);
  p = put(p, timestamps.value);
  return put(p, timestamps.echo);
}

}  // namespace

std::optional<TcpOptions> parse_tcp_options(std::span<const std::byte> options) {
  TcpOptions out;
  if (options.size() == kAlignedTimestamps &&
      load_be<std::uint32_t>(&options[0]) == kTimestampsWord) {
    out.timestamps = {load_be<std::uint32_t>(&options[4]), load_be<std::uint32_t>(&options[8])};
    return out;
  }
  while (!options.empty()) {
    const auto kind = std::to_integer<std::uint8_t>(options[0]);
    if (kind == kEnd) break;
    if (kind == kNop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2) return std::nullopt;
    const auto length = std::to_integer<std::size_t>(options[1]);
    if (length < 2 || length > options.size()) return std::nullopt;
    if (!read_option(out, kind, options.subspan(2, length - 2))) return std::nullopt;
    options = options.subspan(length);
  }
  return out;
}

std::size_t TcpHeaderSpec::size() const {
  std::size_t size = TcpView::kMinHeader + size_without_sack(options);
  if (options.sack_count > 0) {
    if (const auto blocks = fitting_sack_blocks(options); blocks > 0) {
      size += kWord + blocks * kSackBlockLength;
    }
  }
  return size;
}

void TcpHeaderSpec::write(std::span<std::byte> out) const {
  ZS_ASSERT(out.size() == size());
  std::byte* p = out.data();
  store_be(p, src_port);
  store_be(p + 2, dst_port);
  store_be(p + 4, seq);
  store_be(p + 8, ack);
  p[12] = static_cast<std::byte>(out.size() / kWord << 4);
  p[13] = std::byte{flags};
  store_be(p + 14, window);
  store_be(p + 16, checksum);
  store_be(p + 18, urgent);
  p += TcpView::kMinHeader;
  if (options.timestamps) {
    p = put_timestamps(p,
                       options.sack_permitted
                           ? word(kSackPermitted, 2, kTimestamps, kTimestampsLength)
                           : kTimestampsWord,
                       *options.timestamps);
    if (out.size() == TcpView::kMinHeader + kAlignedTimestamps) return;
  } else if (options.sack_permitted) {
    p = put(p, word(kNop, kNop, kSackPermitted, 2));
  }
  if (options.mss) p = put(p, word(kMss, 4, 0, 0) | *options.mss);
  if (options.window_scale) p = put(p, word(kNop, kWindowScale, 3, *options.window_scale));
  if (options.fast_open) p = put_fast_open(p, *options.fast_open);
  if (options.sack_count == 0) return;
  const std::size_t blocks = fitting_sack_blocks(options);
  if (blocks == 0) return;
  p = put(p, word(kNop, kNop, kSack, static_cast<std::uint8_t>(2 + blocks * kSackBlockLength)));
  for (std::size_t i = 0; i < blocks; ++i)
    p = put(put(p, options.sack[i].begin), options.sack[i].end);
}

}  // namespace zs::wire
