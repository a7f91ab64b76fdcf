#pragma once

#include "command.hpp"

namespace CLI {
class App;
}

namespace zs::apps {

/// Adds `zstack bench`.
void add_bench(CLI::App& zstack, Action& action);

}  // namespace zs::apps
