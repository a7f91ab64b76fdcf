#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "buf/mbuf.hpp"
#include "buf/pool.hpp"
#include "dev/frame_layout.hpp"
#include "dev/queue.hpp"

// What a NIC does to checksums, in software. Everything that writes does so in bytes that nobody
// else can see.
namespace zs::dev {

/// Makes the first `bytes` bytes of the frame contiguous and ours alone. A head that others hold is
/// left to them: its header moves to a fresh buffer, its payload is shared as before. kNoBuffers
/// (nothing changes) when a pool is empty; kMessageSize when no buffer is that large.
/// Precondition: bytes <= frame.length().
Result<void> make_headers_private(buf::Mbuf& frame, std::uint16_t bytes, buf::Pools pools) noexcept;

/// The three below want private headers (see above) up to `at.payload`.
void store_ip_checksum(rte_mbuf& frame, const FrameLayout& at) noexcept;
/// The finished TCP or UDP checksum, computed from scratch: what the field held does not matter.
void store_l4_checksum(rte_mbuf& frame, const FrameLayout& at) noexcept;
/// What a device that finishes TCP or UDP checksums wants to find in the field.
void store_pseudo_header_sum(rte_mbuf& frame, const FrameLayout& at) noexcept;

/// What the bytes of a received frame say. Precondition: its headers lie in the first segment.
bool is_l4_checksum_ok(const rte_mbuf& frame, const FrameLayout& at) noexcept;
bool is_ip_checksum_ok(const rte_mbuf& frame, const FrameLayout& at) noexcept;

/// Does what the frame's transmit flags ask for and `by_device` lacks of kTxIpChecksum and
/// kTxL4Checksum, and withdraws these requests. kInvalid when the metadata contradict the frame;
/// errors of make_headers_private(), after which nothing has changed.
Result<void> complete_tx_checksums(buf::Mbuf& frame, Offload by_device, buf::Pools pools) noexcept;

/// Fills in the checksums of a received frame that its flags vouch for (they may never have been
/// computed), and forgets these flags: the receiver must look for itself. Errors as above.
Result<void> complete_rx_checksums(buf::Mbuf& frame, buf::Pools pools) noexcept;

}  // namespace zs::dev
