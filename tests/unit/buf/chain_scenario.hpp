#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "buf/chain.hpp"

namespace zs::buf::test {

using Bytes = std::vector<std::byte>;

inline Bytes pattern(std::size_t n, std::uint32_t seed) {
  Bytes b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = static_cast<std::byte>(seed * 31 + i * 7 + (i >> 8));
  return b;
}

inline Bytes bytes_of(const Chain& c) {
  Bytes b(c.size());
  c.copy_out(0, b);
  return b;
}

/// A chain and the vector that it should equal, driven by one word a step; runs over either
/// backend.
class ChainScenario {
 public:
  explicit ChainScenario(Pools pools) : pools_(pools) {}

  /// False when chain and model disagree, or a refusal changed something.
  bool step(std::uint32_t word) {
    const std::uint32_t amount = word >> 4;
    switch (word % 8) {
      case 0:
      case 1:
        append(amount);
        break;
      case 2:
        take(amount);
        break;
      case 3:
        drop(amount);
        break;
      case 4:
        chain_.truncate(amount % (chain_.size() + 1));
        model_.resize(chain_.size());
        break;
      case 5:
        clone();
        break;
      case 6:
        through_packet(amount);
        break;
      default:
        put_back();
        break;
    }
    return agrees(chain_, model_) && agrees(side_, side_model_);
  }

  void finish() {
    chain_.clear();
    side_.clear();
  }

 private:
  static bool agrees(const Chain& c, const Bytes& model) {
    std::uint32_t segments = 0;
    const rte_mbuf* last = nullptr;
    for (const rte_mbuf* m = c.head(); m != nullptr; m = m->next) {
      ++segments;
      last = m;
    }
    return bytes_of(c) == model && segments == c.segments() && last == c.tail();
  }
  void append(std::uint32_t amount) {
    const Bytes fresh = pattern(amount % 200, amount);
    if (auto c = Chain::copy_of(fresh, *pools_.data)) {
      chain_.append(*std::move(c));
      model_.insert(model_.end(), fresh.begin(), fresh.end());
    }
  }
  void take(std::uint32_t amount) {
    const std::uint32_t n = amount % (chain_.size() + 1);
    if (auto front = chain_.take_front(n, *pools_.indirect)) {
      side_ = *std::move(front);
      side_model_.assign(model_.begin(), model_.begin() + n);
      model_.erase(model_.begin(), model_.begin() + n);
    }
  }
  void drop(std::uint32_t amount) {
    const std::uint32_t n = amount % (chain_.size() + 1);
    chain_.drop_front(n);
    model_.erase(model_.begin(), model_.begin() + n);
  }
  void clone() {
    if (auto copy = chain_.clone(*pools_.indirect)) {
      side_ = *std::move(copy);
      side_model_ = model_;
    }
  }
  void through_packet(std::uint32_t amount) {
    Mbuf packet = std::move(chain_).release();
    if (!packet) return;
    const std::uint32_t front = amount % (packet.length() + 1);
    packet.trim_front(front);
    model_.erase(model_.begin(), model_.begin() + front);
    const std::uint32_t keep = (amount / 7) % (packet.length() + 1);
    packet.truncate(keep);
    model_.resize(keep);
    const auto whole = static_cast<std::uint16_t>(std::min<std::uint32_t>(keep, amount % 60));
    // Refused for want of a buffer or because it exceeds one: the bytes stay the same either way.
    static_cast<void>(packet.pull_up(whole, *pools_.data).has_value());
    chain_ = Chain{std::move(packet)};
  }
  void put_back() {
    chain_.append(std::move(side_));
    model_.insert(model_.end(), side_model_.begin(), side_model_.end());
    side_model_.clear();
  }

  Pools pools_;
  Chain chain_;
  Bytes model_;
  Chain side_;
  Bytes side_model_;
};

}  // namespace zs::buf::test
