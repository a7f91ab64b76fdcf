#pragma once

#include <algorithm>
#include <cstdint>

#include "buf/chain.hpp"
#include "buf/pool.hpp"

namespace zs::tcp {

/// Each segment of a peer holds a buffer until it is read, however little is in it. These are the
/// rules by which a peer of tiny segments pays with a copy instead of holding our buffers
/// (DESIGN §5): beyond so many buffers that wait, small segments share one, if most of their room
/// is wasted, and if the application has let kPatientTurns turns pass without reading. What it
/// reads in time never comes to that.
inline constexpr std::uint32_t kPlainBuffers = 32;
inline constexpr std::uint32_t kPatientTurns = 16;  ///< in Pool::looks()
/// Out of order it is the network that is late. So many ranges of tiny segments may wait, and while
/// buffers run low (docs/memory-pressure.md) so many buffers.
inline constexpr std::uint32_t kPlainBuffersOutOfOrder = 32;

/// Payload bytes below which a segment is tiny: an eighth of a buffer, and less than any path's
/// full segment.
inline std::uint32_t tiny_segment_bytes(const buf::Pool& data) noexcept {
  return std::clamp<std::uint32_t>(data.data_room() / 8u, 1, 256);
}

/// Whether `buffers` are many, and hold few bytes each.
inline bool is_wasteful(std::uint32_t bytes, std::uint32_t buffers, std::uint32_t plain_buffers,
                        const buf::Pool& data) noexcept {
  return buffers > plain_buffers && bytes / tiny_segment_bytes(data) < buffers;
}

/// Appends `more` to `chain`, the tiny segments among it as copies behind what its last buffer
/// holds. Where nobody else may see that buffer's bytes, that is; a tiny segment that is shared
/// (from a cable that copies nothing) is copied to a buffer of its own, which the next ones then
/// can share. Returns how many payload bytes were copied. An empty pool means fewer copies.
std::uint32_t append_packed(buf::Chain& chain, buf::Chain more, buf::Pool& data) noexcept;

}  // namespace zs::tcp
