#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "stream.hpp"

namespace zs::apps {

class StreamServer;

/// What a server does with the bytes of its connections.
class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void on_open(StreamServer&, Stream&) {}
  /// Consumes a prefix of `bytes` and returns its length; it may stop while stream.is_blocked.
  virtual std::size_t on_bytes(StreamServer& server, Stream& stream,
                               std::span<const std::byte> bytes) = 0;
  /// The same for received buffers; what on_bytes() leaves stays in stream.input.
  virtual void on_input(StreamServer& server, Stream& stream);
  /// What the connection waits for when it has nothing to send.
  virtual Wait wait_of(const Stream&) const { return Wait::kNone; }
};

/// Sends back what it receives: with the zero-copy API the very buffers.
class EchoProtocol final : public Protocol {
 public:
  std::size_t on_bytes(StreamServer&, Stream&, std::span<const std::byte>) override;
  void on_input(StreamServer&, Stream&) override;
};

/// Throws away what it receives.
class SinkProtocol final : public Protocol {
 public:
  std::size_t on_bytes(StreamServer&, Stream&, std::span<const std::byte> bytes) override {
    return bytes.size();
  }
};

/// Sends a number of bytes to whoever connects, then its FIN.
class SourceProtocol final : public Protocol {
 public:
  explicit SourceProtocol(std::uint64_t bytes) : bytes_(bytes) {}
  void on_open(StreamServer&, Stream& stream) override {
    stream.body_left = bytes_;
    stream.ends_after_output = true;
  }
  std::size_t on_bytes(StreamServer&, Stream&, std::span<const std::byte> bytes) override {
    return bytes.size();
  }

 private:
  std::uint64_t bytes_;
};

/// HTTP/1.1: a body of fixed size for every page, and /bytes/N.
class HttpProtocol final : public Protocol {
 public:
  /// Every page has `body_bytes` bytes of StreamServer's pattern.
  HttpProtocol(const HttpLimits& limits, std::uint32_t body_bytes);

  void on_open(StreamServer&, Stream& stream) override;
  std::size_t on_bytes(StreamServer& server, Stream& stream,
                       std::span<const std::byte> bytes) override;
  Wait wait_of(const Stream& stream) const override {
    return stream.session.is_between_requests() ? Wait::kIdle : Wait::kRequest;
  }

 private:
  void answer(StreamServer& server, Stream& stream, const HttpReply& reply);

  HttpLimits limits_;
  std::vector<std::byte> small_;  ///< head and body of the usual answer, if they fit one packet
  std::uint32_t body_bytes_;
};

}  // namespace zs::apps
