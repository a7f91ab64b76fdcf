#pragma once

#include "command.hpp"

namespace CLI {
class App;
}

namespace zs::apps {

/// `zstack sim`: worlds in virtual time.
void add_sim(CLI::App& zstack, Action& action);

}  // namespace zs::apps
