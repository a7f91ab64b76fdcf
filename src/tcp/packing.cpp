#include "tcp/packing.hpp"

#include <utility>

#include "buf/mbuf.hpp"

namespace zs::tcp {
namespace {

/// A copy of a segment that is somebody else's too, with room for more behind it. Nothing without a
/// buffer.
buf::Mbuf private_copy(const buf::Mbuf& segment, buf::Pool& data) noexcept {
  buf::Mbuf copy = buf::Mbuf::adopt(data.alloc());
  if (!copy) return copy;
  const auto bytes = segment.first();
  std::ranges::copy(bytes, copy.append(static_cast<std::uint16_t>(bytes.size()))->begin());
  return copy;
}

}  // namespace

std::uint32_t append_packed(buf::Chain& chain, buf::Chain more, buf::Pool& data) noexcept {
  const std::uint32_t tiny = tiny_segment_bytes(data);
  std::uint32_t copied = 0;
  while (!more.empty()) {
    buf::Mbuf segment = more.pop_segment();
    const std::uint32_t bytes = segment.length();
    if (bytes <= tiny && chain.append_copy(segment.first())) {
      copied += bytes;
      continue;
    }
    if (bytes <= tiny && !buf::is_exclusive(segment.get())) {
      if (buf::Mbuf copy = private_copy(segment, data)) {
        segment = std::move(copy);
        copied += bytes;
      }
    }
    chain.append(std::move(segment));
  }
  return copied;
}

}  // namespace zs::tcp
