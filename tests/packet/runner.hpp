#pragma once

#include <optional>
#include <string>

#include "packet/script.hpp"

namespace zs::packet {

struct Mismatch {
  int line = 0;
  std::string what;   ///< expected and got
  std::string trace;  ///< all packets so far
};

/// Plays a script against a TCP engine of its own, in virtual time. nullopt when all went as
/// written and every buffer came back.
std::optional<Mismatch> run_script(const Script& script);

}  // namespace zs::packet
