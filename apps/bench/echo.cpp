#include "bench/echo.hpp"

#include <algorithm>
#include <utility>

#include "bench/cable_world.hpp"

namespace zs::bench {
namespace {

/// As much as one turn takes from a connection, whatever the size of its requests.
constexpr std::uint32_t kEchoTurnBytes = 128 * 1024;

/// For calls whose refusal shows as a connection that answers no more.
void disregard(const Result<void>&) {}

}  // namespace

EchoServer::EchoServer(sock::SocketTable& sockets, EchoApi api)
    : sockets_(sockets), api_(api), scratch_(api == EchoApi::kCopy ? kEchoTurnBytes : 0) {}

Result<void> EchoServer::on_start(Instant, std::string& why) {
  why = "the echo server cannot listen";
  ZS_TRY_ASSIGN(listener_, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
  ZS_TRY(sockets_.bind(listener_, {IpAddress::any(IpFamily::kV4), kEchoPort}));
  ZS_TRY(sockets_.listen(listener_, 4'096));
  return sockets_.watch(listener_, sock::ready::kReadable, 0);
}

void EchoServer::on_stop(Instant) {}

void EchoServer::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  for (const sock::ReadyEvent& event : events) {
    if (event.fd == listener_) {
      accept_all();
    } else if (api_ == EchoApi::kCopy) {
      echo_bytes(event.fd);
    } else {
      echo_buffers(event.fd);
    }
  }
}

void EchoServer::accept_all() {
  while (auto fd = sockets_.accept(listener_)) {
    disregard(sockets_.set_option(*fd, sock::Option::kNoDelay, 1));
    disregard(sockets_.watch(*fd, sock::ready::kReadable, 0));
  }
}

void EchoServer::echo_buffers(int fd) {
  auto chain = sockets_.read(fd, kEchoTurnBytes);
  if (!chain || chain->empty()) {
    if (!chain && chain.error() == Errc::kAgain) return;
    return disregard(sockets_.close(fd));
  }
  if (api_ == EchoApi::kZeroCopyRead) look_at(*chain);
  // One request of a connection is out at a time, and its answer fits the send buffer.
  if (!sockets_.write(fd, *chain)) disregard(sockets_.close(fd));
}

void EchoServer::look_at(const buf::Chain& chain) {
  for (const rte_mbuf* m = chain.head(); m != nullptr; m = m->next) {
    for (const std::byte b : buf::bytes(m)) sum_ += std::to_integer<std::uint64_t>(b);
  }
}

void EchoServer::echo_bytes(int fd) {
  const auto n = sockets_.read_copy(fd, scratch_);
  if (!n || *n == 0) {
    if (!n && n.error() == Errc::kAgain) return;
    return disregard(sockets_.close(fd));
  }
  const auto written = sockets_.write_copy(fd, std::span(scratch_).first(*n));
  if (!written || *written != *n) disregard(sockets_.close(fd));
}

EchoClient::EchoClient(sock::SocketTable& sockets, buf::Pools pools,
                       const EchoClientOptions& options)
    : sockets_(sockets), pools_(pools), options_(options) {}

Result<void> EchoClient::on_start(Instant, std::string& why) {
  why = "the echo client cannot open its connections";
  std::vector<std::byte> bytes(options_.request_bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>('a' + i % 26);
  ZS_TRY_ASSIGN(request_pool_, buf::Pool::create({"bench-request", 63, 8'192}));
  ZS_TRY_ASSIGN(request_, buf::Chain::copy_of(bytes, *request_pool_));
  for (std::uint32_t i = 0; i < options_.connections; ++i) {
    ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
    const auto begun = sockets_.connect(fd, {kServerAddress, kEchoPort});
    if (!begun && begun.error() != Errc::kInProgress) return begun.error();
    flow(fd) = {};
    disregard(sockets_.set_option(fd, sock::Option::kNoDelay, 1));
    ZS_TRY(sockets_.watch(fd, sock::ready::kWritable, 0));
  }
  return {};
}

EchoClient::Flow& EchoClient::flow(int fd) {
  const auto place = static_cast<std::size_t>(fd);
  if (place >= flows_.size()) flows_.resize(place + 1);
  return flows_[place];
}

void EchoClient::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  std::uint64_t answered = 0;
  for (const sock::ReadyEvent& event : events) {
    Flow& f = flow(event.fd);
    if (!f.is_open && (event.ready & sock::ready::kError) == 0) {
      f.is_open = true;
      ++opened_;
      disregard(sockets_.watch(event.fd, sock::ready::kReadable, 0));
      send_request(event.fd, f);
      continue;
    }
    const auto chain = sockets_.read(event.fd, kEchoTurnBytes);
    if (!chain && chain.error() == Errc::kAgain) continue;
    if (!chain || chain->empty() || chain->size() > f.missing) {
      ++broken_;
      disregard(sockets_.close(event.fd));
      continue;
    }
    f.missing -= chain->size();
    if (f.missing > 0) continue;
    ++answered;
    send_request(event.fd, f);
  }
  if (answered > 0) answered_.store(this->answered() + answered, std::memory_order_relaxed);
}

void EchoClient::send_request(int fd, Flow& f) {
  auto request = request_.clone(*pools_.indirect);
  if (!request || !sockets_.write(fd, *request)) {
    ++broken_;
    return disregard(sockets_.close(fd));
  }
  f.missing = options_.request_bytes;
}

}  // namespace zs::bench
