// Socket options and what else may be asked about a descriptor.

#include <algorithm>
#include <chrono>

#include "sock/socket_table_impl.hpp"
#include "tcp/cc/algorithm.hpp"

namespace zs::sock {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int kMaxKeepAlive = 32'767;  ///< seconds; Linux' MAX_TCP_KEEPIDLE

constexpr std::uint32_t kNoPacingLimit = UINT32_MAX;  ///< Linux' ~0U

/// The option's value is unsigned, and all of it set means no limit. A rate of nothing would be the
/// end of the connection: it is none either.
std::uint64_t pacing_rate_of(int value) {
  const auto rate = static_cast<std::uint32_t>(value);
  return rate == kNoPacingLimit || rate == 0 ? tcp::Pacer::kUnlimited : rate;
}

tcp::ConnectionOptions& options_of(Socket& socket) {
  return socket.connection != nullptr ? socket.connection->options() : *socket.options;
}

Result<void> apply(tcp::ConnectionOptions& options, Option option, int value) {
  const bool is_interval = option == Option::kKeepAliveIdle || option == Option::kKeepAliveInterval;
  if (is_interval && (value < 1 || value > kMaxKeepAlive)) return Errc::kInvalid;
  switch (option) {
    case Option::kReuseAddress:
    case Option::kV6Only:
      break;
    case Option::kReusePort:
      options.reuse_port = value != 0;
      break;
    case Option::kBroadcast:
    case Option::kDontFragment:
    case Option::kGroupHops:
    case Option::kGroupLoop:
    case Option::kGroupInterface:
      return Errc::kNotSupported;
    case Option::kSendBuffer:
      options.send_buffer_bytes = buffer_bytes(value);
      options.send_buffer_fixed = true;
      break;
    case Option::kReceiveBuffer:
      options.receive_buffer_bytes = buffer_bytes(value);
      options.receive_buffer_fixed = true;
      break;
    case Option::kNoDelay:
      options.nodelay = value != 0;
      break;
    case Option::kKeepAlive:
      options.keepalive = value != 0;
      break;
    case Option::kKeepAliveIdle:
      options.keepalive_idle = seconds{value};
      break;
    case Option::kKeepAliveInterval:
      options.keepalive_interval = seconds{value};
      break;
    case Option::kKeepAliveProbes:
      if (value < 1 || value > 127) return Errc::kInvalid;  // Linux' MAX_TCP_KEEPCNT
      options.keepalive_probes = static_cast<std::uint8_t>(value);
      break;
    case Option::kCongestion:
      if (value < 0 || value > UINT8_MAX ||
          tcp::cc::name_of(static_cast<tcp::CongestionAlgorithm>(value)).empty()) {
        return Errc::kInvalid;
      }
      options.congestion = static_cast<tcp::CongestionAlgorithm>(value);
      break;
    case Option::kUserTimeout:
      if (value < 0) return Errc::kInvalid;
      options.user_timeout = milliseconds{value};
      break;
    case Option::kMaxPacingRate:
      options.max_pacing_rate = pacing_rate_of(value);
      break;
    case Option::kLinger:
      options.linger = value < 0 ? std::nullopt : std::optional<Duration>{seconds{value}};
      break;
  }
  return {};
}

bool is_of_datagrams(Option option) {
  return option == Option::kBroadcast || option == Option::kDontFragment ||
         option == Option::kGroupHops || option == Option::kGroupLoop ||
         option == Option::kGroupInterface;
}

int current(const Socket& socket, const tcp::ConnectionOptions& options, Option option) {
  switch (option) {
    case Option::kReuseAddress:
      return socket.reuse_address ? 1 : 0;
    case Option::kReusePort:
      return options.reuse_port ? 1 : 0;
    case Option::kSendBuffer:
      return static_cast<int>(options.send_buffer_bytes);
    case Option::kReceiveBuffer:
      return static_cast<int>(options.receive_buffer_bytes);
    case Option::kNoDelay:
      return options.nodelay ? 1 : 0;
    case Option::kKeepAlive:
      return options.keepalive ? 1 : 0;
    case Option::kKeepAliveIdle:
      return static_cast<int>(duration_cast<seconds>(options.keepalive_idle).count());
    case Option::kKeepAliveInterval:
      return static_cast<int>(duration_cast<seconds>(options.keepalive_interval).count());
    case Option::kKeepAliveProbes:
      return options.keepalive_probes;
    case Option::kCongestion:
      return static_cast<int>(options.congestion);
    case Option::kUserTimeout:
      return static_cast<int>(duration_cast<milliseconds>(options.user_timeout).count());
    case Option::kMaxPacingRate:
      return static_cast<int>(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(options.max_pacing_rate, kNoPacingLimit)));
    case Option::kV6Only:
      return socket.v6_only ? 1 : 0;
    case Option::kBroadcast:
    case Option::kDontFragment:
    case Option::kGroupHops:
    case Option::kGroupLoop:
    case Option::kGroupInterface:
      return 0;
    case Option::kLinger:
      return options.linger ? static_cast<int>(duration_cast<seconds>(*options.linger).count())
                            : -1;
  }
  return 0;
}

}  // namespace

Result<void> SocketTable::set_option(int fd, Option option, int value) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type == Type::kDatagram) {
    return impl_->set_datagram_option(*socket, option, value);
  }
  if (option == Option::kV6Only) {
    const bool fresh = !socket->bound && socket->connection == nullptr;
    if (!fresh || socket->family == IpFamily::kV4) return Errc::kInvalid;
    socket->v6_only = value != 0;
    return {};
  }
  if (option == Option::kReuseAddress) {
    socket->reuse_address = value != 0;
    return {};
  }
  if (option == Option::kReusePort) socket->reuse_port = value != 0;
  ZS_TRY(apply(options_of(*socket), option, value));
  impl_->on_options_changed(*socket);
  if (option == Option::kNoDelay && value != 0 && socket->connection != nullptr) {
    socket->connection->push();
  }
  return {};
}

Result<int> SocketTable::option(int fd, Option option) const {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type == Type::kDatagram) return impl_->datagram_option(*socket, option);
  if (is_of_datagrams(option)) return Errc::kNotSupported;
  return current(*socket, options_of(*socket), option);
}

Errc SocketTable::take_error(int fd) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type == Type::kDatagram) return impl_->udp.take_error(socket->datagram);
  return socket->connection != nullptr ? socket->connection->take_error() : Errc{};
}

Result<DescriptorInfo> SocketTable::info(int fd) const {
  const Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  return DescriptorInfo{.type = socket->type,
                        .family = socket->family,
                        .is_listening = socket->listener != nullptr,
                        .interest = socket->interest};
}

Result<Endpoint> SocketTable::local_endpoint(int fd) const {
  const Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type == Type::kDatagram) return impl_->udp.local_endpoint(socket->datagram);
  if (socket->connection != nullptr) return socket->connection->flow().local;
  return socket->bound.value_or(Endpoint{.address = IpAddress::any(socket->family), .port = 0});
}

Result<Endpoint> SocketTable::remote_endpoint(int fd) const {
  const Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type == Type::kDatagram) return impl_->udp.remote_endpoint(socket->datagram);
  // Linux' getpeername() knows no peer either while the connection only begins.
  if (socket->connection == nullptr || socket->connection->progress().connecting) {
    return Errc::kNotConnected;
  }
  return socket->connection->flow().remote;
}

}  // namespace zs::sock
