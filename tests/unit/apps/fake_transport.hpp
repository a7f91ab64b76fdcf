#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "load_transport.hpp"

namespace zs::apps::test {

/// Connections to a server that the test plays.
class FakeTransport final : public LoadTransport {
 public:
  struct Socket {
    std::uint32_t connection = 0;
    LoadInterest interest = LoadInterest::kBoth;
    std::uint64_t sent = 0;
    std::string inbox;
    bool has_ended = false;
    Errc error{};
  };

  Result<int> connect(std::uint32_t connection) override {
    if (refusal != Errc{}) return refusal;
    sockets[next_].connection = connection;
    return next_++;
  }
  Errc take_error(int socket) override { return sockets.at(socket).error; }
  Result<std::size_t> send(int socket, std::size_t, std::size_t length) override {
    if (room == 0) return Errc::kAgain;
    const std::size_t n = std::min(room, length);
    room -= n;
    sockets.at(socket).sent += n;
    return n;
  }
  Result<std::size_t> receive(int socket, ByteSink& sink) override {
    Socket& s = sockets.at(socket);
    const std::string bytes = std::exchange(s.inbox, {});
    if (bytes.empty()) return s.has_ended ? Result<std::size_t>(0) : Errc::kAgain;
    sink.take(std::as_bytes(std::span(bytes)));
    return bytes.size();
  }
  void watch(int socket, std::uint32_t, LoadInterest interest) override {
    sockets.at(socket).interest = interest;
  }
  void close(int socket, LoadEnding how) override {
    (how == LoadEnding::kReset ? resets : orderly_ends) += 1;
    sockets.erase(socket);
  }

  std::map<int, Socket> sockets;
  Errc refusal{};
  std::size_t room = SIZE_MAX;
  int resets = 0;
  int orderly_ends = 0;

 private:
  int next_ = 100;
};

}  // namespace zs::apps::test
