#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol.hpp"
#include "runtime/application.hpp"
#include "stream.hpp"

namespace zs::apps {

enum class Api : std::uint8_t {
  kZeroCopy,  ///< sockets pass buffers
  kCopy,      ///< sockets pass bytes, as the kernel's do
};

struct ServerOptions {
  Endpoint listen{IpAddress::any(IpFamily::kV4), 80};
  int backlog = 4'096;
  Api api = Api::kZeroCopy;
  std::array<Duration, kWaitKinds> patience{};  ///< by Wait; zero: for ever
  std::uint32_t max_streams = 60'000;           ///< connections a shard
};

/// A TCP server on one shard: accepts, reads when there is room for the answer, writes when there
/// is room in the socket, closes in order, and gives up on peers that stop moving. What the bytes
/// mean is its Protocol's business. Allocates when connections come, never for a request.
class StreamServer final : public runtime::Application {
 public:
  StreamServer(runtime::ShardContext& shard, const ServerOptions& options,
               std::unique_ptr<Protocol> protocol);
  ~StreamServer() override;

  // runtime::Application
  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_deadline(Instant now) override;
  Instant next_deadline() const override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return open_ == 0 && listener_ < 0; }
  void on_abort(Instant now) override;

  // For the protocol.
  /// Sends a copy of `bytes`, behind what waits already.
  void send_bytes(Stream& stream, std::span<const std::byte> bytes);
  /// Sends these buffers, behind what waits already.
  void send_chain(Stream& stream, buf::Chain chain);
  /// Sends a copy of `head` and then `body_bytes` bytes of the pattern, in one write if they fit.
  void send_head(Stream& stream, std::span<const std::byte> head, std::uint64_t body_bytes);

  /// What bodies are made of: printable, and repeating with a period that is no multiple of any
  /// segment size, so that a lost or doubled segment shows.
  static std::vector<std::byte> make_pattern();

 private:
  enum class Flow : std::uint8_t { kGoOn, kGone };

  void accept_all(Instant now);
  void open_stream(int fd, Instant now);
  void on_event(Stream& stream, std::uint32_t ready, Instant now);
  Flow read_zero_copy(Stream& stream);
  Flow read_copying(Stream& stream);
  void on_peer_end(Stream& stream);
  Flow discard(Stream& stream);
  void pump(Stream& stream);
  void flush_output(Stream& stream);
  void send_pattern(Stream& stream);
  void send_body(Stream& stream);
  void send_body_copying(Stream& stream);
  void on_write_error(Stream& stream, Errc error);
  void fail_stream(Stream& stream);
  void settle(Stream& stream, Instant now);
  void set_interest(Stream& stream, std::uint32_t interest);
  void set_wait(Stream& stream, Wait wait, Instant now);
  void close_stream(Stream& stream);
  void reset_stream(Stream& stream);
  Result<void> make_pattern_buffers(std::string& why);

  runtime::ShardContext& shard_;
  sock::SocketTable& sockets_;
  ServerOptions options_;
  std::unique_ptr<Protocol> protocol_;
  std::deque<Stream> streams_;  ///< by descriptor; a deque, since streams must not move
  std::array<IntrusiveList<Stream, TimeoutTag>, kWaitKinds> waiting_;  ///< oldest first
  std::unique_ptr<buf::Pool> pattern_pool_;
  std::vector<std::byte> pattern_;
  buf::Chain pattern_buffer_;  ///< the pattern once, for zero copy
  std::vector<std::byte> scratch_;
  std::size_t open_ = 0;
  int listener_ = -1;
  bool progressed_ = false;  ///< the current event moved bytes towards the peer
};

}  // namespace zs::apps
