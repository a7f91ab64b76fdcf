#include "sim/stream.hpp"

#include <algorithm>
#include <vector>

#include "buf/chain.hpp"

namespace zs::sim {

namespace {
constexpr std::uint32_t kChunk = 16 * 1024;
constexpr std::uint32_t kReadLimit = 64 * 1024;

/// Byte `i` of what this side sends; the two directions differ, so that an echo shows.
std::byte pattern(Stream::Role sender, std::uint64_t i) {
  const std::uint64_t salt = sender == Stream::Role::kInitiator ? 1 : 0x5bd1'e995;
  return static_cast<std::byte>(((i + salt) * 0x9e37'79b9'7f4a'7c15ull) >> 56);
}
}  // namespace

Stream::Stream(sock::SocketTable& sockets, int fd, Role role)
    : sockets_(sockets), fd_(fd), role_(role) {}

void Stream::close() {
  if (fd_ < 0) return;
  (void)sockets_.close(fd_);
  fd_ = -1;
}

void Stream::fail(Errc error) {
  error_ = error;
  close();
}

bool Stream::run() {
  if (fd_ < 0) return false;
  bool moved = false;
  while (fd_ >= 0 && reading_ && read_some()) moved = true;
  while (fd_ >= 0 && write_some()) moved = true;
  if (fd_ >= 0 && finishing_ && shut_ && peer_finished_) {
    close();
    moved = true;
  }
  return moved;
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
    if (b != pattern(peer, received_++)) content_ok_ = false;
  }
  return true;
}

bool Stream::write_some() {
  if (shut_) return false;
  if (sent_ == to_send_) {
    if (!finishing_) return false;
    const auto done = sockets_.shutdown(fd_, sock::ShutdownHow::kWrite);
    shut_ = done.has_value();
    return shut_;
  }
  const auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(to_send_ - sent_, kChunk));
  std::vector<std::byte> data(bytes);
  for (std::uint32_t i = 0; i < bytes; ++i) data[i] = pattern(role_, sent_ + i);
  auto chain = buf::Chain::copy_of(data, *sockets_.pools().data);
  if (!chain) return false;
  const auto written = sockets_.write(fd_, *chain);
  if (written) {
    sent_ += bytes;
    return true;
  }
  if (written.error() == Errc::kMessageSize) {  // a small buffer: the copying call takes what fits
    const auto some = sockets_.write_copy(fd_, data);
    if (some) sent_ += *some;
    return some.has_value() && *some > 0;
  }
  if (written.error() != Errc::kAgain && written.error() != Errc::kNotConnected) {
    fail(written.error());
  }
  return false;
}

}  // namespace zs::sim
