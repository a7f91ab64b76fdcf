#pragma once

#include <cstddef>
#include <span>

struct rte_mbuf;

namespace zs::dev {

/// Joins TCP segments of one burst that follow one another into one packet, as a NIC with LRO does:
/// the first segment's headers in front of a chain of all payload, RTE_MBUF_F_RX_LRO and tso_segsz
/// set, the checksums vouched for. TCP then pays once for the run. Nothing is copied, nothing is
/// allocated, and nothing waits: what the burst does not hold is not waited for.
///
/// Two segments are joined only if the receiver could not tell: equal headers down to TTL, TOS,
/// window, acknowledgement and options, in sequence, of equal size but for the last, no flag
/// but ACK (PSH ends a run), and both checksums good (those that no device has looked at are
/// verified here). The order of what belongs to one flow stays.
///
/// Works in place; returns how many packets are left at the front of `burst`.
std::size_t coalesce(std::span<rte_mbuf*> burst) noexcept;

}  // namespace zs::dev
