#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "http_session.hpp"

namespace zs::apps {

/// Bytes that no rendered head exceeds.
inline constexpr std::size_t kMaxHead = 384;

/// Status line and header fields of `reply` with the length of its body, up to and including the
/// empty line. The text lies in `out`.
std::string_view render_head(const HttpReply& reply, std::uint64_t body_bytes,
                             std::span<char, kMaxHead> out);

/// The body of a kNotice: "404 Not Found\n".
std::string_view notice_of(std::uint16_t status);

}  // namespace zs::apps
