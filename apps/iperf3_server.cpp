#include "iperf3_server.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "listening.hpp"

namespace zs::apps {
namespace {

using namespace std::chrono_literals;
using iperf3::Direction;

constexpr std::uint32_t kBlockBytes = 60'000;
/// How much one stream moves before the others get their turn.
constexpr std::uint32_t kStreamTurnBytes = 256 * 1024;
/// Smaller blocks are sent so many at a time: each costs a descriptor, and a send buffer full of
/// single bytes would take all that the stack has. To the peer's TCP it is the same stream.
constexpr std::uint32_t kLeastSlice = 16 * 1024;
/// A test of 128 streams both ways, and some who only want to be told that we are busy.
constexpr std::size_t kMaxConnections = 512;
constexpr Duration kCookiePatience = 10s;
constexpr Duration kLinger = 2s;
/// How exactly a stream with a rate keeps it: iperf3's own pacing timer.
constexpr Duration kPacing = 1ms;

Duration since_start(const timeval& t) {
  return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
}

/// What this process has used of the CPUs so far: user, system.
std::pair<Duration, Duration> cpu_times() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {since_start(usage.ru_utime), since_start(usage.ru_stime)};
}

}  // namespace

Iperf3Server::Iperf3Server(runtime::ShardContext& shard, const Iperf3Options& options)
    : shard_(shard), sockets_(shard.sockets), options_(options) {}

Result<void> Iperf3Server::make_pattern(std::string& why) {
  std::vector<std::byte> bytes(kBlockBytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>('0' + i % 10);
  auto pool = buf::Pool::create({"zs-iperf3-" + std::to_string(shard_.index), 1, kBlockBytes});
  if (!pool) {
    why = "no memory for what is sent; raise runtime.memory_mb";
    return pool.error();
  }
  pattern_pool_ = std::move(*pool);
  ZS_TRY_ASSIGN(pattern_, buf::Chain::copy_of(bytes, *pattern_pool_));
  return {};
}

Result<void> Iperf3Server::on_start(Instant, std::string& why) {
  ZS_TRY(make_pattern(why));
  ZS_TRY_ASSIGN(listener_, listen_on(sockets_, options_.listen, options_.backlog, why));
  return {};
}

void Iperf3Server::on_ready(std::span<const sock::ReadyEvent> events, Instant now) {
  for (const auto& event : events) {
    if (event.fd == listener_) {
      accept_all(now);
      continue;
    }
    // An earlier event of this batch may have closed it, and another one opened it anew.
    const auto place = static_cast<std::size_t>(event.fd);
    if (place >= connections_.size() || connections_[place].id != event.user_data) continue;
    on_event(connections_[place], event.ready, now);
  }
}

void Iperf3Server::accept_all(Instant now) {
  while (true) {
    auto fd = sockets_.accept(listener_);
    if (!fd) return;
    if (open_ >= kMaxConnections) {
      ignore(sockets_.close(*fd));
      continue;
    }
    const auto place = static_cast<std::size_t>(*fd);
    if (connections_.size() <= place) connections_.resize(place + 1);
    Connection& c = connections_[place];
    c = Connection{};
    c.role = Role::kStranger;
    c.fd = *fd;
    c.id = ++last_id_;
    ++open_;
    ignore(sockets_.set_option(c.fd, sock::Option::kNoDelay, 1));
    wait_until(c, now + kCookiePatience);
    set_interest(c, sock::ready::kReadable);
  }
}

void Iperf3Server::on_event(Connection& c, std::uint32_t ready, Instant now) {
  const bool is_broken = (ready & sock::ready::kError) != 0;
  switch (c.role) {
    case Role::kFree:
      return;
    case Role::kStranger:
      return is_broken ? close(c) : read_cookie(c, now);
    case Role::kControl:
      if (!is_broken) {
        flush(c);
        return read_control(c, now);
      }
      session_->on_control_end();
      return settle(now);
    case Role::kData:
      if (is_broken) return close(c);
      if (!session_->is_running()) return;
      return direction_of(c) == Direction::kSend ? send(c, now) : receive(c, now);
    case Role::kLeaving:
      if (is_broken) return close(c);
      flush(c);
      return discard(c);
  }
}

void Iperf3Server::read_cookie(Connection& c, Instant now) {
  auto n = sockets_.read_copy(c.fd, std::span(c.cookie).subspan(c.cookie_bytes));
  if (!n && is_again(n.error())) return;
  if (!n || *n == 0) return close(c);
  c.cookie_bytes = static_cast<std::uint8_t>(c.cookie_bytes + *n);
  if (c.cookie_bytes == c.cookie.size()) admit(c, now);
}

void Iperf3Server::admit(Connection& c, Instant now) {
  wait_until(c, Instant::never());
  if (!session_) {
    session_.emplace(c.cookie, now);
    c.role = Role::kControl;
    control_ = c.fd;
    client_.clear();
    if (const auto peer = sockets_.remote_endpoint(c.fd)) client_ = peer->to_string();
    return settle(now);
  }
  if (const auto stream = session_->on_connection(c.cookie, now)) {
    c.role = Role::kData;
    c.stream = *stream;
    set_interest(c, 0);
    return settle(now);
  }
  c.output = static_cast<char>(iperf3::Message::kAccessDenied);
  leave(c, now);
}

void Iperf3Server::read_control(Connection& c, Instant now) {
  std::array<std::byte, 4'096> bytes;
  auto n = sockets_.read_copy(c.fd, bytes);
  if (!n && is_again(n.error())) return;
  if (!n || *n == 0) {
    session_->on_control_end();
    return settle(now);
  }
  if (session_->is_running()) {
    // It is likely to end the test. What has arrived until then is part of it.
    for (Connection& other : connections_) {
      const bool is_ours = other.role == Role::kData;
      if (is_ours && direction_of(other) == Direction::kReceive) receive(other, now);
    }
    session_->set_cpu_use(cpu_use(now));
  }
  session_->on_control_bytes(std::span(bytes).first(*n), now);
  settle(now);
}

void Iperf3Server::receive(Connection& c, Instant now) {
  auto chain = sockets_.read(c.fd, kStreamTurnBytes);
  if (!chain && is_again(chain.error())) return;
  if (!chain || chain->empty()) return close(c);
  session_->on_transfer(c.stream, chain->size(), now);
}

void Iperf3Server::send(Connection& c, Instant now) {
  const std::uint64_t allowance = session_->allowance(now);
  const std::uint32_t block = std::clamp(session_->params().block_bytes, kLeastSlice, kBlockBytes);
  std::uint32_t moved = 0;
  while (moved < kStreamTurnBytes) {
    if (c.sent > allowance) {
      next_block_ = std::min(next_block_, now + kPacing);
      set_interest(c, 0);
      break;
    }
    if (auto r = send_block(c, block); !r) {
      if (!is_again(r.error())) return close(c);
      break;
    }
    moved += block;
    c.sent += block;
  }
  session_->on_transfer(c.stream, moved, now);
}

Result<void> Iperf3Server::send_block(const Connection& c, std::uint32_t bytes) {
  rte_mbuf* slice = buf::make_indirect(*shard_.pools.indirect, pattern_.head(), 0, bytes);
  if (slice == nullptr) return Errc::kNoBuffers;
  buf::Chain block(buf::Mbuf::adopt(slice));
  return sockets_.write(c.fd, block);
}

/// After everything that may have changed the session: does what it asks for.
void Iperf3Server::settle(Instant now) {
  if (!session_) return;
  Connection& c = connections_[static_cast<std::size_t>(control_)];
  c.output += session_->take_output();
  flush(c);
  if (session_->is_running() && !is_moving_) begin_streams(now);
  if (!session_->is_running() && is_moving_) end_streams(now);
  if (!session_->is_over()) return;
  report(now);
  end_streams(now);  // also those of a test that never began
  session_.reset();
  control_ = -1;
  leave(c, now);
}

void Iperf3Server::begin_streams(Instant now) {
  is_moving_ = true;
  began_ = now;
  std::tie(user_before_, system_before_) = cpu_times();
  for (Connection& c : connections_) {
    if (c.role != Role::kData) continue;
    const bool sends = direction_of(c) == Direction::kSend;
    set_interest(c, sends ? sock::ready::kWritable : sock::ready::kReadable);
  }
}

void Iperf3Server::end_streams(Instant now) {
  is_moving_ = false;
  next_block_ = Instant::never();
  // After a failure a stream's RST could overtake what the control connection has to say of it, and
  // the client would report the RST: the peer hangs up first, or its patience ends.
  const bool is_in_order = session_->trouble().empty();
  for (Connection& c : connections_) {
    if (c.role == Role::kData) is_in_order ? close(c) : leave(c, now);
  }
}

void Iperf3Server::report(Instant now) const {
  if (!session_->trouble().empty()) {
    spdlog::warn("iperf3: {}: no result: {}", client_, session_->trouble());
    return;
  }
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (const auto& s : session_->streams()) {
    (s.direction == Direction::kSend ? sent : received) += s.bytes;
  }
  const double seconds = std::chrono::duration<double>(session_->elapsed(now)).count();
  const auto gbits = [&](std::uint64_t bytes) {
    return seconds > 0 ? static_cast<double>(bytes) * 8e-9 / seconds : 0.0;
  };
  spdlog::info("iperf3: {}: {:.2f} s, received {} bytes ({:.2f} Gbit/s), sent {} ({:.2f} Gbit/s)",
               client_, seconds, received, gbits(received), sent, gbits(sent));
}

iperf3::CpuUse Iperf3Server::cpu_use(Instant now) const {
  const auto [user, system] = cpu_times();
  const auto total = static_cast<double>((now - began_).count());
  if (total <= 0) return {};
  const auto percent = [&](Duration d) { return 100 * static_cast<double>(d.count()) / total; };
  return {percent(user - user_before_), percent(system - system_before_)};
}

iperf3::Direction Iperf3Server::direction_of(const Connection& c) const {
  return session_->streams()[c.stream].direction;
}

void Iperf3Server::flush(Connection& c) {
  while (!c.output.empty()) {
    auto n = sockets_.write_copy(c.fd, std::as_bytes(std::span(c.output)));
    if (!n && !is_again(n.error())) c.output.clear();  // the error comes as an event, too
    if (!n || *n == 0) break;
    c.output.erase(0, *n);
  }
  if (c.output.empty() && c.role == Role::kLeaving && !c.is_shut) {
    ignore(sockets_.shutdown(c.fd, sock::ShutdownHow::kWrite));
    c.is_shut = true;
  }
  set_interest(c, c.output.empty() ? sock::ready::kReadable
                                   : sock::ready::kReadable | sock::ready::kWritable);
}

/// Closes in order: what is left to say, our FIN, and the peer's, so that no RST overtakes the
/// first.
void Iperf3Server::leave(Connection& c, Instant now) {
  c.role = Role::kLeaving;
  wait_until(c, now + kLinger);
  flush(c);
}

void Iperf3Server::discard(Connection& c) {
  auto chain = sockets_.read(c.fd, kStreamTurnBytes);
  if (chain && !chain->empty()) return;
  if (!chain && is_again(chain.error())) return;
  close(c);
}

void Iperf3Server::set_interest(Connection& c, std::uint32_t interest) {
  if (c.interest == interest) return;
  c.interest = interest;
  ignore(sockets_.watch(c.fd, interest, c.id));
}

void Iperf3Server::wait_until(Connection& c, Instant deadline) {
  c.deadline = deadline;
  next_patience_ = std::min(next_patience_, deadline);
}

void Iperf3Server::close(Connection& c) {
  ignore(sockets_.close(c.fd));
  c = Connection{};
  --open_;
}

void Iperf3Server::reset(Connection& c) {
  ignore(sockets_.set_option(c.fd, sock::Option::kLinger, 0));
  close(c);
}

void Iperf3Server::on_deadline(Instant now) {
  if (session_ && session_->next_deadline() <= now) {
    session_->on_deadline(now);
    settle(now);
  }
  if (next_block_ <= now) {
    next_block_ = Instant::never();
    for (Connection& c : connections_) {
      if (c.role != Role::kData || direction_of(c) != Direction::kSend) continue;
      set_interest(c, sock::ready::kWritable);
    }
  }
  if (next_patience_ > now) return;
  next_patience_ = Instant::never();
  for (Connection& c : connections_) {
    if (c.deadline <= now) reset(c);
    next_patience_ = std::min(next_patience_, c.deadline);
  }
}

Instant Iperf3Server::next_deadline() const {
  const Instant next = std::min(next_block_, next_patience_);
  return session_ ? std::min(next, session_->next_deadline()) : next;
}

void Iperf3Server::on_stop(Instant now) {
  if (listener_ >= 0) ignore(sockets_.close(listener_));
  listener_ = -1;
  if (session_) session_->on_stop();
  settle(now);
  for (Connection& c : connections_) {
    if (c.role == Role::kStranger) close(c);
  }
}

void Iperf3Server::on_abort(Instant) {
  session_.reset();
  for (Connection& c : connections_) {
    if (c.role != Role::kFree) reset(c);
  }
}

}  // namespace zs::apps
