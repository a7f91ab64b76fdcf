#pragma once

#include "command.hpp"

namespace CLI {
class App;
}

namespace zs::apps {

/// Adds `zstack iperf3`. `action` is set if the user chose it.
void add_iperf3(CLI::App& zstack, Action& action);

}  // namespace zs::apps
