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

/// Whether connections fall asleep whenever they may.
enum class Sleepers : bool { kNone, kAll };

/// Plays a script against a TCP engine of its own, in virtual time. nullopt when all went as
/// written and every buffer came back.
std::optional<Mismatch> run_script(const Script& script, Sleepers sleepers = Sleepers::kNone);

}  // namespace zs::packet
