#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "bench/stack_only.hpp"

namespace zs::bench {

/// The instructions of a request, by part, counted by valgrind's callgrind: this program is run
/// once for each part with `zstack bench --count PART`. kNotFound without valgrind; `why` tells the
/// user.
Result<std::array<double, kParts>> count_instructions(std::uint32_t request_bytes,
                                                      std::string& why);

/// The same for any runs of this program, `zstack bench ARGUMENTS` each, that say what is to be
/// counted by count_instructions_of() and print "requests N".
Result<std::vector<double>> count_runs(const std::vector<std::string>& arguments, std::string& why);

/// What a run for count_instructions() does: it prints "requests N" at its end. With `visits` it
/// counts whole connections instead (visits.hpp), for those who look for where their time goes.
Result<void> run_counted(Part part, std::uint32_t request_bytes, bool visits, std::string& why);

}  // namespace zs::bench
