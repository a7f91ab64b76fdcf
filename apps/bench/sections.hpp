#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace zs::bench {

struct BenchContext;

/// A family of figures. To add one: a `section_x.cpp` with its run function, declared here, and its
/// entry in sections.cpp; its part of docs/performance.md; its keys of `summary`, and in
/// targets.cpp what they must reach.
struct Section {
  std::string_view name = {};  ///< for --only
  std::string_view title = {};
  std::string_view about = {};  ///< what is measured, and how: a paragraph of the page
  std::string_view paper = {};  ///< what the paper says of it; may be empty
  double quick_seconds = 1;     ///< how long it takes, roughly, with --quick
  double full_seconds = 1;      ///< and with five rounds
  /// Reports what it finds. What this machine cannot do is no error: Report::skip(). An error is
  /// told in BenchContext::why, and the other sections run nevertheless.
  Result<void> (*run)(BenchContext&) = nullptr;
};

/// All of them, in the order in which they run.
std::span<const Section> all_sections();

/// Those that `only` names, in the order of all_sections(); all if it is empty. kNotFound with
/// `why` for a name that there is not.
Result<std::vector<const Section*>> choose_sections(const std::vector<std::string>& only,
                                                    std::string& why);

Result<void> run_stack(BenchContext& context);
Result<void> run_instructions(BenchContext& context);
Result<void> run_overhead(BenchContext& context);
Result<void> run_calls(BenchContext& context);
Result<void> run_cable(BenchContext& context);
Result<void> run_cpu(BenchContext& context);
Result<void> run_connections(BenchContext& context);
Result<void> run_shard_scaling(BenchContext& context);
Result<void> run_sleep(BenchContext& context);
Result<void> run_devices(BenchContext& context);
Result<void> run_processes(BenchContext& context);
Result<void> run_testpmd(BenchContext& context);
Result<void> run_idle(BenchContext& context);
Result<void> run_million(BenchContext& context);
Result<void> run_floods(BenchContext& context);
Result<void> run_bulk(BenchContext& context);
Result<void> run_goodput(BenchContext& context);

}  // namespace zs::bench
