#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/options.hpp"
#include "bench/report.hpp"
#include "runtime/clock.hpp"
#include "runtime/config_load.hpp"

namespace zs::bench {

/// What a section gets to measure with.
struct BenchContext {
  const BenchOptions& options;
  const runtime::Machine& machine;
  Report& report;
  std::string why = {};     ///< a section that returns an error says here what broke
  Figure core_shares = {};  ///< see note_core_share()

  std::uint32_t rounds() const {
    return options.rounds > 0 ? options.rounds : options.quick ? 2 : 5;
  }
  /// How long one point is measured in one round.
  Duration measured() const {
    if (options.milliseconds > 0) return std::chrono::milliseconds{options.milliseconds};
    return std::chrono::milliseconds{options.quick ? 200 : 1'000};
  }
  /// What the summary's ratios are made of is measured more often and for less time where there are
  /// few rounds: a median of two is none.
  std::uint32_t ratio_rounds() const { return options.quick ? 2 * rounds() : rounds(); }
  Duration ratio_measured() const { return options.quick ? measured() / 2 : measured(); }
  /// How long it runs before that: as long, but no longer than it takes to settle.
  Duration warm_up() const { return std::min<Duration>(measured(), std::chrono::milliseconds{50}); }
  /// False after noting that the section is skipped for want of a second CPU.
  bool has_two_cpus() {
    if (machine.cpus.size() >= 2) return true;
    report.skip("it takes two CPUs, and this process may use one only");
    return false;
  }
  /// Every section tells what share of a core the spinning server's thread got: less than all of it
  /// means that other programs disturbed the measurement.
  void note_core_share(double share) { core_shares.add(share); }
  /// Where the kernel's server and client run: on the CPUs of our two lcores.
  unsigned server_cpu() const { return machine.cpus[machine.cpus.size() - 2]; }
  unsigned client_cpu() const { return machine.cpus[machine.cpus.size() - 1]; }
};

/// Tells those who wait how far a section is.
class Steps {
 public:
  Steps(Report& report, std::size_t total)
      : report_(report), total_(total), began_(runtime::read_clock()) {}

  /// One more is over.
  void done() {
    ++done_;
    const Duration took = runtime::read_clock() - began_;
    report_.progress(done_, total_, std::chrono::duration<double>(took).count());
  }

 private:
  Report& report_;
  std::size_t total_;
  std::size_t done_ = 0;
  Instant began_;
};

/// "64", "8k".
inline std::string size_text(std::uint32_t bytes) {
  return bytes < 1'024 ? std::to_string(bytes) : std::to_string(bytes / 1'024) + "k";
}

}  // namespace zs::bench
