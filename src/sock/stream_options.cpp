// The options that only streams have: one row each in a table, with Linux' ranges and errno values.

#include <algorithm>
#include <chrono>
#include <climits>

#include "sock/socket_table_impl.hpp"
#include "tcp/defer_accept.hpp"

namespace zs::sock {

using std::chrono::duration_cast;
using std::chrono::seconds;

namespace {

constexpr int kMostSynRetries = 127;          // Linux' MAX_TCP_SYNCNT
constexpr int kMostFinWait2 = 120;            // TCP_FIN_TIMEOUT_MAX, in seconds
constexpr int kLeastSegment = 88;             // TCP_MIN_MSS
constexpr int kMostSegment = 32'767;          // MAX_TCP_WINDOW
constexpr std::uint32_t kLeastClamp = 1'152;  // half of SOCK_MIN_RCVBUF
constexpr int kSegmentWithoutPeer = 536;      // RFC 9293 §3.7.1

/// What an option is looked up and changed in.
struct Place {
  tcp::ConnectionOptions& options;
  tcp::Connection* connection;  ///< nullptr: there is none
  const tcp::Config& config;
  bool is_fresh;  ///< neither connected nor listening
};
struct Row {
  StreamOption option;
  Result<void> (*set)(const Place&, int);
  int (*get)(const Place&);
};

Result<void> set_cork(const Place& p, int value) {
  p.options.cork = value != 0;
  return {};
}

Result<void> set_quick_ack(const Place& p, int value) {
  p.options.quick_ack = value != 0;
  if (p.connection != nullptr) p.connection->set_quick_ack(value);
  return {};
}

Result<void> set_read_low_water(const Place& p, int value) {
  const std::uint32_t wish = value < 0 ? INT_MAX : static_cast<std::uint32_t>(value);
  // More than the buffer holds would never be there.
  p.options.read_low_water = std::clamp(wish, 1u, std::max(p.options.receive_buffer_bytes, 1u));
  return {};
}

Result<void> set_write_low_water(const Place&, int) { return Errc::kNoProtocolOption; }

Result<void> set_unsent_low_water(const Place& p, int value) {
  p.options.unsent_low_water = static_cast<std::uint32_t>(value);
  return {};
}

Result<void> set_defer_accept(const Place& p, int value) {
  p.options.defer_accept = tcp::deferred_timeouts(value);
  return {};
}

Result<void> set_window_clamp(const Place& p, int value) {
  if (value == 0 && !p.is_fresh) return Errc::kInvalid;
  const auto wish = static_cast<std::uint32_t>(std::max(value, 0));
  p.options.window_clamp = value == 0 ? 0 : std::max(wish, kLeastClamp);
  return {};
}

Result<void> set_max_segment(const Place& p, int value) {
  if (value != 0 && (value < kLeastSegment || value > kMostSegment)) return Errc::kInvalid;
  p.options.max_segment = static_cast<std::uint16_t>(value);
  return {};
}

int max_segment(const Place& p) {
  if (p.connection != nullptr) return p.connection->segment_bytes();
  return p.options.max_segment != 0 ? p.options.max_segment : kSegmentWithoutPeer;
}

Result<void> set_syn_retries(const Place& p, int value) {
  if (value < 1 || value > kMostSynRetries) return Errc::kInvalid;
  p.options.syn_retries = static_cast<std::uint8_t>(value);
  return {};
}

Result<void> set_fast_open_queue(const Place& p, int value) {
  if (value < 0 || p.connection != nullptr) return Errc::kInvalid;
  p.options.fast_open_queue = std::min(static_cast<std::uint32_t>(value), p.config.max_backlog);
  return {};
}

Result<void> set_fast_open_connect(const Place& p, int value) {
  if (value < 0 || value > 1 || !p.is_fresh) return Errc::kInvalid;
  p.options.fast_open = value != 0;
  return {};
}

Result<void> set_orphan_fin_wait_2(const Place& p, int value) {
  p.options.orphan_fin_wait_2 = value < 0 ? tcp::ConnectionOptions::kNoFinWait2
                                          : Duration{seconds{std::min(value, kMostFinWait2)}};
  return {};
}

int orphan_fin_wait_2(const Place& p) {
  const Duration own = p.options.orphan_fin_wait_2;
  if (own < Duration::zero()) return -1;
  const Duration valid = own == Duration::zero() ? p.config.fin_wait_2 : own;
  return static_cast<int>(duration_cast<seconds>(valid).count());
}

constexpr Row kRows[] = {
    {StreamOption::kCork, set_cork, [](const Place& p) { return p.options.cork ? 1 : 0; }},
    {StreamOption::kQuickAck, set_quick_ack,
     [](const Place& p) {
       const bool quick =
           p.connection != nullptr ? p.connection->is_quick_ack() : p.options.quick_ack;
       return quick ? 1 : 0;
     }},
    {StreamOption::kReadLowWater, set_read_low_water,
     [](const Place& p) { return static_cast<int>(p.options.read_low_water); }},
    {StreamOption::kWriteLowWater, set_write_low_water, [](const Place&) { return 1; }},
    {StreamOption::kUnsentLowWater, set_unsent_low_water,
     [](const Place& p) { return static_cast<int>(p.options.unsent_low_water); }},
    {StreamOption::kDeferAccept, set_defer_accept,
     [](const Place& p) { return tcp::deferred_seconds(p.options.defer_accept); }},
    {StreamOption::kWindowClamp, set_window_clamp,
     [](const Place& p) { return static_cast<int>(p.options.window_clamp); }},
    {StreamOption::kMaxSegment, set_max_segment, max_segment},
    {StreamOption::kSynRetries, set_syn_retries,
     [](const Place& p) {
       return int{p.options.syn_retries != 0 ? p.options.syn_retries : p.config.syn_retries};
     }},
    {StreamOption::kFastOpenQueue, set_fast_open_queue,
     [](const Place& p) { return static_cast<int>(p.options.fast_open_queue); }},
    {StreamOption::kFastOpenConnect, set_fast_open_connect,
     [](const Place& p) { return p.options.fast_open ? 1 : 0; }},
    {StreamOption::kOrphanFinWait2, set_orphan_fin_wait_2, orphan_fin_wait_2},
};

const Row& row_of(StreamOption option) {
  return *std::find_if(std::begin(kRows), std::end(kRows),
                       [=](const Row& row) { return row.option == option; });
}

Place place_of(Socket& socket, const tcp::Config& config) {
  return {socket.connection != nullptr ? socket.connection->options() : *socket.options,
          socket.connection, config, socket.connection == nullptr && socket.listener == nullptr};
}

}  // namespace

Result<void> SocketTable::set_option(int fd, StreamOption option, int value) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kStream) return Errc::kNotSupported;
  ZS_TRY(row_of(option).set(place_of(*socket, impl_->tcp.config()), value));
  impl_->on_options_changed(*socket);
  return {};
}

Result<int> SocketTable::option(int fd, StreamOption option) const {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kStream) return Errc::kNotSupported;
  return row_of(option).get(place_of(*socket, impl_->tcp.config()));
}

Result<StreamInfo> SocketTable::stream_info(int fd) const {
  const Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kStream) return Errc::kNotSupported;
  StreamInfo info;
  if (socket->connection != nullptr) {
    info.connection = socket->connection->info(impl_->shard.now());
  } else if (socket->listener != nullptr) {
    info.is_listening = true;
    info.waiting = static_cast<std::uint32_t>(socket->listener->waiting());
    info.backlog = socket->listener->backlog();
  } else {  // what it would begin with
    info.connection.rto = impl_->tcp.config().initial_rto;
    info.connection.send_mss = info.connection.receive_mss = kSegmentWithoutPeer;
    info.connection.congestion_window =
        impl_->tcp.config().initial_window_segments * kSegmentWithoutPeer;
  }
  return info;
}

}  // namespace zs::sock
