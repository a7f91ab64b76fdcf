#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace zs::apps {

/// What a subcommand does once the command line is parsed; returns the exit code.
using Action = std::function<int()>;

/// Adds `zstack serve`. `action` is set if the user chose it.
void add_serve(CLI::App& zstack, Action& action);

}  // namespace zs::apps
