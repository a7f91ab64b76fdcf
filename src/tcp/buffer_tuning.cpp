// Buffers grow to what the path and the application can use, and never by themselves shrink: the
// receive buffer to twice what is taken in a round trip, the send buffer to twice the congestion
// window, so that what is in flight waits for its acknowledgement beside what is written next.

#include "tcp/buffer_tuning.hpp"

#include <algorithm>
#include <chrono>

#include "tcp/connection.hpp"
#include "tcp/window_scale.hpp"

namespace zs::tcp {

using std::chrono::duration_cast;
using std::chrono::microseconds;

namespace {
/// Of a connection that has no sample yet.
constexpr Duration kUnknownRoundTrip = std::chrono::milliseconds{100};

std::uint32_t twice(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(2 * bytes, UINT32_MAX));
}
}  // namespace

std::uint32_t ReceiveTuning::finish(SeqNum taken, Instant now) noexcept {
  const auto elapsed = static_cast<std::uint64_t>(
      std::max<std::int64_t>(duration_cast<microseconds>(now - began_).count(), 1));
  const auto round_trip = static_cast<std::uint64_t>(
      std::max<std::int64_t>(duration_cast<microseconds>(due_ - began_).count(), 1));
  // Who looks in rarely, and then takes all at once, takes no more in a round trip.
  const std::uint64_t bytes = taken.raw() - from_.raw();
  const auto now_taken =
      static_cast<std::uint32_t>(bytes * round_trip / std::max(elapsed, round_trip));
  const std::uint32_t growth = now_taken > taken_ ? now_taken - taken_ : 0;
  taken_ = now_taken;
  return twice(std::uint64_t{now_taken} + std::min(growth, now_taken / 2));
}

/// The time is when the peer was heard of last: what has been taken of what came then, or before,
/// makes room for what is about to be offered.
void Connection::tune_receive_buffer() {
  const Instant heard = keepalive_.heard();
  const SeqNum taken = rcv_.nxt - receive_buffer_.size();
  const std::uint32_t wanted = tuning_.finish(taken, heard);
  begin_tuning(heard);
  const std::uint32_t most =
      std::min({options_.most_receive_bytes(shared_->config),
                kMaxUnscaledWindow << negotiated_.receive_scale, options_.window_bound()});
  const std::uint32_t bytes = std::min(wanted, most);
  // Where buffers run low nobody is promised more (docs/memory-pressure.md).
  if (bytes <= receive_buffer_.capacity() || read_shutdown_ ||
      shared_->pools.data->supply() != buf::Supply::kPlenty) {
    return;
  }
  options_.receive_buffer_bytes = bytes;
  set_receive_capacity(bytes);
}

void Connection::begin_tuning(Instant now) {
  if (options_.receive_buffer_fixed) return;
  const Duration round_trip = rtt_.has_sample() ? rtt_.srtt() : kUnknownRoundTrip;
  tuning_.begin(rcv_.nxt - receive_buffer_.size(), round_trip, now);
}

void Connection::set_receive_capacity(std::uint32_t bytes) {
  receive_buffer_.set_capacity(bytes);
  reassembly_.set_most_bytes(bytes);
  quiet_window_ = UINT32_MAX;
}

void Connection::tune_send_buffer() {
  if (options_.send_buffer_fixed) return;
  const std::uint32_t bytes =
      std::min(twice(congestion_->window_bytes()), options_.most_send_bytes(shared_->config));
  if (bytes <= send_buffer_.capacity() || shared_->pools.data->supply() != buf::Supply::kPlenty) {
    return;
  }
  options_.send_buffer_bytes = bytes;
  send_buffer_.set_capacity(bytes);
}

}  // namespace zs::tcp
