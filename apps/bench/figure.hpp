#pragma once

#include <string>
#include <vector>

namespace zs::bench {

/// One measured figure: what several runs of the same thing gave.
class Figure {
 public:
  void add(double value) { values_.push_back(value); }
  std::size_t runs() const { return values_.size(); }
  /// The middle value; the mean of the two in the middle of an even number. 0 without any.
  double median() const;
  double least() const;
  double most() const;

 private:
  std::vector<double> values_;
};

/// 1234567 as "1,234,567"; nothing behind the point.
std::string with_commas(double value);

}  // namespace zs::bench
