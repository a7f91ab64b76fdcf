#pragma once

#include "command.hpp"

namespace CLI {
class App;
}

namespace zs::apps {

/// Adds `zstack load`. `action` is set if the user chose it.
void add_load(CLI::App& zstack, Action& action);

}  // namespace zs::apps
