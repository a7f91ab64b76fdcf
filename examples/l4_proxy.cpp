// Forwards connections to port 7 to a server in the network; what passes stays in the buffers in
// which it came. Usage: l4_proxy ADDRESS PORT [OPTIONS OF THE STACK]
#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <zstack/co.hpp>

using zs::co::Stream;
using zs::co::Task;

namespace {

sockaddr_in server{};

/// One direction, to its end.
Task<> forward(Stream& from, Stream& to) {
  for (;;) {
    auto bytes = co_await from.read();
    if (!bytes || bytes->empty()) break;
    if (!co_await to.write(*std::move(bytes))) break;
  }
  to.finish();
}

Task<> serve_one(Stream client) {
  auto upstream = co_await Stream::connect(server);
  if (!upstream) co_return;
  zs::co::Group back;
  back.spawn(forward(*upstream, client));
  co_await forward(client, *upstream);
  co_await back.join();
}

Task<> serve() {
  auto listener = zs::co::Listener::open(7);
  if (!listener) co_return;
  zs::co::Group clients;
  while (auto client = co_await listener->accept()) clients.spawn(serve_one(*std::move(client)));
  clients.cancel();
  co_await clients.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
    std::fprintf(stderr, "usage: l4_proxy ADDRESS PORT [OPTIONS]\n");
    return 1;
  }
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  argv[2] = argv[0];
  return zs::co::run(argc - 2, argv + 2, serve);
}
