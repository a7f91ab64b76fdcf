#include "tcp/cc/controller.hpp"

#include "tcp/cc/algorithm.hpp"
#include "tcp/cc/bbr.hpp"
#include "tcp/cc/cubic.hpp"
#include "tcp/cc/dctcp.hpp"
#include "tcp/cc/newreno.hpp"

namespace zs::tcp::cc {

void Slot::construct(CongestionAlgorithm algorithm, const Parameters& parameters) {
  switch (algorithm) {
    case CongestionAlgorithm::kCubic:
      return emplace<Cubic>(parameters);
    case CongestionAlgorithm::kNewReno:
      return emplace<NewReno>(parameters);
    case CongestionAlgorithm::kDctcp:
      return emplace<Dctcp>(parameters);
    case CongestionAlgorithm::kBbr:
      return emplace<Bbr>(parameters);
  }
  emplace<Cubic>(parameters);  // a number that is no enumerator: the default of Config
}

void Slot::change(CongestionAlgorithm algorithm, const Parameters& parameters) {
  if (controller_->name() == name_of(algorithm)) return;
  const std::uint32_t cwnd = controller_->cwnd_;
  const std::uint32_t ssthresh = controller_->ssthresh_;
  Parameters adopted = parameters;
  // Whose window follows from a model of the path begins with what there is.
  if (algorithm == CongestionAlgorithm::kBbr) adopted.initial_window = cwnd;
  select(algorithm, adopted);
  controller_->cwnd_ = cwnd;
  controller_->ssthresh_ = ssthresh;
}

}  // namespace zs::tcp::cc
