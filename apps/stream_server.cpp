#include "stream_server.hpp"

#include <algorithm>

#include "listening.hpp"

namespace zs::apps {
namespace {

constexpr std::uint32_t kReadBytes = 64 * 1024;
constexpr std::size_t kPatternBytes = 59'999;  // prime: no segment size divides it
/// How much of a long body goes out before other connections get their turn.
constexpr std::uint64_t kTurnBytes = 256 * 1024;

}  // namespace

StreamServer::StreamServer(runtime::ShardContext& shard, const ServerOptions& options,
                           std::unique_ptr<Protocol> protocol)
    : shard_(shard), sockets_(shard.sockets), options_(options), protocol_(std::move(protocol)) {}

StreamServer::~StreamServer() {
  for (auto& list : waiting_) {
    while (!list.empty()) list.pop_front();
  }
}

std::vector<std::byte> StreamServer::make_pattern() {
  std::vector<std::byte> pattern(kPatternBytes);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    pattern[i] = static_cast<std::byte>('a' + (i * 7 + i / 26 + i / 677) % 26);
  }
  return pattern;
}

Result<void> StreamServer::make_pattern_buffers(std::string& why) {
  pattern_ = make_pattern();
  scratch_.resize(kReadBytes);
  // One buffer for the whole pattern: an answer is then one slice of it, whatever its length.
  auto pool = buf::Pool::create(
      {"zs-body-" + std::to_string(shard_.index), 1, static_cast<std::uint16_t>(kPatternBytes)});
  if (!pool) {
    why = "no memory for the body that is served; raise runtime.memory_mb";
    return pool.error();
  }
  pattern_pool_ = std::move(*pool);
  ZS_TRY_ASSIGN(pattern_buffer_, buf::Chain::copy_of(pattern_, *pattern_pool_));
  return {};
}

Result<void> StreamServer::on_start(Instant, std::string& why) {
  ZS_TRY(make_pattern_buffers(why));
  ZS_TRY_ASSIGN(listener_, listen_on(sockets_, options_.listen, options_.backlog, why));
  return {};
}

void StreamServer::on_ready(std::span<const sock::ReadyEvent> events, Instant now) {
  for (const auto& event : events) {
    if (event.fd == listener_) {
      accept_all(now);
      continue;
    }
    // A descriptor that an earlier event of this batch closed, and perhaps opened anew, is only
    // asked once too often.
    const auto place = static_cast<std::size_t>(event.fd);
    if (place >= streams_.size() || streams_[place].fd != event.fd) continue;
    on_event(streams_[place], event.ready, now);
  }
}

void StreamServer::accept_all(Instant now) {
  constexpr int kBatch = 64;  // the rest stays ready, and others get their turn
  for (int i = 0; i < kBatch; ++i) {
    auto fd = sockets_.accept(listener_);
    if (!fd) return;
    if (open_ >= options_.max_streams) {
      ignore(sockets_.close(*fd));
      continue;
    }
    open_stream(*fd, now);
  }
}

void StreamServer::open_stream(int fd, Instant now) {
  const auto place = static_cast<std::size_t>(fd);
  while (streams_.size() <= place) streams_.emplace_back();
  Stream& s = streams_[place];
  s.fd = fd;
  s.interest = 0;
  s.body_left = s.body_offset = 0;
  s.is_blocked = s.ends_after_output = s.is_ending = s.peer_ended = false;
  ++open_;
  ignore(sockets_.set_option(fd, sock::Option::kNoDelay, 1));
  protocol_->on_open(*this, s);
  // The request often came with the handshake's last ACK: look before waiting.
  on_event(s, sock::ready::kReadable, now);
}

void StreamServer::on_event(Stream& s, std::uint32_t ready, Instant now) {
  if ((ready & sock::ready::kError) != 0) return close_stream(s);
  progressed_ = false;
  if ((ready & sock::ready::kWritable) != 0) s.is_blocked = false;
  if (s.is_ending) {
    if (discard(s) == Flow::kGone) return;
  } else {
    pump(s);
    if (!s.is_blocked && !s.input.empty()) protocol_->on_input(*this, s);
    const bool may_read = !s.is_blocked && !s.has_output() && s.input.empty() && !s.peer_ended;
    if (may_read && (ready & (sock::ready::kReadable | sock::ready::kPeerClosed)) != 0) {
      const Flow flow = options_.api == Api::kCopy ? read_copying(s) : read_zero_copy(s);
      if (flow == Flow::kGone) return;
    }
  }
  // Both directions are over and nothing more can be read.
  if ((ready & sock::ready::kHangup) != 0 && s.input.empty()) return close_stream(s);
  settle(s, now);
}

StreamServer::Flow StreamServer::read_zero_copy(Stream& s) {
  auto chain = sockets_.read(s.fd, kReadBytes);
  if (!chain) {
    if (is_again(chain.error())) return Flow::kGoOn;
    close_stream(s);
    return Flow::kGone;
  }
  if (chain->empty()) {
    on_peer_end(s);
    return Flow::kGoOn;
  }
  s.input.append(std::move(*chain));
  protocol_->on_input(*this, s);
  return Flow::kGoOn;
}

StreamServer::Flow StreamServer::read_copying(Stream& s) {
  auto n = sockets_.read_copy(s.fd, scratch_);
  if (!n) {
    if (is_again(n.error())) return Flow::kGoOn;
    close_stream(s);
    return Flow::kGone;
  }
  if (*n == 0) {
    on_peer_end(s);
    return Flow::kGoOn;
  }
  const auto bytes = std::span<const std::byte>(scratch_).first(*n);
  const std::size_t taken = protocol_->on_bytes(*this, s, bytes);
  if (taken == bytes.size()) return Flow::kGoOn;
  auto rest = buf::Chain::copy_of(bytes.subspan(taken), *shard_.pools.data);
  if (!rest) {
    reset_stream(s);  // bytes that were taken from the socket cannot be put back
    return Flow::kGone;
  }
  s.input.append(std::move(*rest));
  return Flow::kGoOn;
}

void StreamServer::on_peer_end(Stream& s) {
  s.peer_ended = true;
  s.ends_after_output = true;
}

StreamServer::Flow StreamServer::discard(Stream& s) {
  s.input.clear();
  auto chain = sockets_.read(s.fd, kReadBytes);
  if (chain && !chain->empty()) return Flow::kGoOn;
  if (!chain && is_again(chain.error())) return Flow::kGoOn;
  close_stream(s);
  return Flow::kGone;
}

void StreamServer::send_chain(Stream& s, buf::Chain chain) {
  s.output.append(std::move(chain));
  if (!s.is_blocked) flush_output(s);
}

void StreamServer::send_bytes(Stream& s, std::span<const std::byte> bytes) {
  if (options_.api == Api::kCopy && !s.is_blocked && s.output.empty()) {
    auto n = sockets_.write_copy(s.fd, bytes);
    if (n) {
      progressed_ = true;
      bytes = bytes.subspan(*n);
    } else if (!is_again(n.error())) {
      return on_write_error(s, n.error());
    }
    if (bytes.empty()) return;
    s.is_blocked = true;
  }
  auto copy = buf::Chain::copy_of(bytes, *shard_.pools.data);
  if (!copy) return fail_stream(s);
  send_chain(s, std::move(*copy));
}

void StreamServer::send_head(Stream& s, std::span<const std::byte> head, std::uint64_t body_bytes) {
  if (options_.api == Api::kCopy) {
    send_bytes(s, head);
  } else {
    auto copy = buf::Chain::copy_of(head, *shard_.pools.data);
    if (!copy) return fail_stream(s);
    s.output.append(std::move(*copy));  // unsent, so that the body joins it
  }
  s.body_left = body_bytes;
  s.body_offset = 0;
  send_pattern(s);
}

/// Half an answer is worse than none: without buffers the connection ends here, with RST.
void StreamServer::fail_stream(Stream& s) {
  ignore(sockets_.set_option(s.fd, sock::Option::kLinger, 0));
  on_write_error(s, Errc::kPipe);
}

void StreamServer::on_write_error(Stream& s, Errc error) {
  if (is_again(error)) {
    s.is_blocked = true;
    return;
  }
  s.output.clear();
  s.body_left = 0;
  s.is_blocked = false;
  s.ends_after_output = true;
  s.peer_ended = true;
}

void StreamServer::flush_output(Stream& s) {
  if (s.output.empty()) return;
  if (auto r = sockets_.write(s.fd, s.output); !r) return on_write_error(s, r.error());
  s.output.clear();
  progressed_ = true;
}

void StreamServer::send_pattern(Stream& s) {
  const std::uint64_t stop_at = s.body_offset + kTurnBytes;
  while (!s.is_blocked && s.body_left > 0 && s.body_offset < stop_at) {
    if (options_.api == Api::kCopy) {
      send_body_copying(s);
    } else {
      send_body(s);
    }
  }
}

void StreamServer::send_body(Stream& s) {
  const auto offset = static_cast<std::uint32_t>(s.body_offset % kPatternBytes);
  const auto length =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(s.body_left, kPatternBytes - offset));
  rte_mbuf* slice =
      buf::make_indirect(*shard_.pools.indirect, pattern_buffer_.head(), offset, length);
  if (slice == nullptr) return on_write_error(s, Errc::kNoBuffers);
  // A head that waits goes in front, in the same write.
  s.output.append(buf::Mbuf::adopt(slice));
  s.body_left -= length;
  s.body_offset += length;
  flush_output(s);
}

void StreamServer::send_body_copying(Stream& s) {
  const std::size_t offset = s.body_offset % kPatternBytes;
  const auto length = std::min<std::uint64_t>(s.body_left, kPatternBytes - offset);
  auto n = sockets_.write_copy(s.fd, std::span(pattern_).subspan(offset, length));
  if (!n) return on_write_error(s, n.error());
  progressed_ = true;
  s.body_left -= *n;
  s.body_offset += *n;
  s.is_blocked = *n < length;
}

void StreamServer::pump(Stream& s) {
  if (!s.is_blocked) flush_output(s);
  send_pattern(s);
}

void StreamServer::settle(Stream& s, Instant now) {
  using namespace sock::ready;
  if (s.ends_after_output && !s.has_output() && !s.is_ending) {
    if (s.peer_ended) return close_stream(s);
    ignore(sockets_.shutdown(s.fd, sock::ShutdownHow::kWrite));
    s.is_ending = true;
    s.input.clear();
  }
  if (s.is_ending) {
    set_interest(s, kReadable);
    if (s.wait != Wait::kLinger) set_wait(s, Wait::kLinger, now);
  } else if (s.has_output() || !s.input.empty()) {
    // While our answer waits nothing is read: the peer's window closes, and it learns to wait too.
    set_interest(s, kWritable);
    if (s.wait != Wait::kSend || progressed_) set_wait(s, Wait::kSend, now);
  } else {
    set_interest(s, kReadable);
    const Wait wait = protocol_->wait_of(s);
    // A request has its time as a whole: a byte now and then buys no more.
    if (wait != s.wait || (wait == Wait::kIdle && progressed_)) set_wait(s, wait, now);
  }
}

void StreamServer::set_interest(Stream& s, std::uint32_t interest) {
  if (s.interest == interest) return;
  s.interest = interest;
  ignore(sockets_.watch(s.fd, interest, static_cast<std::uint64_t>(s.fd)));
}

void StreamServer::set_wait(Stream& s, Wait wait, Instant now) {
  if (s.is_linked()) waiting_[static_cast<std::size_t>(s.wait)].erase(s);
  s.wait = wait;
  const Duration patience = options_.patience[static_cast<std::size_t>(wait)];
  if (wait == Wait::kNone || patience.count() == 0) return;
  s.deadline = now + patience;
  waiting_[static_cast<std::size_t>(wait)].push_back(s);
}

void StreamServer::close_stream(Stream& s) {
  set_wait(s, Wait::kNone, Instant{});
  s.input.clear();
  s.output.clear();
  s.body_left = 0;
  ignore(sockets_.close(s.fd));
  s.fd = -1;
  --open_;
}

void StreamServer::reset_stream(Stream& s) {
  ignore(sockets_.set_option(s.fd, sock::Option::kLinger, 0));
  close_stream(s);
}

void StreamServer::on_deadline(Instant now) {
  for (auto& list : waiting_) {
    while (!list.empty() && list.front().deadline <= now) {
      Stream& s = list.front();
      // Whoever owes us nothing may close in order; the others are cut off.
      if (s.wait == Wait::kIdle) {
        close_stream(s);
      } else {
        reset_stream(s);
      }
    }
  }
}

Instant StreamServer::next_deadline() const {
  Instant next = Instant::never();
  for (const auto& list : waiting_) {
    if (!list.empty()) next = std::min(next, list.front().deadline);
  }
  return next;
}

void StreamServer::on_stop(Instant now) {
  if (listener_ >= 0) ignore(sockets_.close(listener_));
  listener_ = -1;
  for (Stream& s : streams_) {
    if (s.fd < 0) continue;
    s.ends_after_output = true;
    s.input.clear();
    settle(s, now);
  }
}

void StreamServer::on_abort(Instant) {
  for (Stream& s : streams_) {
    if (s.fd >= 0) reset_stream(s);
  }
}

}  // namespace zs::apps
