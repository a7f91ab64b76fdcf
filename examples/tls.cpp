// A web server of one page over TLS 1.3: OpenSSL encrypts, zstack carries what comes out of it.
// Usage: tls CERTIFICATE KEY PAGE [OPTIONS OF THE STACK], the first two in PEM. Link with -lssl
// -lcrypto too.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <zstack/co.hpp>

using namespace std::chrono_literals;
using zs::co::Buffer;
using zs::co::Stream;
using zs::co::Task;

namespace {

constexpr std::size_t kMostOfRequest = 8 * 1'024;
constexpr int kPiece = 64 * 1'024;  // of a page, encrypted at once

SSL_CTX* context = nullptr;
std::string page;  // with its head, as it is sent

/// A connection and its keys. OpenSSL does no I/O here: it reads ciphertext from one queue of its
/// own and writes it to another one.
class TlsStream {
 public:
  explicit TlsStream(Stream stream) : stream_(std::move(stream)), tls_(SSL_new(context)) {
    if (tls_ == nullptr) return;
    SSL_set_bio(tls_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(tls_);
  }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() {
    SSL_free(tls_);  // and its queues
    ERR_clear_error();
  }

  /// What `call` of OpenSSL returns when it has got what it needs from the peer; 0: the connection
  /// has ended, in whatever way. The handshake happens below the first call.
  template <typename Call>
  Task<int> ask(Call call) {
    if (tls_ == nullptr) co_return 0;
    for (;;) {
      ERR_clear_error();  // of other connections
      const int n = call(tls_);
      const int why = SSL_get_error(tls_, n);
      // An alert leaves, too, before who sent nonsense is hung up on.
      if (!co_await send_ciphertext()) co_return 0;
      if (n > 0) co_return n;
      if (why != SSL_ERROR_WANT_READ) co_return 0;
      auto received = co_await stream_.read();
      if (!received || received->empty()) co_return 0;
      // The one copy of what comes in: ciphertext is decrypted elsewhere than where it arrived.
      received->for_each_piece([this](std::string_view piece) {
        BIO_write(SSL_get_rbio(tls_), piece.data(), static_cast<int>(piece.size()));
      });
    }
  }

 private:
  /// The one copy of what goes out, into buffers of the stack: there the records stay as they are
  /// until they are acknowledged, and are sent again from there if they get lost.
  Task<bool> send_ciphertext() {
    BIO* const queue = SSL_get_wbio(tls_);
    while (const std::size_t waiting = BIO_ctrl_pending(queue)) {
      Buffer records(z_alloc(std::min<std::size_t>(waiting, kPiece)));
      if (records.empty()) co_return false;
      for (rte_mbuf* m = records.get(); m != nullptr; m = z_next(m)) {
        BIO_read(queue, z_data(m), static_cast<int>(z_len(m)));
      }
      if (!co_await stream_.write(std::move(records))) co_return false;
    }
    co_return true;
  }

  Stream stream_;
  SSL* tls_;
};

/// The head of a request and what came behind it; empty: there is no next one.
Task<std::string> read_request(TlsStream& client, std::string begun) {
  while (begun.find("\r\n\r\n") == std::string::npos) {
    if (begun.size() > kMostOfRequest) co_return "";
    char bytes[4'096];
    const int n =
        co_await client.ask([&bytes](SSL* tls) { return SSL_read(tls, bytes, sizeof(bytes)); });
    if (n == 0) co_return "";
    begun.append(bytes, static_cast<std::size_t>(n));
  }
  co_return begun.starts_with("GET ") ? begun : "";
}

/// One client: the handshake and a request within five seconds, so the next ones, pages as slowly
/// as it likes.
Task<> serve_one(Stream stream) {
  TlsStream client(std::move(stream));
  std::string rest;
  for (;;) {
    const std::string request = co_await zs::co::with_timeout(5s, read_request(client, rest));
    if (request.empty()) break;
    rest = request.substr(request.find("\r\n\r\n") + 4);
    for (std::size_t sent = 0; sent < page.size();) {
      const int size = static_cast<int>(std::min<std::size_t>(page.size() - sent, kPiece));
      const int n =
          co_await client.ask([=](SSL* tls) { return SSL_write(tls, page.data() + sent, size); });
      if (n == 0) co_return;
      sent += static_cast<std::size_t>(n);
    }
  }
  co_await client.ask([](SSL* tls) { return SSL_shutdown(tls) == 0 ? 1 : -1; });
}

Task<> serve() {
  auto listener = zs::co::Listener::open(443);
  if (!listener) co_return;
  zs::co::Group clients;
  while (auto client = co_await listener->accept()) clients.spawn(serve_one(*std::move(client)));
  clients.cancel();
  co_await clients.join();
}

}  // namespace

int main(int argc, char** argv) {
  context = SSL_CTX_new(TLS_server_method());
  std::ifstream file(argc < 4 ? "" : argv[3], std::ios::binary);
  if (context == nullptr || !file || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
      SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1) {
    std::fprintf(stderr, "usage: tls CERTIFICATE KEY PAGE [OPTIONS]\n");
    ERR_print_errors_fp(stderr);
    return 1;
  }
  const std::string body(std::istreambuf_iterator<char>(file), {});
  page = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  argv[3] = argv[0];
  return zs::co::run(argc - 3, argv + 3, serve);
}
