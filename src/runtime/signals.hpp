#pragma once

#include <csignal>

#include "base/time.hpp"

namespace zs::runtime {

/// SIGINT, SIGTERM and SIGHUP as something to wait for; SIGPIPE is ignored. Blocks them in the
/// calling thread and all threads that it starts later.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Returns when a signal came, which is true, or `other_fd` is readable.
  bool wait(int other_fd);
  /// True if a signal came within `time`.
  bool wait_for(Duration time);

 private:
  bool take_signal();

  sigset_t before_{};
  int fd_ = -1;
};

}  // namespace zs::runtime
