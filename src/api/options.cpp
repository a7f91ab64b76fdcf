// Socket options: their POSIX levels, names and values.
#include <zstack/zstack.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <optional>
#include <string_view>

#include "api/call.hpp"
#include "api/group_options.hpp"
#include "api/tcp_info.hpp"
#include "api/timeout_options.hpp"
#include "tcp/cc/algorithm.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;
using zs::sock::DescriptorInfo;
using zs::sock::Option;
using zs::sock::StreamOption;
using zs::sock::Type;

constexpr std::size_t kMostCongestionName = 16;  ///< Linux' TCP_CA_NAME_MAX, its zero included

std::optional<Option> ip_int_option(int level, int name) {
  if (level == IPPROTO_IP) {
    switch (name) {
      case IP_MULTICAST_TTL:
        return Option::kGroupHops;
      case IP_MULTICAST_LOOP:
        return Option::kGroupLoop;
      default:
        return std::nullopt;
    }
  }
  if (level == IPPROTO_IPV6) {
    switch (name) {
      case IPV6_V6ONLY:
        return Option::kV6Only;
      case IPV6_DONTFRAG:
        return Option::kDontFragment;
      case IPV6_MULTICAST_HOPS:
        return Option::kGroupHops;
      case IPV6_MULTICAST_LOOP:
        return Option::kGroupLoop;
      case IPV6_MULTICAST_IF:
        return Option::kGroupInterface;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Option> tcp_int_option(int name) {
  switch (name) {
    case TCP_NODELAY:
      return Option::kNoDelay;
    case TCP_KEEPIDLE:
      return Option::kKeepAliveIdle;
    case TCP_KEEPINTVL:
      return Option::kKeepAliveInterval;
    case TCP_KEEPCNT:
      return Option::kKeepAliveProbes;
    case TCP_USER_TIMEOUT:
      return Option::kUserTimeout;
    default:
      return std::nullopt;
  }
}

/// The options whose value is an int on both sides.
std::optional<Option> int_option(int level, int name) {
  if (level == SOL_SOCKET) {
    switch (name) {
      case SO_REUSEADDR:
        return Option::kReuseAddress;
      case SO_REUSEPORT:
        return Option::kReusePort;
      case SO_SNDBUF:
        return Option::kSendBuffer;
      case SO_RCVBUF:
        return Option::kReceiveBuffer;
      case SO_KEEPALIVE:
        return Option::kKeepAlive;
      case SO_BROADCAST:
        return Option::kBroadcast;
      case SO_MAX_PACING_RATE:
        return Option::kMaxPacingRate;
      default:
        return std::nullopt;
    }
  }
  return level == IPPROTO_TCP ? tcp_int_option(name) : ip_int_option(level, name);
}

/// TCP_CONGESTION: an algorithm by its name, which need not end with a zero.
Result<void> set_congestion(Instance& here, int fd, const void* value, socklen_t length) {
  if (value == nullptr || length < 1) return Errc::kInvalid;
  const std::size_t most = std::min<std::size_t>(length, kMostCongestionName);
  std::array<char, kMostCongestionName> text{};
  std::memcpy(text.data(), value, most);
  const std::string_view name{text.data(), strnlen(text.data(), most)};
  const auto algorithm = zs::tcp::cc::algorithm_named(name);
  if (!algorithm) return Errc::kNotFound;
  return here.sockets.set_option(fd, Option::kCongestion, static_cast<int>(*algorithm));
}

/// As Linux does: what has room of the name and the zeros behind it.
Result<void> get_congestion(Instance& here, int fd, void* value, socklen_t* length) {
  ZS_TRY_ASSIGN(const int number, here.sockets.option(fd, Option::kCongestion));
  std::array<char, kMostCongestionName> text{};
  zs::tcp::cc::name_of(static_cast<zs::tcp::CongestionAlgorithm>(number))
      .copy(text.data(), text.size() - 1);
  *length = std::min<socklen_t>(*length, kMostCongestionName);
  std::memcpy(value, text.data(), *length);
  return {};
}

/// The same of streams only.
std::optional<StreamOption> stream_option(int level, int name) {
  if (level == SOL_SOCKET) {
    if (name == SO_RCVLOWAT) return StreamOption::kReadLowWater;
    if (name == SO_SNDLOWAT) return StreamOption::kWriteLowWater;
  }
  if (level != IPPROTO_TCP) return std::nullopt;
  switch (name) {
    case TCP_CORK:
      return StreamOption::kCork;
    case TCP_QUICKACK:
      return StreamOption::kQuickAck;
    case TCP_NOTSENT_LOWAT:
      return StreamOption::kUnsentLowWater;
    case TCP_DEFER_ACCEPT:
      return StreamOption::kDeferAccept;
    case TCP_WINDOW_CLAMP:
      return StreamOption::kWindowClamp;
    case TCP_MAXSEG:
      return StreamOption::kMaxSegment;
    case TCP_FASTOPEN:
      return StreamOption::kFastOpenQueue;
    case TCP_FASTOPEN_CONNECT:
      return StreamOption::kFastOpenConnect;
    case TCP_SYNCNT:
      return StreamOption::kSynRetries;
    case TCP_LINGER2:
      return StreamOption::kOrphanFinWait2;
    default:
      return std::nullopt;
  }
}

/// What sock/ calls "not of this kind of socket" is for setsockopt() an option that it has not.
template <typename T>
Result<T> of_option(Result<T> result) {
  if (!result && result.error() == Errc::kNotSupported) return Errc::kNoProtocolOption;
  return result;
}

template <typename T>
Result<T> value_at(const void* value, socklen_t length) {
  T out{};
  if (value == nullptr || length < sizeof(out)) return Errc::kInvalid;
  std::memcpy(&out, value, sizeof(out));
  return out;
}

/// As much of it as there is room for, as Linux does.
template <typename T>
Result<void> put_value(const T& from, void* value, socklen_t* length) {
  *length = std::min<socklen_t>(*length, sizeof(from));
  std::memcpy(value, &from, *length);
  return {};
}

/// An int, or what BSD passes for the TTL and the loop of IPv4 groups: a byte.
Result<int> value_of_int(int level, int name, const void* value, socklen_t length) {
  const bool byte = level == IPPROTO_IP && (name == IP_MULTICAST_TTL || name == IP_MULTICAST_LOOP);
  if (!byte || length >= sizeof(int)) return value_at<int>(value, length);
  ZS_TRY_ASSIGN(const auto small, value_at<unsigned char>(value, length));
  return int{small};
}

/// How Linux spells "don't fragment".
bool is_mtu_discovery(int level, int name) {
  return (level == IPPROTO_IP && name == IP_MTU_DISCOVER) ||
         (level == IPPROTO_IPV6 && name == IPV6_MTU_DISCOVER);
}

/// Facts that can only be asked for.
Result<int> fact(Instance& here, int fd, const DescriptorInfo& info, int name) {
  switch (name) {
    case SO_ERROR:
      return static_cast<int>(here.sockets.take_error(fd));
    case SO_TYPE:
      return info.type == Type::kStream ? SOCK_STREAM : SOCK_DGRAM;
    case SO_DOMAIN:
      return info.family == zs::IpFamily::kV4 ? AF_INET : AF_INET6;
    case SO_ACCEPTCONN:
      return info.is_listening ? 1 : 0;
    default:
      return Errc::kNoProtocolOption;
  }
}

}  // namespace

int z_setsockopt(int fd, int level, int name, const void* value, socklen_t len) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY(here.sockets.info(fd));
    if (level == SOL_SOCKET && name == SO_LINGER) {
      ZS_TRY_ASSIGN(const linger l, value_at<linger>(value, len));
      if (l.l_onoff != 0 && l.l_linger < 0) return Errc::kInvalid;
      return of_option(
          here.sockets.set_option(fd, Option::kLinger, l.l_onoff != 0 ? l.l_linger : -1));
    }
    if (zs::api::is_timeout_option(level, name)) {
      return zs::api::set_timeout_option(here, fd, name, value, len);
    }
    if (zs::api::is_group_option(level, name)) {
      return of_option(zs::api::set_group_option(here, fd, level, name, value, len));
    }
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF) {
      return of_option(zs::api::set_group_interface_v4(here, fd, value, len));
    }
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
      return of_option(set_congestion(here, fd, value, len));
    }
    if (is_mtu_discovery(level, name)) {
      ZS_TRY_ASSIGN(const int how, value_at<int>(value, len));
      if (how < IP_PMTUDISC_DONT || how > IP_PMTUDISC_DO) return Errc::kInvalid;
      return of_option(
          here.sockets.set_option(fd, Option::kDontFragment, how == IP_PMTUDISC_DO ? 1 : 0));
    }
    if (const auto stream = stream_option(level, name)) {
      ZS_TRY_ASSIGN(const int number, value_at<int>(value, len));
      return of_option(here.sockets.set_option(fd, *stream, number));
    }
    const auto option = int_option(level, name);
    if (!option) return Errc::kNoProtocolOption;
    ZS_TRY_ASSIGN(const int number, value_of_int(level, name, value, len));
    return of_option(here.sockets.set_option(fd, *option, number));
  });
}

int z_getsockopt(int fd, int level, int name, void* value, socklen_t* len) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY_ASSIGN(const DescriptorInfo info, here.sockets.info(fd));
    if (value == nullptr || len == nullptr || *len > INT_MAX) return Errc::kInvalid;
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
      return of_option(get_congestion(here, fd, value, len));
    }
    if (level == SOL_SOCKET && name == SO_LINGER) {
      ZS_TRY_ASSIGN(const int seconds, of_option(here.sockets.option(fd, Option::kLinger)));
      return put_value(linger{seconds >= 0 ? 1 : 0, seconds >= 0 ? seconds : 0}, value, len);
    }
    if (zs::api::is_timeout_option(level, name)) {
      return zs::api::timeout_option(here, fd, name, value, len);
    }
    if (level == IPPROTO_TCP && name == TCP_INFO) {
      ZS_TRY_ASSIGN(const auto stream, of_option(here.sockets.stream_info(fd)));
      return put_value(zs::api::to_tcp_info(stream), value, len);
    }
    if (const auto stream = stream_option(level, name)) {
      ZS_TRY_ASSIGN(const int number, of_option(here.sockets.option(fd, *stream)));
      return put_value(number, value, len);
    }
    if (const auto option = int_option(level, name)) {
      ZS_TRY_ASSIGN(const int number, of_option(here.sockets.option(fd, *option)));
      return put_value(number, value, len);
    }
    if (is_mtu_discovery(level, name)) {
      ZS_TRY_ASSIGN(const int on, of_option(here.sockets.option(fd, Option::kDontFragment)));
      return put_value(on != 0 ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT, value, len);
    }
    if (level != SOL_SOCKET) return Errc::kNoProtocolOption;
    ZS_TRY_ASSIGN(const int number, fact(here, fd, info, name));
    return put_value(number, value, len);
  });
}
