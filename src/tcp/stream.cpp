// What the application asks of a connection, and what it may ask about it (RFC 9293 §3.10.2,
// §3.10.3).

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"

namespace zs::tcp {

Errc Connection::refuses_write() const {
  const bool opens = state_ == State::kSynSent || state_ == State::kSynReceived;
  if (fin_queued_ || (!opens && !can_send(state_))) return Errc::kPipe;
  const bool waits = (opens && !may_write_early()) || has_enough_unsent();
  return waits ? Errc::kAgain : Errc{};
}

void Connection::on_written(bool more) {
  write_wanted_ = 0;
  holding_.on_write(more);
  if (waits_to_open()) {  // the SYN takes it along
    fast_open_->on_data();
    syn_pending_ = true;
  }
  schedule();
}

Result<void> Connection::write(buf::Chain& chain, bool more) {
  if (error_ != Errc{}) return take_error();
  if (const Errc refusal = refuses_write(); refusal != Errc{}) return refusal;
  if (pacing_) note_app_limited();
  const std::uint32_t bytes = chain.size();
  if (auto taken = send_buffer_.append(chain); !taken) {
    // More room than there is now in any case: the bound on buffers may be what refused.
    if (taken.error() == Errc::kAgain) {
      write_wanted_ = std::clamp(send_buffer_.free_space() + 1, bytes, send_buffer_.capacity());
    }
    return taken.error();
  }
  on_written(more);
  return {};
}

Result<std::size_t> Connection::write_copy(std::span<const std::byte> bytes, bool more) {
  if (error_ != Errc{}) return take_error();
  if (const Errc refusal = refuses_write(); refusal != Errc{}) return refusal;
  if (pacing_) note_app_limited();
  auto copied = send_buffer_.append_copy(bytes, *shared_->pools.data);
  if (!copied) return copied.error();
  shared_->counters.copied_bytes_out += *copied;
  on_written(more);
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

/// With SO_RCVLOWAT fewer bytes are not told of, unless the window has no room for the rest.
bool Connection::is_readable() const {
  if (peer_closed_ || read_shutdown_ || state_ == State::kClosed) return true;
  if (receive_buffer_.empty()) return false;
  return receive_buffer_.size() >= options_.read_low_water || receive_window() <= ack_.full_size();
}

/// A write() that was refused for lack of room is told of when it would fit; others when a third
/// of the buffer is free (Linux' rule), so that a writer is not woken for every acknowledged
/// segment.
bool Connection::is_writable() const {
  if (state_ == State::kClosed || fin_queued_) return true;  // the call says what is the matter
  if (!(can_send(state_) || may_write_early()) || has_enough_unsent()) return false;
  const std::uint32_t third = send_buffer_.capacity() / 3;
  return send_buffer_.free_space() >= std::max(write_wanted_, std::max(third, 1u));
}

/// TCP_NOTSENT_LOWAT: what cannot be sent yet is better made later.
bool Connection::has_enough_unsent() const {
  return options_.unsent_low_water != 0 && unsent_bytes() >= options_.unsent_low_water;
}

bool Connection::both_closed() const {
  return state_ == State::kClosed || (peer_closed_ && fin_queued_);
}

Progress Connection::progress() const {
  const bool closed = state_ == State::kClosed;
  return {.received = bytes_in_,
          .unread = receive_buffer_.size(),
          .unacknowledged = send_buffer_.size(),
          .room = send_buffer_.free_space(),
          .connecting = state_ == State::kSynSent || state_ == State::kSynReceived,
          .no_more_in = closed || peer_closed_ || read_shutdown_,
          .no_more_out = closed || fin_queued_};
}

void Connection::push() {
  holding_.push(data_end());
  schedule();
}

void Connection::set_quick_ack(int value) {
  const bool is_up = state_ == State::kEstablished || state_ == State::kCloseWait;
  ack_.set_quick(is_up ? value : std::min(value, 1));
  schedule();
}

Errc Connection::take_error() { return std::exchange(error_, Errc{}); }

}  // namespace zs::tcp
