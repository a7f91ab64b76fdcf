// Buffers in the application's hands.
#include <zstack/zstack.h>

#include <algorithm>
#include <array>

#include "api/call.hpp"
#include "api/offer.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;
using zs::api::Shape;
using zs::buf::Chain;
using zs::buf::Mbuf;

rte_mbuf* to_caller(Mbuf packet) { return std::move(packet).release(); }
rte_mbuf* to_caller(Chain chain) { return std::move(chain).release().release(); }

/// For calls that need no shard, but may be on one when the last reference to the application's
/// memory goes and its z_free_fn is called.
template <typename F>
void freeing(F&& f) {
  Instance* const here = zs::api::current();
  if (here == nullptr) return f();
  const zs::api::InCall mark(*here);
  f();
}

Result<rte_mbuf*> allocate(zs::buf::Pool& pool, std::size_t length) {
  const std::size_t room = pool.data_room();
  if (length > room * RTE_MBUF_MAX_NB_SEGS) return Errc::kMessageSize;
  if (length == 0) {
    rte_mbuf* const empty = pool.lend();
    return empty != nullptr ? Result<rte_mbuf*>{empty} : Errc::kNoBuffers;
  }
  Chain chain;
  while (length > 0) {
    Mbuf segment = Mbuf::adopt(pool.lend());
    if (!segment) return Errc::kNoBuffers;
    const std::size_t n = std::min(length, room);
    ZS_TRY(segment.append(static_cast<std::uint16_t>(n)));
    chain.append(std::move(segment));
    length -= n;
  }
  return to_caller(std::move(chain));
}

Result<rte_mbuf*> split(rte_mbuf** m, std::size_t n, zs::buf::Pool& indirect) {
  if (m == nullptr || n == 0) return Errc::kInvalid;
  ZS_TRY_ASSIGN(const Shape shape, zs::api::check_chains({m, 1}));
  if (n > shape.bytes) return Errc::kInvalid;
  Chain rest{Mbuf::adopt(*m)};
  auto front = rest.take_front(static_cast<std::uint32_t>(n), indirect);
  *m = to_caller(std::move(rest));
  if (!front) return front.error();
  return to_caller(*std::move(front));
}

}  // namespace

struct rte_mbuf* z_alloc(size_t len) {
  return zs::api::call<rte_mbuf*>([=](Instance& here) { return allocate(*here.pools.data, len); });
}

void z_free(struct rte_mbuf* m) {
  freeing([=] { zs::buf::free_chain(m); });
}

struct rte_mbuf* z_ref(struct rte_mbuf* m) {
  return zs::api::call<rte_mbuf*>([=](Instance& here) -> Result<rte_mbuf*> {
    ZS_TRY_ASSIGN(const Shape shape, zs::api::check_chains({&m, 1}));
    if (shape.bytes == 0) return Errc::kInvalid;
    ZS_TRY_ASSIGN(Chain shared, zs::api::share({&m, 1}, *here.pools.indirect));
    return to_caller(std::move(shared));
  });
}

struct rte_mbuf* z_split(struct rte_mbuf** m, size_t n) {
  return zs::api::call<rte_mbuf*>(
      [=](Instance& here) { return split(m, n, *here.pools.indirect); });
}

struct rte_mbuf* z_concat(struct rte_mbuf* a, struct rte_mbuf* b) {
  return zs::api::to_c<rte_mbuf*>([=]() -> Result<rte_mbuf*> {
    ZS_TRY(zs::api::check_chains(std::array{a, b}));
    Mbuf whole = Mbuf::adopt(a);
    whole.append_chain(Mbuf::adopt(b));
    return to_caller(std::move(whole));
  });
}

int z_truncate(struct rte_mbuf* m, size_t len) {
  return zs::api::to_c<int>([=]() -> Result<void> {
    ZS_TRY_ASSIGN(const Shape shape, zs::api::check_chains({&m, 1}));
    if (len > shape.bytes) return Errc::kInvalid;
    freeing([&] {
      Mbuf chain = Mbuf::adopt(m);
      chain.truncate(static_cast<std::uint32_t>(len));
      to_caller(std::move(chain));  // still the caller's
    });
    return {};
  });
}

// To write to it is the caller's decision, by z_writable(): a pointer to const would only be cast.
void* z_data(const struct rte_mbuf* m) {
  return m == nullptr ? nullptr : static_cast<std::byte*>(m->buf_addr) + m->data_off;
}

size_t z_len(const struct rte_mbuf* m) { return m == nullptr ? 0 : m->data_len; }

struct rte_mbuf* z_next(const struct rte_mbuf* m) {
  return m == nullptr ? nullptr : m->next;
}

size_t z_pktlen(const struct rte_mbuf* m) { return m == nullptr ? 0 : m->pkt_len; }

int z_writable(const struct rte_mbuf* m) {
  return m != nullptr && zs::buf::is_exclusive(m) ? 1 : 0;
}

int z_extmem_register(void* addr, size_t len) {
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
    const std::span<std::byte> memory{static_cast<std::byte*>(addr), addr == nullptr ? 0 : len};
    ZS_TRY(zs::buf::register_memory(memory));
    here.memory.push_back(memory);
    return static_cast<int>(here.memory.size() - 1);
  });
}

struct rte_mbuf* z_ext(int mem, size_t offset, size_t len, z_free_fn on_free, void* arg) {
  return zs::api::call<rte_mbuf*>([=](Instance& here) -> Result<rte_mbuf*> {
    if (mem < 0 || static_cast<std::size_t>(mem) >= here.memory.size()) return Errc::kInvalid;
    const std::span<std::byte> memory = here.memory[static_cast<std::size_t>(mem)];
    if (len == 0 || offset > memory.size() || len > memory.size() - offset) return Errc::kInvalid;
    if (len > zs::buf::kMaxExternalBytes) return Errc::kMessageSize;
    rte_mbuf* const chain =
        zs::buf::make_external(here.pools, memory.subspan(offset, len), on_free, arg);
    return chain != nullptr ? Result<rte_mbuf*>{chain} : Errc::kNoBuffers;
  });
}
