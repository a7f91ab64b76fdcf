#pragma once

#include <string>

#include "base/result.hpp"
#include "load_plan.hpp"
#include "load_result.hpp"

namespace zs::apps {

/// The same load over the kernel's sockets, in one thread, until the plan is fulfilled or a signal
/// comes. On failure `why` is what to tell the user.
Result<void> load_on_kernel(const LoadPlan& plan, LoadResult& result, std::string& why);

}  // namespace zs::apps
