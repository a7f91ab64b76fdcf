#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include <zstack/stack.hpp>

#include "buf/chain.hpp"
#include "runtime/application.hpp"

namespace zs {

/// What stands behind a Stream.
struct Stream::State {
  State(int descriptor, const Handlers& what_to_do, buf::Pools buffers)
      : fd(descriptor), handlers(what_to_do), pools(buffers), stream(*this) {}

  int fd;
  const Handlers& handlers;  ///< borrowed from the Stack, which outlives the run
  buf::Pools pools;
  std::string peer;
  buf::Chain waiting;       ///< what the send buffer had no room for
  bool is_closing = false;  ///< close when `waiting` has left
  bool has_ended = false;   ///< the peer's end of stream was told
  bool has_failed = false;  ///< a copy could not be made: reset
  Stream stream;
};

namespace embed {

struct Listening {
  std::uint16_t port = 0;
  Handlers handlers;
};

/// The application of a zs::Stack: one instance a shard. Moves bytes between sockets and handlers,
/// and holds back a peer that sends faster than its answers leave.
class Server final : public runtime::Application {
 public:
  Server(std::span<const Listening> ports, sock::SocketTable& sockets, IpFamily family);
  ~Server() override;

  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return open_streams_ == 0; }
  void on_abort(Instant now) override;

 private:
  /// Bytes a stream may bring in one turn, so that one fast peer does not starve the others.
  static constexpr std::uint32_t kReadBytes = 256 * 1024;
  /// Longest piece that is handed to the send buffer at once.
  static constexpr std::uint32_t kPieceBytes = 64 * 1024;

  enum class Alive : bool { kNo, kYes };

  struct ListeningSocket {
    int fd = -1;
    const Handlers* handlers = nullptr;
  };

  Result<int> open_listener(std::uint16_t port);
  void accept_all(const ListeningSocket& listener);
  void serve(Stream::State& state, std::uint32_t ready);
  Alive read_some(Stream::State& state);
  /// Sends what waits and closes what is done; the stream is gone after kNo.
  Alive advance(Stream::State& state);
  bool flush(Stream::State& state);
  void update_interest(Stream::State& state);
  void finish(Stream::State& state);

  std::span<const Listening> ports_;
  sock::SocketTable& sockets_;
  IpFamily family_;
  std::vector<ListeningSocket> listeners_;
  std::vector<std::unique_ptr<Stream::State>> streams_;  ///< by descriptor
  std::size_t open_streams_ = 0;
};

}  // namespace embed
}  // namespace zs
