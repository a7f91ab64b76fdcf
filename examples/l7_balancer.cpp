// An HTTP/1.1 load balancer: requests go to the least busy server for their path, bodies pass in
// the buffers in which they came, connections live on. Link with -lhttp_parser too.
#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <string>
#include <vector>
#include <zstack/co.hpp>

#include "http_messages.hpp"

using namespace std::chrono_literals;
using zs::co::Buffer;
using zs::co::Stream;
using zs::co::Task;
using zs::co::with_timeout;

namespace {

constexpr auto kConnectTime = 3s;
constexpr auto kPatience = 30s;  // for the next piece of a request or an answer
constexpr std::string_view kBadRequest =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kBadGateway =
    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A server, as one shard knows it.
struct Upstream {
  std::string prefix;
  sockaddr_in address;
  int busy = 0;              // requests under way
  std::list<Stream> idle{};  // connections
};
std::vector<std::pair<std::string, sockaddr_in>> servers;  // of the command line

/// The rest of a message, after `piece`: to its end, or as far as it gets.
Task<> forward(Buffer piece, Messages& from, Stream& to) {
  while (!piece.empty()) {
    const auto sent = co_await to.write(std::move(piece));
    if (!sent || from.is_complete) break;
    piece = co_await with_timeout(kPatience, from.next());
  }
}

Task<zs::co::Expected<Stream>> connect(Upstream& to) {
  while (!to.idle.empty()) {
    Stream known = std::move(to.idle.front());
    to.idle.pop_front();
    rte_mbuf* said = nullptr;
    if (z_peek(known.fd(), &said, 1) < 0 && errno == EAGAIN) co_return known;
    z_free(said);  // or it has hung up
  }
  co_return co_await with_timeout(kConnectTime, Stream::connect(to.address));
}

enum class Outcome { kAnswered, kTryNext, kBadGateway, kHangUp };

Task<Outcome> exchange(Messages& request, const Buffer& head, Stream& client, Upstream& upstream) {
  auto server = co_await connect(upstream);
  if (!server) co_return Outcome::kTryNext;
  // Only what may happen twice, and is still there, can be asked of another one (RFC 9110 9.2.2).
  const bool is_repeatable = request.is_safe() && request.is_complete;
  Messages answer(*server, HTTP_RESPONSE, request.is_head_request());
  zs::co::Group upload;
  upload.spawn(forward(head.share(), request, *server));
  Buffer first = co_await with_timeout(kPatience, answer.head());
  const bool has_begun = !first.empty();
  if (has_begun) co_await forward(std::move(first), answer, client);
  upload.cancel();  // who has answered need not hear the rest
  co_await upload.join();
  if (!has_begun) co_return is_repeatable ? Outcome::kTryNext : Outcome::kBadGateway;
  if (!request.is_complete || !answer.is_last_word()) co_return Outcome::kHangUp;
  upstream.idle.push_front(*std::move(server));
  co_return request.is_kept_alive ? Outcome::kAnswered : Outcome::kHangUp;
}

/// Of those with the longest prefix of the path the least busy, but none that was tried before.
Upstream* choose(std::vector<Upstream>& upstreams, std::string_view path,
                 const std::vector<Upstream*>& tried) {
  Upstream* best = nullptr;
  const auto rank = [](const Upstream& u) { return std::pair(u.prefix.size(), -u.busy); };
  for (Upstream& u : upstreams) {
    if (!path.starts_with(u.prefix) || std::ranges::count(tried, &u) > 0) continue;
    if (best == nullptr || rank(u) > rank(*best)) best = &u;
  }
  return best;
}

Task<> serve_one(Stream client, std::vector<Upstream>& upstreams) {
  Messages request(client, HTTP_REQUEST);
  for (Outcome outcome = Outcome::kAnswered; outcome == Outcome::kAnswered;) {
    const Buffer head = co_await with_timeout(kPatience, request.head());
    if (!request.is_http || request.is_upgrade()) (void)co_await client.write(kBadRequest);
    if (head.empty() || request.is_upgrade()) co_return;
    outcome = Outcome::kTryNext;
    for (std::vector<Upstream*> tried; outcome == Outcome::kTryNext;) {
      Upstream* const upstream = choose(upstreams, request.target, tried);
      if (upstream == nullptr) break;
      tried.push_back(upstream);
      ++upstream->busy;
      outcome = co_await exchange(request, head, client, *upstream);
      --upstream->busy;
    }
    if (outcome == Outcome::kTryNext || outcome == Outcome::kBadGateway) {
      (void)co_await client.write(kBadGateway);
    }
  }
}

Task<> serve() {
  auto listener = zs::co::Listener::open(80);
  if (!listener) co_return;
  std::vector<Upstream> upstreams;
  for (const auto& [prefix, address] : servers) upstreams.push_back({prefix, address});
  zs::co::Group clients;
  while (auto client = co_await listener->accept()) {
    clients.spawn(serve_one(*std::move(client), upstreams));
  }
  clients.cancel();
  co_await clients.join();
}

/// [/PREFIX=]ADDRESS:PORT
bool read_server(const std::string& word) {
  const std::size_t address = word.find('=') + 1;  // 0: there is none
  const std::size_t colon = word.find(':', address);
  if (word.starts_with('-') || colon == std::string::npos) return false;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(&word[colon + 1])));
  const std::string host = word.substr(address, colon - address);
  if (inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) return false;
  servers.emplace_back(word.substr(0, address == 0 ? 0 : address - 1), to);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int n = 1;
  while (n < argc && read_server(argv[n])) ++n;
  if (servers.empty()) {
    std::fprintf(stderr, "usage: l7_balancer [/PREFIX=]ADDRESS:PORT... [OPTIONS]\n");
    return 1;
  }
  argv[n - 1] = argv[0];
  return zs::co::run(argc - n + 1, argv + n - 1, serve);
}
