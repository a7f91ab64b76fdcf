#include "listening.hpp"

#include <cstring>

namespace zs::apps {

Result<int> listen_on(sock::SocketTable& sockets, const Endpoint& at, int backlog,
                      std::string& why) {
  const auto failed = [&](const char* what, Errc e) {
    why = std::string("cannot ") + what + " " + at.to_string() + ": " +
          std::strerror(static_cast<int>(e));
    if (e == Errc::kAddrInUse) why += "; choose another --port";
    if (e == Errc::kAddrNotAvailable) why += "; --bind must be one of our addresses";
    return e;
  };
  const auto fd = sockets.socket(sock::Type::kStream, at.address.family());
  if (!fd) return failed("open a socket for", fd.error());
  if (auto r = sockets.bind(*fd, at); !r) return failed("bind to", r.error());
  if (auto r = sockets.listen(*fd, backlog); !r) return failed("listen on", r.error());
  ZS_TRY(sockets.watch(*fd, sock::ready::kReadable, 0));
  return *fd;
}

}  // namespace zs::apps
