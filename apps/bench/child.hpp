#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dev/unique_fd.hpp"

namespace zs::bench {

struct ChildOptions {
  std::vector<std::string> command;  ///< found by PATH unless it has a slash
  int network_namespace = -1;        ///< a descriptor of one; -1: ours
  std::vector<unsigned> cpus = {};   ///< it may use; empty: as we do
  bool outlives_us = false;          ///< and has to notice by its input that we ended
};

/// A process of the benchmark's own. It ends with this object, and with us, however we end.
class Child {
 public:
  /// On failure `why` tells the user.
  static Result<Child> start(const ChildOptions& options, std::string& why);
  Child(Child&& o) noexcept;
  Child& operator=(Child&& o) noexcept;
  ~Child() { stop(); }

  pid_t pid() const { return pid_; }
  bool is_running();
  /// Its exit code; 128 and the signal if one ended it; kTimedOut if it still runs.
  Result<int> wait(Duration patience);
  /// Asks it to end, and makes it end.
  void stop();
  /// What it wrote so far.
  std::string output() const { return read_all(output_); }
  std::string complaints() const { return read_all(complaints_); }
  /// Writes to its standard input.
  void tell(std::string_view text) const;
  /// Of all its threads, since it began.
  Duration cpu_time() const;

 private:
  Child() = default;
  static std::string read_all(const dev::UniqueFd& file);

  pid_t pid_ = -1;  ///< -1: it has been waited for
  int exit_code_ = 0;
  dev::UniqueFd input_;
  dev::UniqueFd output_;
  dev::UniqueFd complaints_;
};

/// Runs a command to its end; its output, or nothing and `why` if it failed.
Result<std::string> run_command(const ChildOptions& options, Duration patience, std::string& why);

/// This program, for starting other subcommands of it.
std::string own_program();
/// A program that is built beside this one; empty if it is not there.
std::string sibling_program(const std::string& name);
/// Where a program is found by PATH; empty if nowhere.
std::string find_program(const std::string& name);

}  // namespace zs::bench
