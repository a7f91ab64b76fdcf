// What a flood of forged packets costs, and what those who did not send it notice.

#include <fmt/format.h>

#include <cstdlib>

#include "bench/context.hpp"
#include "bench/flood_run.hpp"
#include "bench/sections.hpp"

namespace zs::bench {
namespace {

constexpr double kMostRatio = 1.10;
constexpr std::int64_t kMostHeapGrowth = 1 << 20;
constexpr std::int64_t kMostBufferGrowth = 512;  ///< what is on its way anyway comes and goes

struct FloodFigures {
  Figure rate, forgery, alone, beside, ratio;
  std::uint32_t newcomers = 0;
  std::uint32_t welcomed = 0;
  std::uint32_t broken = 0;
  std::int64_t heap_growth = 0;
  std::int64_t buffer_growth = 0;

  void add(const FloodResult& r) {
    rate.add(r.forged_per_second);
    forgery.add(r.cycles_a_forgery);
    alone.add(r.cycles_alone);
    beside.add(r.cycles_beside);
    ratio.add(r.ratio());
    newcomers += r.newcomers;
    welcomed += r.welcomed;
    broken += r.broken;
    heap_growth = std::max(heap_growth, r.heap_growth);
    buffer_growth = std::max(buffer_growth, r.buffer_growth);
  }
  bool is_memory_flat() const {
    return heap_growth <= kMostHeapGrowth && buffer_growth <= kMostBufferGrowth;
  }
  bool holds() const {
    return ratio.median() <= kMostRatio && welcomed == newcomers && newcomers > 0 && broken == 0 &&
           is_memory_flat();
  }
};

void report_flood(Report& report, const std::string& name, const FloodFigures& f) {
  report.add_row({name, with_commas(f.rate.median()), with_commas(f.forgery.median()),
                  with_commas(f.alone.median()), with_commas(f.beside.median()),
                  fmt::format("{:.2f}", f.ratio.median()),
                  fmt::format("{} of {}", f.welcomed, f.newcomers),
                  fmt::format("{} KB, {}", f.heap_growth / 1'024, f.buffer_growth),
                  f.holds() ? "withstood" : "not withstood"});
  report.figure({{"figure", "floods"},
                 {"flood", name},
                 {"packets_per_second", json_of(f.rate)},
                 {"cycles_a_forgery", json_of(f.forgery)},
                 {"cycles_alone", json_of(f.alone)},
                 {"cycles_beside", json_of(f.beside)},
                 {"ratio", json_of(f.ratio)},
                 {"newcomers", f.newcomers},
                 {"welcomed", f.welcomed},
                 {"broken", f.broken},
                 {"heap_growth_bytes", f.heap_growth},
                 {"buffer_growth", f.buffer_growth},
                 {"withstood", f.holds()}});
}

}  // namespace

Result<void> run_floods(BenchContext& context) {
  Report& report = context.report;
  report.begin_table(fmt::format("1 M forged packets a second; {} connections ask, 64 B",
                                 context.options.connections),
                     {{"flood", -14},
                      {"a second", 10},
                      {"cycles each", 11},
                      {"alone", 7},
                      {"beside", 7},
                      {"ratio", 6},
                      {"newcomers", 16},
                      {"growth (heap, buffers)", 22},
                      {"", -14}});
  std::vector<std::optional<sim::FloodKind>> kinds(sim::kAllFloods.begin(), sim::kAllFloods.end());
  kinds.emplace_back(std::nullopt);
  Steps steps(report, kinds.size());
  std::uint32_t withstood = 0;
  double worst = 0;
  for (const auto& kind : kinds) {
    FloodFigures figures;
    for (std::uint32_t round = 0; round < context.rounds(); ++round) {
      FloodOptions options;
      options.kind = kind;
      options.connections = context.options.connections;
      options.measured = context.measured();
      options.seed = round + 1;
      ZS_TRY_ASSIGN(const auto result, run_flood(options, context.why));
      figures.add(result);
    }
    report_flood(report, kind ? std::string(sim::name_of(*kind)) : "tiny segments", figures);
    withstood += figures.holds() ? 1 : 0;
    worst = std::max(worst, figures.ratio.median());
    steps.done();
  }
  report.summary("floods_withstood", withstood);
  report.summary("floods_worst_ratio", worst);
  report.note(
      "cycles of the victim: for a forged packet, its answer included; for an honest packet, from "
      "on_burst() to its answer, without the flood and beside it. Newcomers open a connection and "
      "ask once, one after the other.");
  return {};
}

}  // namespace zs::bench
