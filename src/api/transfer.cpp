// Moving buffers between the application and its sockets.
#include <zstack/zstack.h>

#include <algorithm>
#include <optional>

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

std::uint32_t read_limit(std::size_t n) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(n, UINT32_MAX));
}

/// Ownership crosses the C boundary here: the caller holds the chain until it frees or sends it.
ssize_t hand_over(Chain chain, rte_mbuf** m) {
  const auto bytes = static_cast<ssize_t>(chain.size());
  *m = std::move(chain).release().release();
  return bytes;
}

/// offer_to_socket() for one chain that is_sound_segment().
Result<ssize_t> offer_segment(Instance& here, int fd, rte_mbuf* m) {
  const ssize_t bytes = m->data_len;
  Chain all{zs::buf::Mbuf::adopt(m)};
  if (auto written = here.sockets.write(fd, all); !written) [[unlikely]] {
    zs::api::part(std::move(all), {&m, 1});  // the caller's, as it was
    return written.error();
  }
  return bytes;
}

/// MSG_NOSIGNAL asks for what is always so; MSG_DONTWAIT is waiting_call()'s.
Result<zs::sock::WriteFlags> write_flags(int flags) {
  constexpr int kKnown = MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL;
  if ((flags & ~kKnown) != 0) return Errc::kNotSupported;
  return zs::sock::WriteFlags{.more = (flags & MSG_MORE) != 0};
}

Result<ssize_t> offer_to_socket(Instance& here, int fd, std::span<rte_mbuf* const> chains,
                                std::optional<zs::sock::WriteFlags> flags = std::nullopt) {
  ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
  ZS_TRY_ASSIGN(const std::uint64_t bytes,
                zs::api::offer(chains, *here.pools.indirect, [&](Chain& all) -> Result<void> {
                  // A stream has nothing that could be empty.
                  if (all.empty() && info.type == zs::sock::Type::kStream) return Errc::kInvalid;
                  return flags ? here.sockets.write(fd, all, *flags) : here.sockets.write(fd, all);
                }));
  return static_cast<ssize_t>(bytes);
}

}  // namespace

ssize_t z_read(int fd, struct rte_mbuf** m, size_t n) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kIn, [=](Instance& here) -> Result<ssize_t> {
    if (m == nullptr || n == 0) return Errc::kInvalid;
    auto chain = here.sockets.read(fd, read_limit(n));
    if (!chain) [[unlikely]]
      return chain.error();
    const auto bytes = static_cast<ssize_t>(chain->size());
    *m = (*std::move(chain)).release().release();
    return bytes;
  });
}

ssize_t z_peek(int fd, struct rte_mbuf** m, size_t n) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kIn, [=](Instance& here) -> Result<ssize_t> {
    if (m == nullptr || n == 0) return Errc::kInvalid;
    ZS_TRY_ASSIGN(Chain chain, here.sockets.peek(fd, read_limit(n)));
    return hand_over(std::move(chain), m);
  });
}

ssize_t z_write(int fd, struct rte_mbuf* m) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kOut, [=](Instance& here) -> Result<ssize_t> {
    if (zs::api::is_sound_segment(m)) [[likely]]
      return offer_segment(here, fd, m);
    return offer_to_socket(here, fd, {&m, 1});
  });
}

ssize_t z_write_with(int fd, struct rte_mbuf* m, int flags) {
  const auto offer_it = [=](Instance& here) -> Result<ssize_t> {
    ZS_TRY_ASSIGN(const auto known, write_flags(flags));
    return offer_to_socket(here, fd, {&m, 1}, known);
  };
  return zs::api::waiting_call<ssize_t>(fd, Way::kOut, flags, offer_it);
}

ssize_t z_writev(int fd, struct rte_mbuf* const* chains, int n) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kOut, [=](Instance& here) -> Result<ssize_t> {
    if (chains == nullptr || n < 1 || n > Z_IOV_MAX) return Errc::kInvalid;
    return offer_to_socket(here, fd, {chains, static_cast<std::size_t>(n)});
  });
}

ssize_t z_recvfrom(int fd, struct rte_mbuf** m, struct sockaddr* addr, socklen_t* len) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kIn, [=](Instance& here) -> Result<ssize_t> {
    if (m == nullptr || !zs::api::is_place(addr, len)) return Errc::kInvalid;
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
    Endpoint peer;
    ZS_TRY_ASSIGN(Chain chain, here.sockets.receive_from(fd, &peer));
    zs::api::to_sockaddr(peer, info.family, addr, len);
    return hand_over(std::move(chain), m);
  });
}

ssize_t z_sendto(int fd, struct rte_mbuf* m, const struct sockaddr* addr, socklen_t len) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kOut, [=](Instance& here) -> Result<ssize_t> {
    ZS_TRY(here.sockets.info(fd));
    ZS_TRY_ASSIGN(const Endpoint peer, zs::api::from_sockaddr(addr, len));
    ZS_TRY_ASSIGN(const std::uint64_t bytes,
                  zs::api::offer({&m, 1}, *here.pools.indirect,
                                 [&](Chain& all) { return here.sockets.send_to(fd, all, peer); }));
    return static_cast<ssize_t>(bytes);
  });
}

ssize_t z_sendto_with(int fd, struct rte_mbuf* m, int flags, const struct sockaddr* addr,
                      socklen_t len) {
  return zs::api::call<ssize_t>([=](Instance& here) -> Result<ssize_t> {
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
    const bool opens = (flags & MSG_FASTOPEN) != 0;
    ZS_TRY_ASSIGN(const auto known, write_flags(flags & ~MSG_FASTOPEN));
    if (info.type == zs::sock::Type::kStream ? !opens : opens || known.more) {
      return Errc::kNotSupported;
    }
    ZS_TRY_ASSIGN(const Endpoint peer, zs::api::from_sockaddr(addr, len));
    ZS_TRY_ASSIGN(const std::uint64_t bytes,
                  zs::api::offer({&m, 1}, *here.pools.indirect, [&](Chain& all) -> Result<void> {
                    if (!opens) return here.sockets.send_to(fd, all, peer);
                    if (all.empty()) return Errc::kInvalid;
                    return here.sockets.connect_with(fd, peer, all, known);
                  }));
    return static_cast<ssize_t>(bytes);
  });
}

ssize_t z_recv(int fd, void* buf, size_t n) {
  return zs::api::waiting_call<ssize_t>(fd, Way::kIn, [=](Instance& here) -> Result<ssize_t> {
    if (buf == nullptr || n == 0) return Errc::kInvalid;
    ZS_TRY_ASSIGN(const std::size_t bytes,
                  here.sockets.read_copy(fd, {static_cast<std::byte*>(buf), n}));
    return static_cast<ssize_t>(bytes);
  });
}

ssize_t z_send(int fd, const void* buf, size_t n) {
  const std::span bytes(static_cast<const std::byte*>(buf), n);
  const auto part = [=](Instance& here, std::size_t sent) -> Result<std::size_t> {
    if (buf == nullptr && n > 0) return Errc::kInvalid;
    return here.sockets.write_copy(fd, bytes.subspan(sent));
  };
  return zs::api::transferring_call(fd, Way::kOut, 0, n, part);
}

ssize_t z_send_with(int fd, const void* buf, size_t n, int flags) {
  const std::span bytes(static_cast<const std::byte*>(buf), n);
  const auto part = [=](Instance& here, std::size_t sent) -> Result<std::size_t> {
    if (buf == nullptr && n > 0) return Errc::kInvalid;
    ZS_TRY_ASSIGN(const auto known, write_flags(flags));
    return here.sockets.write_copy(fd, bytes.subspan(sent), known);
  };
  return zs::api::transferring_call(fd, Way::kOut, flags, n, part);
}

uint64_t z_copied_bytes(void) {
  return zs::api::call<uint64_t>(
      [](Instance& here) -> Result<std::uint64_t> { return here.sockets.copied_bytes(); });
}
