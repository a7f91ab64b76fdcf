// F-Stack's fcntl() and ioctl(), by Linux' and FreeBSD's numbers.
#include <fcntl.h>
#include <ff_api.h>
#include <sys/ioctl.h>

#include <cstdarg>
#include <optional>

#include "api/call.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;

/// Linux' O_NONBLOCK and FreeBSD's.
constexpr int kNonBlockingFlags = O_NONBLOCK | 0x0004;

enum class Request : std::uint8_t { kNothing, kNonBlocking, kUnread, kUnsent, kRoom };

/// FreeBSD's numbers (sys/filio.h); the other ones are Linux'.
std::optional<Request> request_of(unsigned long number) {
  switch (number) {
    case FIONBIO:
    case 0x8004'667e:  // FIONBIO
      return Request::kNonBlocking;
    case FIOASYNC:
    case FIOCLEX:
    case FIONCLEX:
    case 0x8004'667d:  // FIOASYNC
    case 0x2000'6601:  // FIOCLEX
    case 0x2000'6602:  // FIONCLEX
      return Request::kNothing;
    case FIONREAD:
    case 0x4004'667f:
      return Request::kUnread;
    case TIOCOUTQ:
    case 0x4004'6677:  // FIONWRITE
      return Request::kUnsent;
    case 0x4004'6676:  // FIONSPACE
      return Request::kRoom;
    default:
      return std::nullopt;
  }
}

bool needs_argument(unsigned long number) {
  return number != FIOCLEX && number != FIONCLEX && number != 0x2000'6601 && number != 0x2000'6602;
}

Result<void> check_descriptor(Instance& here, int fd) {
  if (here.queues.find(fd) != nullptr) return {};
  if (const auto info = here.sockets.info(fd); !info) return info.error();
  return {};
}

/// Queues of events never wait for long, whatever they are told.
Result<void> set_non_blocking(Instance& here, int fd, bool on) {
  return here.queues.find(fd) != nullptr ? Result<void>{} : here.sockets.set_non_blocking(fd, on);
}

Result<int> status_flags(Instance& here, int fd) {
  if (here.queues.find(fd) != nullptr) return O_RDWR;
  ZS_TRY_ASSIGN(const bool non_blocking, here.sockets.is_non_blocking(fd));
  return non_blocking ? O_RDWR | O_NONBLOCK : O_RDWR;
}

int control(int fd, unsigned long number, void* argument) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY(check_descriptor(here, fd));
    const auto request = request_of(number);
    if (!request) return Errc{ENOTTY};
    if (argument == nullptr && needs_argument(number)) return Errc{EFAULT};
    if (*request == Request::kNothing) return {};
    if (*request == Request::kNonBlocking) {
      return set_non_blocking(here, fd, *static_cast<const int*>(argument) != 0);
    }
    ZS_TRY_ASSIGN(const zs::sock::Fill fill, here.sockets.fill(fd));
    const std::size_t bytes = *request == Request::kUnread   ? fill.unread
                              : *request == Request::kUnsent ? fill.unsent
                                                             : fill.room;
    *static_cast<int*>(argument) = static_cast<int>(bytes);
    return {};
  });
}

}  // namespace

int ff_fcntl(int fd, int cmd, ...) {
  std::va_list arguments;
  va_start(arguments, cmd);
  const int argument = va_arg(arguments, int);
  va_end(arguments);
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
    ZS_TRY(check_descriptor(here, fd));
    switch (cmd) {
      case F_DUPFD:
      case F_DUPFD_CLOEXEC:
        return here.sockets.duplicate(fd, argument);
      case F_GETFD:
        return FD_CLOEXEC;
      case F_SETFD:
        return 0;
      case F_SETFL:
        ZS_TRY(set_non_blocking(here, fd, (argument & kNonBlockingFlags) != 0));
        return 0;
      case F_GETFL:
        return status_flags(here, fd);
      default:
        return Errc::kInvalid;
    }
  });
}

int ff_ioctl(int fd, unsigned long request, ...) {
  std::va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return control(fd, request, argument);
}

int ff_ioctl_freebsd(int fd, unsigned long request, ...) {
  std::va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  return control(fd, request, argument);
}
