#include "buf/mbuf.hpp"

#include <algorithm>
#include <cstring>

#include "buf/slicer.hpp"

namespace zs::buf {
namespace {

constexpr std::uint64_t kStorageFlags = RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;

rte_mbuf* last_segment(rte_mbuf* m) noexcept {
  while (m->next != nullptr) m = m->next;
  return m;
}

}  // namespace

rte_mbuf* make_indirect(Pool& pool, rte_mbuf* segment, std::uint32_t offset,
                        std::uint32_t length) noexcept {
  return Slicer(pool, 1).make(segment, offset, length);
}

void copy_metadata(rte_mbuf* to, const rte_mbuf* from) noexcept {
  to->ol_flags = (to->ol_flags & kStorageFlags) | (from->ol_flags & ~kStorageFlags);
  to->port = from->port;
  to->packet_type = from->packet_type;
  to->vlan_tci = from->vlan_tci;
  to->vlan_tci_outer = from->vlan_tci_outer;
  to->hash = from->hash;
  to->tx_offload = from->tx_offload;
  to->timesync = from->timesync;
  std::memcpy(to->dynfield1, from->dynfield1, sizeof(to->dynfield1));
}

void Mbuf::trim_front_segments(std::uint32_t n) noexcept {
  ZS_ASSERT(n <= length());
  rte_mbuf* head = h_.get();
  const std::uint32_t left = head->pkt_len - n;
  std::uint16_t segments = head->nb_segs;
  while (n >= head->data_len && head->next != nullptr) {
    n -= head->data_len;
    rte_mbuf* const next = head->next;
    copy_metadata(next, head);
    static_cast<void>(h_.release());
    free_segment(head);
    h_.reset(next);
    head = next;
    --segments;
  }
  head->data_off = static_cast<std::uint16_t>(head->data_off + n);
  head->data_len = static_cast<std::uint16_t>(head->data_len - n);
  head->pkt_len = left;
  head->nb_segs = segments;
}

void Mbuf::truncate(std::uint32_t length) noexcept {
  ZS_ASSERT(length <= this->length());
  rte_mbuf* const head = h_.get();
  rte_mbuf* last = head;
  std::uint16_t segments = 1;
  std::uint32_t left = length;
  while (left > last->data_len) {
    left -= last->data_len;
    last = last->next;
    ++segments;
  }
  free_chain(std::exchange(last->next, nullptr));
  last->data_len = static_cast<std::uint16_t>(left);
  head->pkt_len = length;
  head->nb_segs = segments;
}

Result<std::span<std::byte>> Mbuf::append(std::uint16_t n) noexcept {
  rte_mbuf* const last = last_segment(h_.get());
  if (!is_exclusive(last) || tailroom(last) < n) return Errc::kNoBuffers;
  std::byte* const room = data(last) + last->data_len;
  last->data_len = static_cast<std::uint16_t>(last->data_len + n);
  h_->pkt_len += n;
  return std::span<std::byte>{room, n};
}

Result<void> Mbuf::pull_up(std::uint16_t n, Pool& pool) noexcept {
  rte_mbuf* const head = h_.get();
  if (n > length()) return Errc::kInvalid;
  if (n <= head->data_len) return {};

  if (is_exclusive(head) && tailroom(head) >= n - head->data_len) {
    const auto missing = static_cast<std::uint16_t>(n - head->data_len);
    Mbuf rest = Mbuf::adopt(head->next);
    rest->pkt_len = head->pkt_len - head->data_len;
    rest->nb_segs = static_cast<std::uint16_t>(head->nb_segs - 1);
    rest.copy_out(0, {data(head) + head->data_len, missing});
    rest.trim_front(missing);
    head->data_len = n;
    head->pkt_len = n;
    head->nb_segs = 1;
    head->next = nullptr;
    if (rest.length() > 0) append_chain(std::move(rest));
    return {};
  }

  if (n > pool.data_room()) return Errc::kInvalid;
  Mbuf fresh = Mbuf::adopt(pool.alloc());
  if (!fresh) return Errc::kNoBuffers;
  const auto room = fresh.append(n);
  ZS_ASSERT(room.has_value());
  copy_out(0, *room);
  copy_metadata(fresh.get(), head);
  trim_front(n);
  if (length() > 0) fresh.append_chain(std::move(*this));
  *this = std::move(fresh);
  return {};
}

void Mbuf::append_chain(Mbuf tail) noexcept {
  rte_mbuf* const head = h_.get();
  rte_mbuf* const more = std::move(tail).release();
  if (more == nullptr) return;
  ZS_ASSERT(head->nb_segs + more->nb_segs <= RTE_MBUF_MAX_NB_SEGS);
  last_segment(head)->next = more;
  head->pkt_len += more->pkt_len;
  head->nb_segs = static_cast<std::uint16_t>(head->nb_segs + more->nb_segs);
}

void copy_out(const rte_mbuf* m, std::uint32_t offset, std::span<std::byte> out) noexcept {
  while (!out.empty()) {
    ZS_ASSERT(m != nullptr);
    if (offset >= m->data_len) {
      offset -= m->data_len;
    } else {
      const std::size_t n = std::min<std::size_t>(out.size(), m->data_len - offset);
      std::memcpy(out.data(), data(m) + offset, n);
      out = out.subspan(n);
      offset = 0;
    }
    m = m->next;
  }
}

void Mbuf::copy_out(std::uint32_t offset, std::span<std::byte> out) const noexcept {
  ZS_ASSERT(offset <= length() && out.size() <= length() - offset);
  buf::copy_out(h_.get(), offset, out);
}

Result<Mbuf> Mbuf::copy_of(std::span<const std::byte> payload, Pool& pool) noexcept {
  const std::size_t room = pool.data_room();
  if (room == 0 || payload.size() > room * RTE_MBUF_MAX_NB_SEGS) return Errc::kInvalid;
  Mbuf packet = Mbuf::adopt(pool.alloc());
  if (!packet) return Errc::kNoBuffers;
  rte_mbuf* const head = packet.get();
  rte_mbuf* last = head;
  while (true) {
    const std::size_t n = std::min(payload.size(), room);
    if (n > 0) std::memcpy(data(last), payload.data(), n);
    last->data_len = static_cast<std::uint16_t>(n);
    head->pkt_len += static_cast<std::uint32_t>(n);
    payload = payload.subspan(n);
    if (payload.empty()) return packet;
    last->next = pool.alloc();
    if (last->next == nullptr) return Errc::kNoBuffers;
    last = last->next;
    ++head->nb_segs;
  }
}

Result<Mbuf> Mbuf::copy(Pool& pool) const noexcept {
  if (pool.data_room() == 0) return Errc::kInvalid;
  Mbuf result = Mbuf::adopt(pool.alloc());
  if (!result) return Errc::kNoBuffers;
  copy_metadata(result.get(), h_.get());
  rte_mbuf* last = result.get();
  for (std::uint32_t done = 0; done < length();) {
    if (last->data_len == pool.data_room()) {
      last->next = pool.alloc();
      if (last->next == nullptr) return Errc::kNoBuffers;
      last = last->next;
      ++result->nb_segs;
    }
    const auto n = std::min<std::uint32_t>(pool.data_room(), length() - done);
    copy_out(done, {data(last), n});
    last->data_len = static_cast<std::uint16_t>(n);
    done += n;
    result->pkt_len = done;
  }
  return result;
}

Result<Mbuf> Mbuf::clone(Pool& indirect) const noexcept {
  Slicer slices(indirect, h_->nb_segs);
  rte_mbuf* const first = slices.make(h_.get(), 0, h_->data_len);
  if (first == nullptr) return Errc::kNoBuffers;
  Mbuf copy = Mbuf::adopt(first);
  copy_metadata(first, h_.get());
  rte_mbuf* last = first;
  for (rte_mbuf* m = h_->next; m != nullptr; m = m->next) {
    last->next = slices.make(m, 0, m->data_len);
    if (last->next == nullptr) return Errc::kNoBuffers;
    last = last->next;
    ++first->nb_segs;
    first->pkt_len += m->data_len;
  }
  return copy;
}

}  // namespace zs::buf
