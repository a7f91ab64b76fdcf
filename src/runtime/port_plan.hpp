#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace zs::runtime {

/// The ephemeral ports, dealt to the shards in pieces. A device spreads flows over its queues as it
/// likes, and knows nothing of who opened a connection: the port that an answer is for tells.
class PortPlan {
 public:
  struct Range {
    std::uint16_t low = 0;
    std::uint16_t high = 0;
  };

  /// Precondition: all.low <= all.high, shards > 0.
  constexpr PortPlan(Range all, std::size_t shards)
      : all_(all), shards_(shards), piece_((all.high - all.low + std::size_t{1}) / shards) {}

  /// What `shard` may use. All of them, if there are too few to be dealt.
  constexpr Range range_of(std::size_t shard) const {
    if (piece_ == 0) return all_;
    const auto low = static_cast<std::uint16_t>(all_.low + shard * piece_);
    const bool is_last = shard + 1 == shards_;
    return {low, is_last ? all_.high : static_cast<std::uint16_t>(low + piece_ - 1)};
  }
  /// Whose port this is; none if it is nobody's.
  constexpr std::optional<std::size_t> owner_of(std::uint16_t port) const {
    if (piece_ == 0 || port < all_.low || port > all_.high) return std::nullopt;
    return std::min<std::size_t>((port - all_.low) / piece_, shards_ - 1);
  }

 private:
  Range all_;
  std::size_t shards_;
  std::size_t piece_;
};

}  // namespace zs::runtime
