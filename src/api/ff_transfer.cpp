// F-Stack's copying calls: read, write, send, recv and what they are with vectors and addresses.
#include <ff_api.h>

#include <algorithm>
#include <climits>
#include <span>

#include "api/blocking.hpp"
#include "api/offer.hpp"
#include "api/sockaddr.hpp"

namespace {

using zs::Endpoint;
using zs::Errc;
using zs::Result;
using zs::api::Instance;
using zs::api::Way;
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

/// Calls `f` with the bytes of each piece, without the first `skip` of them all, until it is false.
template <typename F>
void for_each_behind(Pieces pieces, std::size_t skip, F&& f) {
  for (const iovec& piece : pieces) {
    const std::size_t skipped = std::min(skip, piece.iov_len);
    skip -= skipped;
    if (skipped < piece.iov_len && !f(bytes_of(piece).subspan(skipped))) return;
  }
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

Result<std::size_t> send_datagram(Instance& here, int fd, Pieces pieces, std::size_t bytes,
                                  const Endpoint* peer) {
  if (bytes > kMostInDatagram) return Errc::kMessageSize;
  ZS_TRY_ASSIGN(Chain all, gather(here, pieces));
  if (peer != nullptr) {
    ZS_TRY(here.sockets.send_to(fd, all, *peer));
  } else {
    ZS_TRY(here.sockets.write(fd, all));
  }
  here.sockets.note_copied(bytes);
  return bytes;
}

/// What is behind the first `skip` bytes. How many of them.
Result<std::size_t> send_stream(Instance& here, int fd, Pieces pieces, std::size_t bytes,
                                std::size_t skip) {
  if (bytes == 0) return here.sockets.write_copy(fd, {});
  std::size_t sent = 0;
  Result<std::size_t> latest{0};
  for_each_behind(pieces, skip, [&](std::span<const std::byte> rest) {
    latest = here.sockets.write_copy(fd, rest);
    if (latest) sent += *latest;
    return latest && *latest == rest.size();
  });
  if (!latest && sent == 0) return latest.error();
  return sent;
}

ssize_t send_pieces(int fd, const iovec* iov, long count, int flags, const linux_sockaddr* to,
                    socklen_t to_length) {
  const auto size = size_of(iov, count);
  const std::size_t bytes = size ? *size : 0;
  const Pieces pieces(iov, size ? static_cast<std::size_t>(count) : 0);
  const auto part = [=](Instance& here, std::size_t sent) -> Result<std::size_t> {
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
    if (!size) return size.error();
    if ((flags & ~kSendFlags) != 0) return Errc::kNotSupported;
    if (info.type == Type::kStream) {
      if (to != nullptr) return Errc::kIsConnected;
      return send_stream(here, fd, pieces, bytes, sent);
    }
    if (to == nullptr) return send_datagram(here, fd, pieces, bytes, nullptr);
    const void* const place = to;
    ZS_TRY_ASSIGN(const Endpoint peer,
                  zs::api::from_sockaddr(static_cast<const sockaddr*>(place), to_length));
    return send_datagram(here, fd, pieces, bytes, &peer);
  };
  return zs::api::transferring_call(fd, Way::kOut, flags, bytes, part);
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

/// Into what is behind the first `skip` bytes.
Result<std::size_t> read_stream(Instance& here, int fd, Pieces pieces, std::size_t skip) {
  std::size_t got = 0;
  Result<std::size_t> latest{0};
  for_each_behind(pieces, skip, [&](std::span<std::byte> rest) {
    latest = here.sockets.read_copy(fd, rest);
    if (latest) got += *latest;
    return latest && *latest == rest.size();
  });
  if (!latest && got == 0) return latest.error();
  return got;
}

/// What is read of a stream in one go.
Result<Received> receive_stream(Instance& here, int fd, Pieces pieces, int flags,
                                std::size_t bytes) {
  if (bytes == 0) return Received{};  // as Linux has it, whatever there is to be read
  if ((flags & MSG_PEEK) != 0) return peek_stream(here, fd, pieces, bytes);
  Received got;
  ZS_TRY_ASSIGN(got.bytes, read_stream(here, fd, pieces, 0));
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

/// MSG_WAITALL, of a stream: not before all of it has come, or the end.
bool wants_all(int fd, int flags) {
  const Instance* const here = zs::api::current();
  if ((flags & MSG_WAITALL) == 0 || (flags & MSG_PEEK) != 0 || here == nullptr) return false;
  const auto info = here->sockets.info(fd);
  return info && info->type == Type::kStream;
}

ssize_t receive_all(int fd, const iovec* iov, long count, int flags) {
  const auto size = size_of(iov, count);
  const Pieces pieces(iov, size ? static_cast<std::size_t>(count) : 0);
  const auto part = [=](Instance& here, std::size_t got) -> Result<std::size_t> {
    if (!size) return size.error();
    if ((flags & ~kReceiveFlags) != 0) return Errc::kNotSupported;
    if (*size == 0) return std::size_t{0};
    return read_stream(here, fd, pieces, got);
  };
  return zs::api::transferring_call(fd, Way::kIn, flags, size ? *size : 0, part);
}

ssize_t receive_pieces(int fd, const iovec* iov, long count) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kIn, [=](Instance& here) -> Result<ssize_t> {
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
  const iovec piece = one_piece(buf, len);
  if (from == nullptr && wants_all(s, flags)) return receive_all(s, &piece, 1, flags);
  return zs::api::waiting_call<ssize_t>(s, Way::kIn, flags, [=](Instance& here) -> Result<ssize_t> {
    if (from != nullptr && fromlen == nullptr) return Errc::kInvalid;
    ZS_TRY_ASSIGN(const Received got, receive(here, s, &piece, 1, flags));
    void* const place = from;
    ZS_TRY(tell_peer(here, s, got, static_cast<sockaddr*>(place), fromlen));
    return length_told(got, flags);
  });
}

ssize_t ff_recvmsg(int s, struct msghdr* msg, int flags) {
  return zs::api::waiting_call<ssize_t>(s, Way::kIn, flags, [=](Instance& here) -> Result<ssize_t> {
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
