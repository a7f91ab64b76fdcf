// F-Stack's and the paper's calls on buffers. Their "BSD mbuf" over a DPDK buffer is the DPDK
// buffer itself here.
#include <ff_api.h>

#include <algorithm>
#include <cstring>

#include "api/call.hpp"
#include "api/offer.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;

rte_mbuf* as_chain(void* m) { return static_cast<rte_mbuf*>(m); }

/// Calls f(piece) on up to `n` bytes of the chain from the place on that `m` remembers.
template <typename F>
int walk(ff_zc_mbuf& m, int n, F&& f) {
  std::size_t skip = static_cast<std::size_t>(m.off);
  rte_mbuf* segment = as_chain(m.bsd_mbuf);
  while (segment != nullptr && skip > z_len(segment)) {
    skip -= z_len(segment);
    segment = segment->next;
  }
  int done = 0;
  for (; segment != nullptr && done < n; segment = segment->next, skip = 0) {
    const std::size_t room = z_len(segment) - skip;
    const int here =
        static_cast<int>(std::min<std::size_t>(room, static_cast<std::size_t>(n - done)));
    f(static_cast<char*>(z_data(segment)) + skip, done, static_cast<std::size_t>(here));
    done += here;
    m.bsd_mbuf_off = segment;
  }
  m.off += done;
  return done;
}

bool is_usable(const ff_zc_mbuf* m) {
  return m != nullptr && m->bsd_mbuf != nullptr && m->off >= 0;
}

}  // namespace

// The paper's listing looks here for a pool; run/ puts the first shard's in.
rte_mempool* pktmbuf_pool[8];
struct lcore_conf lcore_conf;

int ff_zc_mbuf_get(struct ff_zc_mbuf* m, int len) {
  if (m == nullptr || len < 1) {
    errno = zs::api::current() == nullptr ? EPERM : EINVAL;
    return -1;
  }
  rte_mbuf* const chain = z_alloc(static_cast<std::size_t>(len));
  if (chain == nullptr) return -1;
  const bool noted = zs::api::call<int>([=](Instance& here) -> Result<void> {
                       here.chains.insert(chain);
                       return {};
                     }) == 0;
  if (!noted) {
    z_free(chain);
    return -1;
  }
  *m = {.bsd_mbuf = chain, .bsd_mbuf_off = chain, .off = 0, .len = len};
  return 0;
}

int ff_zc_mbuf_write(struct ff_zc_mbuf* m, const char* data, int len) {
  return zs::api::call<int>([=](Instance&) -> Result<int> {
    if (!is_usable(m) || data == nullptr || len < 0 || len > m->len - m->off) return Errc::kInvalid;
    return walk(*m, len,
                [data](char* at, int from, std::size_t n) { std::memcpy(at, data + from, n); });
  });
}

int ff_zc_mbuf_read(struct ff_zc_mbuf* m, const char* data, int len) {
  return zs::api::call<int>([=](Instance&) -> Result<int> {
    if (!is_usable(m) || data == nullptr || len < 0) return Errc::kInvalid;
    char* const out = const_cast<char*>(data);  // NOLINT: F-Stack's type for what it fills
    return walk(*m, len,
                [out](const char* at, int from, std::size_t n) { std::memcpy(out + from, at, n); });
  });
}

void* ff_mbuf_get(void* p, void* rte_mb, void* data, uint16_t len) {
  return zs::api::call<rte_mbuf*>([=](Instance& here) -> Result<rte_mbuf*> {
    rte_mbuf* const m = as_chain(rte_mb);
    if (m == nullptr || data == nullptr) return Errc::kInvalid;
    const auto* const begin = static_cast<const char*>(m->buf_addr);
    const auto* const at = static_cast<const char*>(data);
    if (at < begin || at > begin + m->buf_len || len > begin + m->buf_len - at) {
      return Errc::kInvalid;
    }
    if (p == nullptr) here.chains.insert(m);
    m->data_off = static_cast<std::uint16_t>(at - begin);
    m->data_len = len;
    m->pkt_len = len;
    m->nb_segs = 1;
    m->next = nullptr;
    if (p == nullptr) return m;
    rte_mbuf* const head = as_chain(p);
    rte_mbuf* last = head;
    while (last->next != nullptr) last = last->next;
    last->next = m;
    head->pkt_len += len;
    ++head->nb_segs;
    return m;
  });
}

void* ff_mbuf_mtod(void* mb) { return z_data(as_chain(mb)); }

void ff_mbuf_free(void* mb) {
  if (mb == nullptr) return;
  if (Instance* const here = zs::api::current()) here->chains.erase(mb);
  // A detached buffer lives on, with nothing behind it.
  rte_mbuf* segment = as_chain(mb);
  while (segment != nullptr) {
    rte_mbuf* const next = segment->next;
    ZS_ASSERT(zs::buf::reference_count(segment) > 0 && "freed twice");
    if (zs::buf::reference_count(segment) > 1) {
      segment->next = nullptr;
      segment->nb_segs = 1;
      segment->pkt_len = segment->data_len;
    }
    zs::buf::free_segment(segment);
    segment = next;
  }
}

int ff_mbuf_copydata(void* mb, void* data, int off, int len) {
  ff_zc_mbuf at{.bsd_mbuf = mb, .bsd_mbuf_off = mb, .off = off, .len = 0};
  const auto bytes = z_pktlen(as_chain(mb));
  const bool fits = mb != nullptr && data != nullptr && off >= 0 && len >= 0 &&
                    static_cast<std::size_t>(off) + static_cast<std::size_t>(len) <= bytes;
  if (!fits) {
    errno = EINVAL;
    return -1;
  }
  char* const out = static_cast<char*>(data);
  walk(at, len,
       [out](const char* from, int done, std::size_t n) { std::memcpy(out + done, from, n); });
  return 0;
}

int ff_next_mbuf(void** mb, void** data, unsigned* len) {
  if (mb == nullptr || *mb == nullptr || data == nullptr || len == nullptr) {
    errno = EINVAL;
    return -1;
  }
  rte_mbuf* const m = as_chain(*mb);
  *data = z_data(m);
  *len = m->data_len;
  *mb = m->next;
  return 0;
}

void* ff_rte_frm_extcl(void* mb) { return mb; }

void ff_mbuf_detach_rte(void* mb) {
  if (mb != nullptr) zs::buf::add_reference(as_chain(mb));
}

ssize_t ff_zwrite(int fd, void* mb, size_t len) {
  if (mb != nullptr && z_pktlen(as_chain(mb)) != len) {
    errno = zs::api::current() == nullptr ? EPERM : EINVAL;
    return -1;
  }
  const ssize_t sent = z_write(fd, as_chain(mb));
  if (sent >= 0) zs::api::current()->chains.erase(mb);
  return sent;
}
