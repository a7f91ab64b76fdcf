#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "buf/chain.hpp"

namespace zs::api {

/// What a walk over chains of the application's has found.
struct Shape {
  std::uint64_t bytes = 0;
  std::uint32_t segments = 0;
  bool has_empty_segments = false;
};

/// Looks whether these are chains that the stack can take, before it takes one: kInvalid for NULL,
/// for data that reach beyond their buffer and for a chain that is there twice, kMessageSize for
/// more than one packet holds. Makes pkt_len and nb_segs of each head true.
Result<Shape> check_chains(std::span<rte_mbuf* const> chains) noexcept;

/// What nearly every chain is: one segment, with bytes, that the stack can take as it is.
inline bool is_sound_segment(const rte_mbuf* m) noexcept {
  return m != nullptr && m->next == nullptr && m->data_len > 0 && m->buf_addr != nullptr &&
         std::uint32_t{m->data_off} + m->data_len <= m->buf_len && buf::reference_count(m) > 0;
}

/// The chains as one run of bytes. Precondition: checked, no empty segments.
buf::Chain join(std::span<rte_mbuf* const> chains) noexcept;
/// The way back of join(): `all` is what it gave for the same chains.
void part(buf::Chain all, std::span<rte_mbuf* const> chains) noexcept;
/// Descriptors of their own over the bytes of chains that were checked. kNoBuffers without them.
Result<buf::Chain> share(std::span<rte_mbuf* const> chains, buf::Pool& indirect) noexcept;

/// Offers chains of the application's to `send(Chain&)`, which takes all or nothing: then they are
/// gone, or as they were. The number of bytes.
template <typename Send>
Result<std::uint64_t> offer(std::span<rte_mbuf* const> chains, buf::Pool& indirect, Send&& send) {
  ZS_TRY_ASSIGN(const Shape shape, check_chains(chains));
  if (shape.has_empty_segments) {
    // Chain has no place for these. Rather than take the application's chain apart and have to put
    // it together again, what is sent is another one over its bytes.
    ZS_TRY_ASSIGN(buf::Chain shared, share(chains, indirect));
    ZS_TRY(send(shared));
    for (rte_mbuf* const chain : chains) buf::free_chain(chain);
    return shape.bytes;
  }
  buf::Chain all = join(chains);
  if (auto sent = send(all); !sent) {
    part(std::move(all), chains);
    return sent.error();
  }
  return shape.bytes;
}

}  // namespace zs::api
