#include "embed/server.hpp"

#include <algorithm>
#include <utility>

#include "embed/data_access.hpp"

namespace zs::embed {

Server::Server(std::span<const Listening> ports, sock::SocketTable& sockets, IpFamily family)
    : ports_(ports), sockets_(sockets), family_(family) {}

Server::~Server() = default;

Result<int> Server::open_listener(std::uint16_t port) {
  constexpr int kBacklog = 1'024;
  ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, family_));
  ZS_TRY(sockets_.bind(fd, {IpAddress::any(family_), port}));
  ZS_TRY(sockets_.listen(fd, kBacklog));
  ZS_TRY(sockets_.watch(fd, sock::ready::kReadable, 0));
  return fd;
}

Result<void> Server::on_start(Instant, std::string& why) {
  for (const Listening& port : ports_) {
    const auto fd = open_listener(port.port);
    if (!fd) {
      why = "cannot listen on port " + std::to_string(port.port) +
            (fd.error() == Errc::kAddrInUse ? ": it is in use" : "");
      return fd.error();
    }
    listeners_.push_back({*fd, &port.handlers});
  }
  return {};
}

void Server::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  for (const sock::ReadyEvent& event : events) {
    const auto listener = std::find_if(listeners_.begin(), listeners_.end(),
                                       [&](const auto& l) { return l.fd == event.fd; });
    if (listener != listeners_.end()) {
      accept_all(*listener);
      continue;
    }
    const auto index = static_cast<std::size_t>(event.fd);
    if (index < streams_.size() && streams_[index]) serve(*streams_[index], event.ready);
  }
}

void Server::accept_all(const ListeningSocket& listener) {
  for (;;) {
    Endpoint peer;
    const auto fd = sockets_.accept(listener.fd, &peer);
    if (!fd) return;  // nobody waits, or no descriptor is left: the backlog keeps them
    const auto index = static_cast<std::size_t>(*fd);
    if (index >= streams_.size()) streams_.resize(index + 1);
    streams_[index] = std::make_unique<Stream::State>(*fd, *listener.handlers, sockets_.pools());
    ++open_streams_;
    Stream::State& state = *streams_[index];
    state.peer = peer.to_string();
    if (state.handlers.on_open) state.handlers.on_open(state.stream);
    advance(state);
  }
}

void Server::serve(Stream::State& state, std::uint32_t ready) {
  if ((ready & (sock::ready::kError | sock::ready::kHangup)) != 0 &&
      (ready & sock::ready::kReadable) == 0) {
    finish(state);
    return;
  }
  if ((ready & sock::ready::kReadable) != 0 && state.waiting.empty() && !state.is_closing &&
      !state.has_ended) {
    if (read_some(state) == Alive::kNo) return;
  }
  advance(state);
}

Server::Alive Server::read_some(Stream::State& state) {
  auto chain = sockets_.read(state.fd, kReadBytes);
  if (!chain) {
    if (chain.error() == Errc::kAgain) return Alive::kYes;
    finish(state);
    return Alive::kNo;
  }
  if (!chain->empty()) {
    if (state.handlers.on_data) {
      state.handlers.on_data(state.stream, Data::Access::make(*std::move(chain)));
    }
    return Alive::kYes;
  }
  state.has_ended = true;
  if (state.handlers.on_end) {
    state.handlers.on_end(state.stream);
  } else {
    state.is_closing = true;
  }
  return Alive::kYes;
}

Server::Alive Server::advance(Stream::State& state) {
  const bool is_sound = !state.has_failed && flush(state);
  if (!is_sound || (state.is_closing && state.waiting.empty())) {
    if (!is_sound) (void)sockets_.set_option(state.fd, sock::Option::kLinger, 0);
    finish(state);
    return Alive::kNo;
  }
  update_interest(state);
  return Alive::kYes;
}

bool Server::flush(Stream::State& state) {
  while (!state.waiting.empty()) {
    const std::uint32_t length = std::min(state.waiting.size(), kPieceBytes);
    auto piece = state.waiting.take_front(length, *state.pools.indirect);
    if (!piece) return piece.error() == Errc::kNoBuffers;  // later
    const auto written = sockets_.write(state.fd, *piece);
    if (written) continue;
    piece->append(std::move(state.waiting));
    state.waiting = *std::move(piece);
    return written.error() == Errc::kAgain || written.error() == Errc::kNoBuffers;
  }
  return true;
}

void Server::update_interest(Stream::State& state) {
  std::uint32_t interest = 0;
  if (!state.waiting.empty()) {
    interest = sock::ready::kWritable;
  } else if (!state.has_ended && !state.is_closing) {
    interest = sock::ready::kReadable;
  }
  (void)sockets_.watch(state.fd, interest,
                       0);  // fails for a descriptor that is none, which ours is
}

void Server::finish(Stream::State& state) {
  if (state.handlers.on_closed) state.handlers.on_closed(state.stream);
  const int fd = state.fd;
  streams_[static_cast<std::size_t>(fd)].reset();
  --open_streams_;
  (void)sockets_.close(fd);
}

void Server::on_stop(Instant) {
  for (const ListeningSocket& listener : listeners_) (void)sockets_.close(listener.fd);
  listeners_.clear();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (!streams_[i]) continue;
    streams_[i]->is_closing = true;
    advance(*streams_[i]);
  }
}

void Server::on_abort(Instant) {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (!streams_[i]) continue;
    (void)sockets_.set_option(streams_[i]->fd, sock::Option::kLinger, 0);
    finish(*streams_[i]);
  }
}

}  // namespace zs::embed
