#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "bench/echo_programs.hpp"

namespace zs::bench {

/// The instructions of a request in stack, API and program (all but the driver), counted by
/// callgrind for each of EchoProgram. kNotFound without valgrind; `why` tells the user.
Result<std::array<double, kEchoPrograms>> count_programs(std::uint32_t request_bytes,
                                                         std::string& why);

/// The cycles of the same, of one program, timed in a process of its own.
Result<double> time_program(EchoProgram program, std::uint32_t request_bytes, std::string& why);

/// What such processes do (`zstack bench --program N`, with `--count 0` where callgrind counts):
/// print "requests N" and "cycles N", those of a request.
Result<void> run_program(EchoProgram program, std::uint32_t request_bytes, bool is_counted,
                         std::string& why);

}  // namespace zs::bench
