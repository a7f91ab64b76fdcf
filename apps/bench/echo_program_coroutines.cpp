// An echo server of coroutines.
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <zstack/co.hpp>

#include "bench/echo.hpp"
#include "bench/echo_programs.hpp"

namespace zs::bench {
namespace {

constexpr std::size_t kReadAtOnce = 128 * 1'024;

co::Task<> echo(co::Stream client) {
  while (auto bytes = co_await client.read(kReadAtOnce)) {
    if (bytes->empty() || !co_await client.write(*std::move(bytes))) break;
  }
}

co::Task<> serve_echo() {
  auto listener = co::Listener::open(kEchoPort);
  if (!listener) co_return;
  co::Group clients;
  while (auto client = co_await listener->accept()) {
    const int on = 1;
    z_setsockopt(client->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    clients.spawn(echo(*std::move(client)));
  }
  clients.cancel();
  co_await clients.join();
}

}  // namespace

int echo_coroutines(void* /*argument*/) {
  static co::detail::Program program{serve_echo};
  return co::detail::turn(&program);
}

}  // namespace zs::bench
