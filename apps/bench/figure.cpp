#include "bench/figure.hpp"

#include <algorithm>
#include <cmath>

namespace zs::bench {

double Figure::median() const {
  if (values_.empty()) return 0;
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

double Figure::least() const {
  return values_.empty() ? 0 : *std::min_element(values_.begin(), values_.end());
}

double Figure::most() const {
  return values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end());
}

std::string with_commas(double value) {
  std::string digits = std::to_string(static_cast<long long>(std::llround(std::fabs(value))));
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return value < 0 ? "-" + digits : digits;
}

}  // namespace zs::bench
