#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zs::bench {

/// The command line of `zstack bench`.
struct BenchOptions {
  bool quick = false;
  bool as_json = false;
  std::uint32_t rounds = 0;        ///< 0: five, or two if quick
  std::uint32_t milliseconds = 0;  ///< hidden: how long a point is measured; 0: the default
  std::uint32_t connections = 50;
  std::uint32_t size = 64;        ///< of the request whose instructions are counted
  int count = -1;                 ///< hidden: see instructions.hpp
  int program = -1;               ///< hidden: see overhead.hpp
  bool count_visits = false;      ///< hidden: with count
  std::vector<std::string> only;  ///< names of sections; empty: all of them
  std::string out;                ///< folder for results.json and the page; empty: none
};

}  // namespace zs::bench
