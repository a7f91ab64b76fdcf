#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "tcp/config.hpp"

namespace zs::tcp::cc {

/// An algorithm and what TCP_CONGESTION and tcp.congestion call it.
struct NamedAlgorithm {
  std::string_view name;
  CongestionAlgorithm algorithm;
};

/// All there are: a new algorithm is an enumerator, a line here, and one in Slot::construct().
inline constexpr std::array kAlgorithms{
    NamedAlgorithm{"cubic", CongestionAlgorithm::kCubic},
    NamedAlgorithm{"newreno", CongestionAlgorithm::kNewReno},
    NamedAlgorithm{"dctcp", CongestionAlgorithm::kDctcp},
    NamedAlgorithm{"bbr", CongestionAlgorithm::kBbr},
};

/// Also by Linux' name for NewReno.
constexpr std::optional<CongestionAlgorithm> algorithm_named(std::string_view name) noexcept {
  if (name == "reno") name = "newreno";
  for (const NamedAlgorithm& a : kAlgorithms) {
    if (a.name == name) return a.algorithm;
  }
  return std::nullopt;
}

/// Empty for a number that is no enumerator.
constexpr std::string_view name_of(CongestionAlgorithm algorithm) noexcept {
  for (const NamedAlgorithm& a : kAlgorithms) {
    if (a.algorithm == algorithm) return a.name;
  }
  return {};
}

}  // namespace zs::tcp::cc
