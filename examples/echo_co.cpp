// An echo server of coroutines: every byte goes back in the buffer in which it came, and who says
// nothing for a minute is hung up on.
#include <cstdio>
#include <zstack/co.hpp>

using namespace std::chrono_literals;
using zs::co::Expected;
using zs::co::Listener;
using zs::co::Stream;
using zs::co::Task;

namespace {

Task<Expected<zs::co::Buffer>> read(Stream& client) { co_return co_await client.read(); }

Task<> echo(Stream client) {
  for (;;) {
    auto bytes = co_await zs::co::with_timeout(60s, read(client));
    if (!bytes || bytes->empty()) co_return;
    if (!co_await client.write(*std::move(bytes))) co_return;
  }
}

Task<> serve() {
  auto listener = Listener::open(7);
  if (!listener) {
    std::perror("cannot listen");
    co_return;
  }
  zs::co::Group clients;
  while (auto client = co_await listener->accept()) clients.spawn(echo(*std::move(client)));
  clients.cancel();
  co_await clients.join();
}

}  // namespace

int main(int argc, char** argv) { return zs::co::run(argc, argv, serve); }
