// A client of an echo server with thousands of connections in one loop: each is a coroutine that
// sends 64 bytes whenever its time has come. Latency counts from when a request was due, so that a
// server that stalls cannot hide it.
// Usage: many_clients ADDRESS PORT CONNECTIONS REQUESTS_A_SECOND SECONDS [OPTIONS OF THE STACK]
#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
#include <zstack/co.hpp>

using namespace std::chrono_literals;
using zs::co::Clock;
using zs::co::Stream;
using zs::co::Task;

namespace {

constexpr std::size_t kSize = 64;
constexpr auto kBetweenConnects = 200us;

sockaddr_in server{};
int connections = 0;
Clock::duration period;    // of one connection's requests
Clock::duration duration;  // of all
Clock::time_point first;   // when the first request is due

int opened = 0;
long sent = 0;
std::vector<double> latencies;  // of what was answered, in microseconds

/// The echo of one request, in as many pieces as it comes.
Task<bool> answer(Stream& from) {
  for (std::size_t got = 0; got < kSize;) {
    auto bytes = co_await from.read(kSize - got);
    if (!bytes || bytes->empty()) co_return false;
    got += bytes->size();
  }
  co_return true;
}

Task<> client(int number) {
  if (!co_await zs::co::sleep(kBetweenConnects * number)) co_return;
  auto stream = co_await Stream::connect(server);
  if (!stream) co_return;
  ++opened;
  const std::string request(kSize, 'x');
  auto due = first + period * number / connections;
  while (due < Clock::now()) due += period;  // who got through late begins later
  for (; due < first + duration; due += period) {
    if (!co_await zs::co::sleep_until(due)) co_return;
    ++sent;
    const auto written = co_await stream->write(request);
    if (!written) co_return;
    if (!co_await answer(*stream)) co_return;
    latencies.push_back(std::chrono::duration<double, std::micro>(Clock::now() - due).count());
  }
}

double percentile(double share) {
  if (latencies.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1));
  std::nth_element(latencies.begin(), latencies.begin() + static_cast<long>(at), latencies.end());
  return latencies[at];
}

Task<> run_all() {
  if (z_shard() != 0) co_await zs::co::sleep(24h);  // one loop is enough
  const auto end_of_connects = kBetweenConnects * connections + 1s;
  first = Clock::now() + end_of_connects;
  zs::co::Group clients;
  for (int i = 0; i < connections; ++i) clients.spawn(client(i));
  co_await zs::co::sleep(end_of_connects + duration + 1s);  // the last answers have a second
  clients.cancel();
  co_await clients.join();
  std::printf(
      "%d of %d connections, %ld requests, %zu answered; latency p50 %.0f us, p99 %.0f us\n",
      opened, connections, sent, latencies.size(), percentile(0.5), percentile(0.99));
}

}  // namespace

int main(int argc, char** argv) {
  const double rate = argc < 6 ? 0 : std::atof(argv[4]);
  const double seconds = argc < 6 ? 0 : std::atof(argv[5]);
  connections = argc < 6 ? 0 : std::atoi(argv[3]);
  if (connections <= 0 || !(rate > 0) || !(seconds > 0) || seconds > 1e6 ||
      inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
    std::fprintf(stderr, "usage: many_clients ADDRESS PORT CONNECTIONS RATE SECONDS [OPTIONS]\n");
    return 1;
  }
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  using Seconds = std::chrono::duration<double>;
  period = std::chrono::duration_cast<Clock::duration>(Seconds(connections / rate));
  duration = std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  argv[5] = argv[0];
  return zs::co::run(argc - 5, argv + 5, run_all);
}
