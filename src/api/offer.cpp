#include "api/offer.hpp"

namespace zs::api {
namespace {

bool is_sound(const rte_mbuf* m) noexcept {
  return buf::reference_count(m) > 0 && m->buf_addr != nullptr &&
         std::uint32_t{m->data_off} + m->data_len <= m->buf_len;
}

}  // namespace

Result<Shape> check_chains(std::span<rte_mbuf* const> chains) noexcept {
  Shape shape;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    rte_mbuf* const head = chains[i];
    if (head == nullptr) return Errc::kInvalid;
    for (const rte_mbuf* const earlier : chains.first(i)) {
      if (earlier == head) return Errc::kInvalid;
    }
    const Shape before = shape;
    for (const rte_mbuf* m = head; m != nullptr; m = m->next) {
      if (!is_sound(m)) return Errc::kInvalid;
      if (shape.segments == RTE_MBUF_MAX_NB_SEGS) return Errc::kMessageSize;
      ++shape.segments;
      shape.bytes += m->data_len;
      shape.has_empty_segments = shape.has_empty_segments || m->data_len == 0;
    }
    head->pkt_len = static_cast<std::uint32_t>(shape.bytes - before.bytes);
    head->nb_segs = static_cast<std::uint16_t>(shape.segments - before.segments);
  }
  return shape;
}

buf::Chain join(std::span<rte_mbuf* const> chains) noexcept {
  buf::Chain all;
  for (rte_mbuf* const chain : chains) all.append(buf::Mbuf::adopt(chain));
  return all;
}

void part(buf::Chain all, std::span<rte_mbuf* const> chains) noexcept {
  rte_mbuf* m = std::move(all).release().release();
  for (std::size_t i = 0; i < chains.size(); ++i) {
    rte_mbuf* const head = chains[i];
    rte_mbuf* const next_head = i + 1 < chains.size() ? chains[i + 1] : nullptr;
    ZS_ASSERT(m == head);
    head->pkt_len = 0;
    head->nb_segs = 0;
    while (m != next_head) {
      rte_mbuf* const next = m->next;
      head->pkt_len += m->data_len;
      ++head->nb_segs;
      if (next == next_head) m->next = nullptr;
      m = next;
    }
  }
}

Result<buf::Chain> share(std::span<rte_mbuf* const> chains, buf::Pool& indirect) noexcept {
  buf::Chain all;
  for (rte_mbuf* const chain : chains) {
    for (rte_mbuf* m = chain; m != nullptr; m = m->next) {
      if (m->data_len == 0) continue;
      rte_mbuf* const shared = buf::make_indirect(indirect, m, 0, m->data_len);
      if (shared == nullptr) return Errc::kNoBuffers;
      all.append(buf::Mbuf::adopt(shared));
    }
  }
  return all;
}

}  // namespace zs::api
