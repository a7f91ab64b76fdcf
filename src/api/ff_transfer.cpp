// F-Stack's copying calls: read, write, send, recv and what they are with vectors and addresses.
#include <ff_api.h>

#include <algorithm>
#include <climits>
#include <span>

#include "api/call.hpp"
#include "api/offer.hpp"
#include "api/sockaddr.hpp"

namespace {

using zs::Endpoint;
using zs::Errc;
using zs::Result;
using zs::api::Instance;
using zs::buf::Chain;
using zs::sock::Type;

constexpr int kMostVectors = 1'024;  // Linux' UIO_MAXIOV
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;
constexpr int kReceiveFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL | MSG_PEEK | MSG_TRUNC;

using Pieces = std::span<const iovec>;

/// The number of bytes in all, or why these are no pieces.
Result<std::size_t> size_of(const iovec* iov, long count) {
  if (count < 0 || count > kMostVectors) return Errc::kInvalid;
  if (iov == nullptr && count > 0) return Errc{EFAULT};
  std::size_t all = 0;
  for (const iovec& piece : Pieces(iov, static_cast<std::size_t>(count))) {
    if (piece.iov_len > static_cast<std::size_t>(SSIZE_MAX) - all) return Errc::kInvalid;
    if (piece.iov_base == nullptr && piece.iov_len > 0) return Errc{EFAULT};
    all += piece.iov_len;
  }
  return all;
}

std::span<std::byte> bytes_of(const iovec& piece) {
  return {static_cast<std::byte*>(piece.iov_base), piece.iov_len};
}

/// All pieces as one datagram.
Result<Chain> gather(Instance& here, Pieces pieces) {
  Chain all;
  for (const iovec& piece : pieces) {
    if (piece.iov_len == 0) continue;
    ZS_TRY_ASSIGN(Chain one, Chain::copy_of(bytes_of(piece), *here.pools.data));
    all.append(std::move(one));
  }
  return all;
}

/// The largest datagram there is; beyond it nothing needs to be copied to be refused.
constexpr std::size_t kMostInDatagram = 65'535;

Result<ssize_t> send_datagram(Instance& here, int fd, Pieces pieces, std::size_t bytes,
                              const Endpoint* peer) {
  if (bytes > kMostInDatagram) return Errc::kMessageSize;
  ZS_TRY_ASSIGN(Chain all, gather(here, pieces));
  if (peer != nullptr) {
    ZS_TRY(here.sockets.send_to(fd, all, *peer));
  } else {
    ZS_TRY(here.sockets.write(fd, all));
  }
  here.sockets.note_copied(bytes);
  return static_cast<ssize_t>(bytes);
}

Result<ssize_t> send_stream(Instance& here, int fd, Pieces pieces) {
  std::size_t sent = 0;
  if (pieces.empty()) {
    ZS_TRY(here.sockets.write_copy(fd, {}));
  }
  for (const iovec& piece : pieces) {
    if (piece.iov_len == 0 && pieces.size() > 1) continue;
    const auto n = here.sockets.write_copy(fd, bytes_of(piece));
    if (!n && sent == 0) return n.error();
    if (!n) break;
    sent += *n;
    if (*n < piece.iov_len) break;
  }
  return static_cast<ssize_t>(sent);
}

ssize_t send_pieces(int fd, const iovec* iov, long count, int flags, const linux_sockaddr* to,
                    socklen_t to_length) {
  return zs::api::call<ssize_t>([=](Instance& here) -> Result<ssize_t> {
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
    ZS_TRY_ASSIGN(const std::size_t bytes, size_of(iov, count));
    if ((flags & ~kSendFlags) != 0) return Errc::kNotSupported;
    const Pieces pieces(iov, static_cast<std::size_t>(count));
    if (info.type == Type::kStream) {
      if (to != nullptr) return Errc::kIsConnected;
      return send_stream(here, fd, pieces);
    }
    if (to == nullptr) return send_datagram(here, fd, pieces, bytes, nullptr);
    const void* const place = to;
    ZS_TRY_ASSIGN(const Endpoint peer,
                  zs::api::from_sockaddr(static_cast<const sockaddr*>(place), to_length));
    return send_datagram(here, fd, pieces, bytes, &peer);
  });
}

/// Whether `buf` is a chain of the program's and not plain bytes.
bool is_chain(const void* buf) {
  const Instance* const here = zs::api::current();
  return here != nullptr && !here->chains.empty() && here->chains.contains(buf);
}

ssize_t send_chain(int fd, const void* buf, std::size_t n) {
  auto* const m = static_cast<rte_mbuf*>(const_cast<void*>(buf));  // NOLINT: it came from us
  if (z_pktlen(m) < n) {
    errno = EINVAL;
    return -1;
  }
  if (z_pktlen(m) > n && z_truncate(m, n) != 0) return -1;
  const ssize_t sent = z_write(fd, m);
  if (sent >= 0) zs::api::current()->chains.erase(buf);
  return sent;
}

struct Received {
  std::size_t bytes = 0;  ///< copied out
  std::size_t whole = 0;  ///< of the datagram
  std::optional<Endpoint> peer;
};

Result<Received> receive_datagram(Instance& here, int fd, Pieces pieces, int flags) {
  if ((flags & MSG_PEEK) != 0) return Errc::kNotSupported;
  Endpoint peer;
  ZS_TRY_ASSIGN(const Chain chain, here.sockets.receive_from(fd, &peer));
  Received got{.bytes = 0, .whole = chain.size(), .peer = peer};
  for (const iovec& piece : pieces) {
    const std::size_t n = std::min(piece.iov_len, got.whole - got.bytes);
    chain.copy_out(static_cast<std::uint32_t>(got.bytes), bytes_of(piece).first(n));
    got.bytes += n;
  }
  here.sockets.note_copied(got.bytes);
  return got;
}

Result<Received> peek_stream(Instance& here, int fd, Pieces pieces, std::size_t bytes) {
  const auto limit = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
  ZS_TRY_ASSIGN(const Chain chain, here.sockets.peek(fd, limit));
  Received got;
  for (const iovec& piece : pieces) {
    const std::size_t n = std::min<std::size_t>(piece.iov_len, chain.size() - got.bytes);
    chain.copy_out(static_cast<std::uint32_t>(got.bytes), bytes_of(piece).first(n));
    got.bytes += n;
  }
  here.sockets.note_copied(got.bytes);
  return got;
}

Result<Received> receive_stream(Instance& here, int fd, Pieces pieces, int flags,
                                std::size_t bytes) {
  Received got;
  if (bytes == 0) return got;  // as Linux has it, whatever there is to be read
  if ((flags & MSG_PEEK) != 0) return peek_stream(here, fd, pieces, bytes);
  for (const iovec& piece : pieces) {
    if (piece.iov_len == 0) continue;
    const auto n = here.sockets.read_copy(fd, bytes_of(piece));
    if (!n && got.bytes == 0) return n.error();
    if (!n || *n == 0) break;
    got.bytes += *n;
    if (*n < piece.iov_len) break;
  }
  return got;
}

Result<Received> receive(Instance& here, int fd, const iovec* iov, long count, int flags) {
  ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
  ZS_TRY_ASSIGN(const std::size_t bytes, size_of(iov, count));
  if ((flags & ~kReceiveFlags) != 0) return Errc::kNotSupported;
  const Pieces pieces(iov, static_cast<std::size_t>(count));
  return info.type == Type::kDatagram ? receive_datagram(here, fd, pieces, flags)
                                      : receive_stream(here, fd, pieces, flags, bytes);
}

ssize_t length_told(const Received& got, int flags) {
  return static_cast<ssize_t>((flags & MSG_TRUNC) != 0 && got.peer ? got.whole : got.bytes);
}

/// Writes the sender's address as the socket's family has it. Nothing for a stream.
Result<void> tell_peer(Instance& here, int fd, const Received& got, sockaddr* to,
                       socklen_t* length) {
  if (to == nullptr) return {};
  if (!got.peer) {
    *length = 0;
    return {};
  }
  ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
  zs::api::to_sockaddr(*got.peer, info.family, to, length);
  return {};
}

ssize_t receive_pieces(int fd, const iovec* iov, long count) {
  return zs::api::call<ssize_t>([=](Instance& here) -> Result<ssize_t> {
    ZS_TRY_ASSIGN(const Received got, receive(here, fd, iov, count, 0));
    return static_cast<ssize_t>(got.bytes);
  });
}

iovec one_piece(const void* buf, std::size_t n) {
  return {const_cast<void*>(buf), n};  // NOLINT: writev() has no other type for what it reads
}

}  // namespace

ssize_t ff_read(int d, void* buf, size_t nbytes) {
  const iovec piece = one_piece(buf, nbytes);
  return receive_pieces(d, &piece, 1);
}

ssize_t ff_readv(int fd, const struct iovec* iov, int iovcnt) {
  return receive_pieces(fd, iov, iovcnt);
}

ssize_t ff_recv(int s, void* buf, size_t len, int flags) {
  return ff_recvfrom(s, buf, len, flags, nullptr, nullptr);
}

ssize_t ff_recvfrom(int s, void* buf, size_t len, int flags, struct linux_sockaddr* from,
                    socklen_t* fromlen) {
  return zs::api::call<ssize_t>([=](Instance& here) -> Result<ssize_t> {
    if (from != nullptr && fromlen == nullptr) return Errc::kInvalid;
    const iovec piece = one_piece(buf, len);
    ZS_TRY_ASSIGN(const Received got, receive(here, s, &piece, 1, flags));
    void* const place = from;
    ZS_TRY(tell_peer(here, s, got, static_cast<sockaddr*>(place), fromlen));
    return length_told(got, flags);
  });
}

ssize_t ff_recvmsg(int s, struct msghdr* msg, int flags) {
  return zs::api::call<ssize_t>([=](Instance& here) -> Result<ssize_t> {
    if (msg == nullptr) return Errc{EFAULT};
    const auto count = static_cast<long>(std::min<std::size_t>(msg->msg_iovlen, kMostVectors + 1));
    ZS_TRY_ASSIGN(const Received got, receive(here, s, msg->msg_iov, count, flags));
    ZS_TRY(tell_peer(here, s, got, static_cast<sockaddr*>(msg->msg_name), &msg->msg_namelen));
    msg->msg_controllen = 0;
    msg->msg_flags = got.bytes < got.whole ? MSG_TRUNC : 0;
    return length_told(got, flags);
  });
}

ssize_t ff_write(int fd, const void* buf, size_t nbytes) {
  if (is_chain(buf)) return send_chain(fd, buf, nbytes);
  const iovec piece = one_piece(buf, nbytes);
  return send_pieces(fd, &piece, 1, 0, nullptr, 0);
}

ssize_t ff_writev(int fd, const struct iovec* iov, int iovcnt) {
  return send_pieces(fd, iov, iovcnt, 0, nullptr, 0);
}

ssize_t ff_send(int s, const void* buf, size_t len, int flags) {
  return ff_sendto(s, buf, len, flags, nullptr, 0);
}

ssize_t ff_sendto(int s, const void* buf, size_t len, int flags, const struct linux_sockaddr* to,
                  socklen_t tolen) {
  if (to == nullptr && (flags & ~kSendFlags) == 0 && is_chain(buf)) return send_chain(s, buf, len);
  const iovec piece = one_piece(buf, len);
  return send_pieces(s, &piece, 1, flags, to, tolen);
}

ssize_t ff_sendmsg(int s, const struct msghdr* msg, int flags) {
  if (msg == nullptr) {
    errno = EFAULT;
    return -1;
  }
  const auto count = static_cast<long>(std::min<std::size_t>(msg->msg_iovlen, kMostVectors + 1));
  return send_pieces(s, msg->msg_iov, count, flags,
                     static_cast<const linux_sockaddr*>(msg->msg_name), msg->msg_namelen);
}
