#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zstack/data.hpp>

namespace zs {

/// One connection, as a handler sees it. Valid from on_open until on_closed has returned.
class Stream {
 public:
  /// Sends the bytes in their own buffers. What the peer cannot take yet waits here, in order;
  /// while anything waits, nothing more is read from this peer, so it cannot pile up.
  void send(Data data);
  /// Sends a copy.
  void send(std::string_view bytes);
  /// Closes in order, after everything that was sent. No on_data follows.
  void close();
  /// "10.0.0.1:40000"
  const std::string& peer() const;

  struct State;
  explicit Stream(State& state) noexcept : state_(state) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

 private:
  State& state_;
};

/// What to do when something happens to a connection; what is not set does nothing. Handlers run on
/// their shard's thread and must not block; with several lcores they run on several threads, each
/// connection on one of them only.
struct Handlers {
  std::function<void(Stream&)> on_open;
  std::function<void(Stream&, Data)> on_data;
  /// The peer will send no more. Not set: the connection is closed after what was sent.
  std::function<void(Stream&)> on_end;
  /// The last word about the connection, whatever its end.
  std::function<void(Stream&)> on_closed;
};

/// Where the stack lives. What is empty or not set comes from the configuration file, or has its
/// default (docs: `zstack serve --help`).
struct Options {
  std::string device;                  ///< "tap:zs0", "packet:eth1", "dpdk:0000:00:05.0"
  std::vector<std::string> addresses;  ///< "10.99.0.2/24"
  std::string kernel_address;          ///< tap: the kernel's end, "10.99.0.1/24"
  std::string config_file;             ///< a zstack.toml
  std::vector<std::pair<std::string, std::string>> more;  ///< any key: {"tcp.nodelay", "true"}
};

/// A whole TCP/IP stack inside this program.
class Stack {
 public:
  explicit Stack(Options options);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  /// Serves `port` on all addresses. To be called before run().
  void listen(std::uint16_t port, Handlers handlers);

  /// Runs until SIGINT or SIGTERM, then closes every connection in order. Call it once in a
  /// process, from its main thread. nullopt: all went well; else a sentence for the user.
  std::optional<std::string> run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zs
