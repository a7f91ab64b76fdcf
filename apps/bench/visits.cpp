#include "bench/visits.hpp"

#include <cstddef>

#include "bench/cable_world.hpp"
#include "bench/echo.hpp"

namespace zs::bench {

Visitor::Visitor(sock::SocketTable& sockets, buf::Pools pools, const VisitorOptions& options)
    : sockets_(sockets), pools_(pools), options_(options) {}

Result<void> Visitor::on_start(Instant, std::string& why) {
  why = "the client cannot open connections";
  const std::vector<std::byte> bytes(options_.request_bytes, std::byte{'v'});
  ZS_TRY_ASSIGN(request_pool_, buf::Pool::create({"bench-visit", 63, 8'192}));
  ZS_TRY_ASSIGN(request_, buf::Chain::copy_of(bytes, *request_pool_));
  return begin_visit();  // alone, until the neighbour is known
}

Visitor::Place& Visitor::place(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= places_.size()) places_.resize(at + 1);
  return places_[at];
}

Result<void> Visitor::begin_visit() {
  ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
  const auto port = static_cast<std::uint16_t>(kEchoPort + begun_++ % options_.ports);
  const auto begun = sockets_.connect(fd, {kServerAddress, port});
  if (!begun && begun.error() != Errc::kInProgress) return begun.error();
  place(fd) = {};
  ++under_way_;
  return sockets_.watch(fd, sock::ready::kWritable, 0);
}

void Visitor::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  std::uint64_t over = 0;
  for (const sock::ReadyEvent& event : events) {
    if (!go_on(event.fd, event.ready)) continue;
    if (!sockets_.close(event.fd)) broken_.fetch_add(1, std::memory_order_relaxed);
    --under_way_;
    ++over;
  }
  if (over == 0) return;
  visits_.store(visits() + over, std::memory_order_relaxed);
  fill_up();
}

bool Visitor::go_on(int fd, std::uint32_t ready) {
  Place& p = place(fd);
  if ((ready & sock::ready::kError) != 0) {
    broken_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  if (p.is_open) return hear(fd, p);
  p.is_open = true;
  return options_.visit == Visit::kOpenAndClose || ask(fd, p);
}

bool Visitor::ask(int fd, Place& p) {
  auto request = request_.clone(*pools_.indirect);
  if (!request || !sockets_.write(fd, *request) || !sockets_.watch(fd, sock::ready::kReadable, 0)) {
    broken_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  p.missing = options_.request_bytes;
  return false;
}

bool Visitor::hear(int fd, Place& p) {
  const auto chain = sockets_.read(fd, p.missing);
  if (!chain && chain.error() == Errc::kAgain) return false;
  if (!chain || chain->empty()) {
    broken_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  p.missing -= chain->size();
  return p.missing == 0;
}

void Visitor::fill_up() {
  while (under_way_ < options_.at_once) {
    if (begin_visit()) continue;
    broken_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
}

}  // namespace zs::bench
