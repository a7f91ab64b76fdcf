// What the application asks of a connection, and what it may ask about it (RFC 9293 §3.10.2,
// §3.10.3).

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"

namespace zs::tcp {

Result<void> Connection::write(buf::Chain& chain) {
  if (error_ != Errc{}) return take_error();
  if (state_ == State::kSynSent || state_ == State::kSynReceived) {
    return fin_queued_ ? Errc::kPipe : Errc::kAgain;
  }
  if (!can_send(state_)) return Errc::kPipe;
  if (pacing_) note_app_limited();
  const std::uint32_t bytes = chain.size();
  if (auto taken = send_buffer_.append(chain); !taken) {
    // More room than there is now in any case: the bound on buffers may be what refused.
    if (taken.error() == Errc::kAgain) {
      write_wanted_ = std::clamp(send_buffer_.free_space() + 1, bytes, send_buffer_.capacity());
    }
    return taken.error();
  }
  write_wanted_ = 0;
  schedule_data();
  return {};
}

Result<std::size_t> Connection::write_copy(std::span<const std::byte> bytes) {
  if (error_ != Errc{}) return take_error();
  if (state_ == State::kSynSent || state_ == State::kSynReceived) {
    return fin_queued_ ? Errc::kPipe : Errc::kAgain;
  }
  if (!can_send(state_)) return Errc::kPipe;
  if (pacing_) note_app_limited();
  auto copied = send_buffer_.append_copy(bytes, *shared_->pools.data);
  if (!copied) return copied.error();
  write_wanted_ = 0;
  shared_->counters.copied_bytes_out += *copied;
  schedule_data();
  return *copied;
}

Result<buf::Chain> Connection::read(std::uint32_t limit) {
  if (has_whole(limit)) return take_whole();
  if (receive_buffer_.size() > 0 && limit > 0) {
    auto chain = receive_buffer_.read(limit, shared_->pools);
    if (chain) advertise_after_read();
    return chain;
  }
  if (peer_closed_ || read_shutdown_) return buf::Chain{};
  if (error_ != Errc{}) return take_error();
  if (state_ == State::kClosed) return buf::Chain{};
  return Errc::kAgain;
}

Result<buf::Chain> Connection::peek(std::uint32_t limit) const {
  if (receive_buffer_.size() > 0 && limit > 0) {
    return receive_buffer_.share(limit, *shared_->pools.indirect);
  }
  if (peer_closed_ || read_shutdown_) return buf::Chain{};
  if (error_ != Errc{}) return error_;
  if (state_ == State::kClosed) return buf::Chain{};
  return Errc::kAgain;
}

Result<std::size_t> Connection::read_copy(std::span<std::byte> out) {
  if (receive_buffer_.size() > 0 && !out.empty()) {
    const std::size_t copied = receive_buffer_.read_copy(out);
    shared_->counters.copied_bytes_in += copied;
    advertise_after_read();
    return copied;
  }
  if (peer_closed_ || read_shutdown_) return std::size_t{0};
  if (error_ != Errc{}) return take_error();
  if (state_ == State::kClosed) return std::size_t{0};
  return Errc::kAgain;
}

bool Connection::is_readable() const {
  return receive_buffer_.size() > 0 || peer_closed_ || read_shutdown_ || state_ == State::kClosed;
}

/// A write() that was refused for lack of room is told of when it would fit; others when a third
/// of the buffer is free (Linux' rule), so that a writer is not woken for every acknowledged
/// segment.
bool Connection::is_writable() const {
  if (state_ == State::kClosed || fin_queued_) return true;  // the call says what is the matter
  if (!can_send(state_)) return false;
  const std::uint32_t third = send_buffer_.capacity() / 3;
  return send_buffer_.free_space() >= std::max(write_wanted_, std::max(third, 1u));
}

bool Connection::both_closed() const {
  return state_ == State::kClosed || (peer_closed_ && fin_queued_);
}

Errc Connection::take_error() { return std::exchange(error_, Errc{}); }

}  // namespace zs::tcp
