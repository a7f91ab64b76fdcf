#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "runtime/application.hpp"
#include "runtime/config.hpp"
#include "runtime/config_load.hpp"
#include "runtime/dispatch.hpp"

namespace zs::runtime {

/// A stack that was built and does not run yet: EAL is started, the device open, and the
/// application instances exist, so that sockets may be opened from the calling thread. Once in a
/// process, from the main thread, before any other thread exists.
class Prepared {
 public:
  /// `dispatcher` is borrowed: whom it holds is asked about each received frame. On failure `why`
  /// is what to tell the user.
  static Result<std::unique_ptr<Prepared>> build(
      const Config& config, const Machine& machine, const ApplicationFactory& factory,
      std::string& why, const DispatcherChoice& dispatcher = kNoDispatcher);
  ~Prepared();
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  /// As run(), with each shard on a thread of its own.
  Result<void> run(std::string& why);
  /// As run(), with the first shard on this thread, which is bound to the shard's CPU.
  Result<void> run_here(std::string& why);
  /// Ends a run. Any thread may, and a signal handler.
  void stop();

 private:
  struct Impl;
  explicit Prepared(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The composition root: starts EAL, opens the device, runs one shard with one application instance
/// on each lcore until SIGINT, SIGTERM or ShardContext::stop, or until all of them are finished,
/// and takes everything down in order. A second signal ends the process at once. Call it once, from
/// the main thread, before any other thread exists.
///
/// Returns when all is gone. On failure `why` is what to tell the user.
Result<void> run(const Config& config, const Machine& machine, const ApplicationFactory& factory,
                 std::string& why);

}  // namespace zs::runtime
