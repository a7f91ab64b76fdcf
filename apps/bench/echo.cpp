#include "bench/echo.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bench/cable_world.hpp"

namespace zs::bench {
namespace {

/// As much as one turn takes from a connection, whatever the size of its requests.
constexpr std::uint32_t kEchoTurnBytes = 128 * 1024;

/// Bytes of a request in one buffer.
constexpr std::uint16_t kRequestRoom = 8'192;
constexpr std::uint64_t kListens = 1;  ///< user data of a listener; a connection has 0
constexpr std::uint32_t kOpeningAtOnce = 256;

/// For calls whose refusal shows as a connection that answers no more.
void disregard(const Result<void>&) {}

}  // namespace

EchoServer::EchoServer(sock::SocketTable& sockets, EchoApi api, std::uint16_t ports)
    : sockets_(sockets),
      api_(api),
      scratch_(api == EchoApi::kCopy ? kEchoTurnBytes : 0),
      ports_(ports) {}

Result<void> EchoServer::on_start(Instant, std::string& why) {
  why = "the echo server cannot listen";
  for (std::uint16_t i = 0; i < ports_; ++i) {
    ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
    const auto port = static_cast<std::uint16_t>(kEchoPort + i);
    ZS_TRY(sockets_.bind(fd, {IpAddress::any(IpFamily::kV4), port}));
    ZS_TRY(sockets_.listen(fd, 4'096));
    ZS_TRY(sockets_.watch(fd, sock::ready::kReadable, kListens));
  }
  return {};
}

void EchoServer::on_stop(Instant) {}

void EchoServer::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  for (const sock::ReadyEvent& event : events) {
    if (event.user_data == kListens) {
      accept_all(event.fd);
    } else if (api_ == EchoApi::kCopy) {
      echo_bytes(event.fd);
    } else {
      echo_buffers(event.fd);
    }
  }
}

void EchoServer::accept_all(int listener) {
  while (auto fd = sockets_.accept(listener)) {
    disregard(sockets_.set_option(*fd, sock::Option::kNoDelay, 1));
    disregard(sockets_.watch(*fd, sock::ready::kReadable, 0));
  }
}

void EchoServer::echo_buffers(int fd) {
  auto chain = sockets_.read(fd, kEchoTurnBytes);
  if (!chain || chain->empty()) [[unlikely]] {
    if (!chain && chain.error() == Errc::kAgain) return;
    return disregard(sockets_.close(fd));
  }
  if (api_ == EchoApi::kZeroCopyRead) [[unlikely]] {
    look_at(*chain);
  }
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

Result<std::unique_ptr<buf::Pool>> make_request_pool(const EchoClientOptions& options) {
  const std::uint32_t buffers = (options.request_bytes + kRequestRoom - 1) / kRequestRoom;
  const std::uint32_t wanted = options.connections * buffers;
  // No pool gives its last sixteenth to an application.
  return buf::Pool::create({options.pool, wanted + wanted / 8 + 63, kRequestRoom});
}

EchoClient::EchoClient(sock::SocketTable& sockets, buf::Pools pools, buf::Pool& requests,
                       const EchoClientOptions& options)
    : sockets_(sockets),
      pools_(pools),
      options_(options),
      requests_(requests),
      request_bytes_(options.request_bytes) {
  for (std::size_t i = 0; i < request_bytes_.size(); ++i) {
    request_bytes_[i] = static_cast<std::byte>('a' + i % 26);
  }
}

Result<void> EchoClient::on_start(Instant, std::string& why) {
  why = "the echo client cannot open its connections";
  flows_.reserve(wanted() + 1);
  return open_more();
}

Result<void> EchoClient::open_more() {
  const std::uint32_t opened = opened_.load(std::memory_order_relaxed);
  const std::uint32_t at_once = opened == 0 ? 1 : kOpeningAtOnce;
  for (; begun_ < wanted() && begun_ - opened < at_once; ++begun_) {
    ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
    const auto port = static_cast<std::uint16_t>(kEchoPort + begun_ % options_.ports);
    const auto begun = sockets_.connect(fd, {kServerAddress, port});
    if (!begun && begun.error() != Errc::kInProgress) return begun.error();
    Flow& f = flow(fd);
    f = {.is_idle = begun_ < options_.idle};
    if (!f.is_idle) {
      ZS_TRY_ASSIGN(f.request, buf::Chain::copy_of(request_bytes_, requests_));
    }
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

bool EchoClient::on_turn(sock::SocketTable& sockets, Instant now) {
  const bool served = Application::on_turn(sockets, now);
  return (options_.rate > 0 && are_all_open() && send_what_is_due(now)) || served;
}

void EchoClient::on_ready(std::span<const sock::ReadyEvent> events, Instant now) {
  std::uint64_t answered = 0;
  const bool is_measuring = latency_.is_on();
  for (const sock::ReadyEvent& event : events) {
    Flow& f = flow(event.fd);
    if (!f.is_open && (event.ready & sock::ready::kError) == 0) {
      on_opened(event.fd, f, now);
      continue;
    }
    const auto chain = sockets_.read(event.fd, kEchoTurnBytes);
    if (!chain && chain.error() == Errc::kAgain) continue;
    if (!chain || chain->empty() || chain->size() > f.missing) {
      give_up(event.fd);
      continue;
    }
    f.missing -= chain->size();
    if (f.missing > 0) continue;
    ++answered;
    if (is_measuring) latency_.record(now - f.sent);
    if (options_.rate > 0) {
      waiting_.push_back(event.fd);
    } else {
      send_request(event.fd, f, now);
    }
  }
  if (answered > 0) answered_.store(this->answered() + answered, std::memory_order_relaxed);
}

void EchoClient::on_opened(int fd, Flow& f, Instant now) {
  f.is_open = true;
  disregard(sockets_.watch(fd, sock::ready::kReadable, 0));
  if (!f.is_idle && options_.rate > 0) {
    waiting_.push_back(fd);
  } else if (!f.is_idle) {
    send_request(fd, f, now);
  }
  opened_.store(opened_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  if (!open_more()) broken_.fetch_add(1, std::memory_order_relaxed);
}

void EchoClient::give_up(int fd) {
  broken_.fetch_add(1, std::memory_order_relaxed);
  disregard(sockets_.close(fd));
}

void EchoClient::send_request(int fd, Flow& f, Instant due) {
  auto request = f.request.clone(*pools_.indirect);
  if (!request || !sockets_.write(fd, *request)) return give_up(fd);
  f.missing = options_.request_bytes;
  f.sent = due;
}

bool EchoClient::send_what_is_due(Instant now) {
  if (sent_ == 0 && began_ == Instant{}) began_ = now;
  const double interval_ns = 1e9 / options_.rate;
  bool any = false;
  while (!waiting_.empty()) {
    const Instant due = began_ + Duration{std::llround(static_cast<double>(sent_) * interval_ns)};
    if (due > now) break;
    const int fd = waiting_.front();
    waiting_.pop_front();
    send_request(fd, flow(fd), due);
    ++sent_;
    any = true;
  }
  return any;
}

}  // namespace zs::bench
