#include "sim/stream.hpp"

#include <algorithm>
#include <vector>

namespace zs::sim {

namespace {
constexpr std::uint32_t kReadLimit = 64 * 1024;
/// An application without buffers asks again after a while.
constexpr Duration kBufferRetry = std::chrono::milliseconds{1};

/// Byte `i` of what this side sends; the two directions differ, so that an echo shows, and so do
/// connections, by their salts.
std::byte pattern(Stream::Role sender, std::uint64_t salt, std::uint64_t i) {
  salt += sender == Stream::Role::kInitiator ? 1 : 0x5bd1'e995;
  return static_cast<std::byte>(((i + salt) * 0x9e37'79b9'7f4a'7c15ull) >> 56);
}
}  // namespace

Stream::Stream(sock::SocketTable& sockets, int fd, Role role, const StreamPlan& plan)
    : sockets_(sockets), plan_(plan), fd_(fd), role_(role), to_send_(plan.send_bytes) {
  if (plan.small_messages) (void)sockets.set_option(fd, sock::Option::kNoDelay, 1);
}

void Stream::close() {
  if (fd_ < 0) return;
  (void)sockets_.close(fd_);
  fd_ = -1;
  next_.clear();
  wake_at_ = Instant::never();
}

void Stream::fail(Errc error) {
  error_ = error;
  close();
}

void Stream::abort() {
  (void)sockets_.set_option(fd_, sock::Option::kLinger, 0);
  aborted_ = true;
  close();
}

bool Stream::run(Instant now) {
  if (fd_ < 0) return false;
  bool moved = false;
  wake_at_ = Instant::never();
  if (now < asleep_until_) {
    wake_at_ = asleep_until_;
  } else {
    while (fd_ >= 0 && reading_ && now >= asleep_until_ && read_some()) {
      moved = true;
      sleep_if_planned(now);
    }
  }
  while (fd_ >= 0 && write_some(now)) moved = true;
  if (fd_ >= 0 && sent_ + received_ >= plan_.abort_at) {
    abort();
    return true;
  }
  if (fd_ >= 0 && finishing_ && shut_ && peer_finished_) {
    close();
    moved = true;
  }
  return moved;
}

void Stream::sleep_if_planned(Instant now) {
  if (received_ < plan_.pause_at) return;
  plan_.pause_at = StreamPlan::kNever;
  asleep_until_ = wake_at_ = now + plan_.pause;
  has_lagged_ = true;
}

bool Stream::read_some() {
  if (peer_finished_) return false;
  auto chain = sockets_.read(fd_, kReadLimit);
  if (!chain) {
    if (chain.error() != Errc::kAgain && chain.error() != Errc::kNotConnected &&
        chain.error() != Errc::kNoBuffers) {
      fail(chain.error());
    }
    return false;
  }
  if (chain->empty()) {
    peer_finished_ = true;
    return true;
  }
  std::vector<std::byte> bytes(chain->size());
  chain->copy_out(0, bytes);
  const Role peer = role_ == Role::kInitiator ? Role::kAcceptor : Role::kInitiator;
  for (const std::byte b : bytes) {
    if (b != pattern(peer, plan_.salt, received_++)) content_ok_ = false;
  }
  return true;
}

bool Stream::write_some(Instant now) {
  if (shut_ || (plan_.listens_first && !peer_finished_)) return false;
  if (sent_ == to_send_) {
    if (!finishing_) return false;
    const auto done = sockets_.shutdown(fd_, sock::ShutdownHow::kWrite);
    shut_ = done.has_value();
    return shut_;
  }
  if (next_.empty() && !prepare(now)) return false;
  const std::uint32_t bytes = next_.size();
  const auto written = sockets_.write(fd_, next_);
  if (written) {
    sent_ += bytes;
    return true;
  }
  if (written.error() == Errc::kMessageSize) {  // a small buffer: the copying call takes what fits
    std::vector<std::byte> data(bytes);
    next_.copy_out(0, data);
    const auto some = sockets_.write_copy(fd_, data);
    next_.clear();
    if (some) sent_ += *some;
    return some.has_value() && *some > 0;
  }
  if (written.error() != Errc::kAgain && written.error() != Errc::kNotConnected) {
    fail(written.error());
  }
  return false;
}

bool Stream::prepare(Instant now) {
  const auto bytes =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(to_send_ - sent_, plan_.chunk_bytes));
  std::vector<std::byte> data(bytes);
  for (std::uint32_t i = 0; i < bytes; ++i) {
    data[i] = pattern(role_, plan_.salt, sent_ + i);
  }
  auto chain = buf::Chain::copy_of(data, *sockets_.pools().data);
  if (!chain) {
    wake_at_ = std::min(wake_at_, now + kBufferRetry);
    return false;
  }
  next_ = *std::move(chain);
  return true;
}

}  // namespace zs::sim
