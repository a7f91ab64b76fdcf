#include "protocol.hpp"

#include <array>
#include <cstring>

#include "http_render.hpp"
#include "stream_server.hpp"

namespace zs::apps {
namespace {

/// Up to here head and body are copied into one buffer: cheaper than a descriptor for the slice,
/// and one segment on the wire in either case.
constexpr std::size_t kSmallAnswer = 1'024;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace

void Protocol::on_input(StreamServer& server, Stream& stream) {
  while (!stream.input.empty() && !stream.is_blocked && stream.body_left == 0) {
    const auto bytes = buf::bytes(stream.input.head());
    const std::size_t taken = on_bytes(server, stream, bytes);
    stream.input.drop_front(static_cast<std::uint32_t>(taken));
    if (taken < bytes.size()) return;
  }
}

std::size_t EchoProtocol::on_bytes(StreamServer& server, Stream& stream,
                                   std::span<const std::byte> bytes) {
  server.send_bytes(stream, bytes);
  return bytes.size();
}

void EchoProtocol::on_input(StreamServer& server, Stream& stream) {
  server.send_chain(stream, std::move(stream.input));
}

HttpProtocol::HttpProtocol(const HttpLimits& limits, std::uint32_t body_bytes)
    : limits_(limits), body_bytes_(body_bytes) {
  std::array<char, kMaxHead> head{};
  const auto text = bytes_of(render_head({}, body_bytes, head));
  if (text.size() + body_bytes > kSmallAnswer) return;
  const auto pattern = StreamServer::make_pattern();
  small_.insert(small_.end(), text.begin(), text.end());
  small_.insert(small_.end(), pattern.begin(), pattern.begin() + body_bytes);
}

void HttpProtocol::on_open(StreamServer&, Stream& stream) { stream.session = HttpSession(limits_); }

std::size_t HttpProtocol::on_bytes(StreamServer& server, Stream& stream,
                                   std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (!stream.is_blocked && stream.body_left == 0) {
    taken += stream.session.feed(bytes.subspan(taken));
    const auto reply = stream.session.take_reply();
    if (!reply) break;
    answer(server, stream, *reply);
  }
  return taken;
}

void HttpProtocol::answer(StreamServer& server, Stream& stream, const HttpReply& reply) {
  if (reply.close) stream.ends_after_output = true;
  if (!small_.empty() && reply == HttpReply{}) return server.send_bytes(stream, small_);
  std::uint64_t length = 0;
  std::string_view notice;
  switch (reply.body) {
    case HttpReply::Body::kStandard:
      length = body_bytes_;
      break;
    case HttpReply::Body::kSized:
      length = reply.body_bytes;
      break;
    case HttpReply::Body::kNotice:
      notice = notice_of(reply.status);
      length = notice.size();
      break;
    case HttpReply::Body::kNone:
      break;
  }
  std::array<char, kMaxHead + 64> text{};
  const auto head = render_head(reply, length, std::span(text).first<kMaxHead>());
  std::size_t size = head.size();
  if (!notice.empty() && !reply.head_only) {
    std::memcpy(text.data() + size, notice.data(), notice.size());
    size += notice.size();
  }
  const bool has_long_body = length > 0 && notice.empty() && !reply.head_only;
  if (has_long_body) {
    server.send_head(stream, bytes_of({text.data(), size}), length);
  } else {
    server.send_bytes(stream, bytes_of({text.data(), size}));
  }
}

}  // namespace zs::apps
