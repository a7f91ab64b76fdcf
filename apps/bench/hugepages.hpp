#pragma once

#include <string>

#include "base/result.hpp"
#include "bench/child.hpp"

namespace zs::bench {

/// So many free hugepages for as long as this lives; what was set before is set again afterwards,
/// by a helper process, even if we are killed.
class Hugepages {
 public:
  /// On failure `why` says what is wanting.
  static Result<Hugepages> reserve(unsigned pages, std::string& why);
  Hugepages(Hugepages&&) = default;
  Hugepages& operator=(Hugepages&&) = default;
  ~Hugepages();

 private:
  explicit Hugepages(Child keeper) : keeper_(std::move(keeper)) {}

  Child keeper_;
};

}  // namespace zs::bench
