#include "tcp/cc/controller.hpp"

#include "tcp/cc/cubic.hpp"
#include "tcp/cc/newreno.hpp"

namespace zs::tcp::cc {

void Slot::construct(CongestionAlgorithm algorithm, const Parameters& parameters) noexcept {
  switch (algorithm) {
    case CongestionAlgorithm::kCubic:
      return emplace<Cubic>(parameters);
    case CongestionAlgorithm::kNewReno:
      return emplace<NewReno>(parameters);
  }
  emplace<Cubic>(parameters);  // a number that is no enumerator: the default of Config
}

}  // namespace zs::tcp::cc
