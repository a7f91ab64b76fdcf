#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/trial.hpp"

namespace zs::sim {

struct SeedRange {
  std::uint64_t first = 1, last = 1;

  std::uint64_t count() const { return last - first + 1; }
  /// "7" or "1-2000"; false for anything else.
  static bool parse(const std::string& text, SeedRange& out);
};

/// Runs a job for each seed in processes of their own, so that a crash, or a job that never comes
/// back, is told like any other failure and stops nobody else.
class Crew {
 public:
  using Job = std::function<Outcome(std::uint64_t seed)>;
  /// Told in this process, in the order in which they end.
  using Told = std::function<void(std::uint64_t seed, const Outcome& outcome)>;
  /// Called about once a second.
  using Tick = std::function<void()>;

  Crew(Job job, std::uint32_t members) : job_(std::move(job)), members_(members) {}
  /// False if no process could be started.
  bool run(const SeedRange& seeds, const Told& told, const Tick& tick);

 private:
  struct Member;
  bool start(Member& member);
  void hear(Member& member, const Told& told);
  void bury(Member& member, const Told& told);
  [[noreturn]] void work(std::uint64_t next, std::uint64_t last, int out) const;

  Job job_;
  std::uint32_t members_;
};

}  // namespace zs::sim
