// zstack-sim: what `zstack sim` runs.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "dev/pcap.hpp"
#include "sim/crew.hpp"
#include "sim/scenario.hpp"
#include "sim/seen_segment.hpp"
#include "sim/trial.hpp"

namespace zs::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr auto kProgressEvery = std::chrono::seconds{10};

struct Arguments {
  std::string seeds = "1-100";
  std::string profile = "lan";
  std::uint32_t jobs = std::max(1u, std::thread::hardware_concurrency());
  bool json = false;
  bool verbose = false;
  std::string pcap;
};

constexpr const char* kHelp =
    "Worlds in virtual time: stacks, applications and bad networks, all drawn from a seed.\n\n"
    "Every stream has to arrive byte for byte, every connection to end, every buffer to come "
    "back,\n"
    "and TCP's invariants hold at each step. A world that fails is named with the command that\n"
    "plays it again: the same seed and profile make the same world, frame by frame.";

void add_options(CLI::App& app, Arguments& a) {
  std::string names;
  for (const auto& [name, profile] : kProfiles)
    names += (names.empty() ? "" : ", ") + std::string{name};
  app.add_option("-s,--seeds", a.seeds, "which worlds: 7 or 1-20000")->type_name("A-B");
  app.add_option("-p,--profile", a.profile, "what kind: " + names)->type_name("NAME");
  app.add_option("-j,--jobs", a.jobs, "processes at a time")->check(CLI::Range(1, 1'024));
  app.add_flag("--json", a.json, "print the figures as JSON");
  app.add_flag("--verbose", a.verbose,
               "tell the world and each frame that its hosts send and hear");
  app.add_option("--pcap", a.pcap, "of one world: write the first host's frames to a pcapng file");
}

std::string replay(const Arguments& a, std::uint64_t seed) {
  return "zstack sim --seeds " + std::to_string(seed) + '-' + std::to_string(seed) + " --profile " +
         a.profile + " --verbose";
}

/// All that is told at the end.
struct Sum {
  std::uint64_t worlds = 0, failures = 0;
  std::uint64_t bytes = 0, segments = 0, strikes = 0;
  double virtual_seconds = 0;
  std::vector<std::uint64_t> failed;

  void add(std::uint64_t seed, const Outcome& o) {
    ++worlds;
    bytes += o.bytes;
    segments += o.segments;
    strikes += o.strikes;
    virtual_seconds += std::chrono::duration<double>(o.lasted).count();
    if (o.ok) return;
    ++failures;
    failed.push_back(seed);
  }
};

/// Of this process and of the crew, which is over.
double cpu_seconds() {
  double sum = 0;
  for (const auto whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(whose, &used);
    for (const timeval& t : {used.ru_utime, used.ru_stime}) {
      sum += static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    }
  }
  return sum;
}

int report(const Arguments& a, const Sum& sum, double seconds) {
  const double rate = static_cast<double>(sum.worlds) / seconds;
  const double per_core = static_cast<double>(sum.worlds) / cpu_seconds();
  if (a.json) {
    const nlohmann::json figures{{"profile", a.profile},
                                 {"seeds", a.seeds},
                                 {"jobs", a.jobs},
                                 {"worlds", sum.worlds},
                                 {"failures", sum.failures},
                                 {"failed_seeds", sum.failed},
                                 {"seconds", seconds},
                                 {"worlds_per_second", rate},
                                 {"worlds_per_cpu_second", per_core},
                                 {"payload_bytes", sum.bytes},
                                 {"segments", sum.segments},
                                 {"forged_frames", sum.strikes},
                                 {"virtual_seconds", sum.virtual_seconds}};
    std::printf("%s\n", figures.dump(2).c_str());
  } else {
    std::printf("%s: %.1f MB in %.2f M segments, %llu forged frames, %.1f h of virtual time\n",
                a.profile.c_str(), static_cast<double>(sum.bytes) / 1e6,
                static_cast<double>(sum.segments) / 1e6,
                static_cast<unsigned long long>(sum.strikes), sum.virtual_seconds / 3600);
    std::printf("%llu worlds, %llu failures in %.1f s: %.0f worlds/s, %.0f a second of CPU\n",
                static_cast<unsigned long long>(sum.worlds),
                static_cast<unsigned long long>(sum.failures), seconds, rate, per_core);
  }
  return sum.failures == 0 ? kExitOk : kExitFailed;
}

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void tell_failure(const Arguments& a, std::uint64_t seed, const Outcome& o) {
  std::FILE* const out = a.json ? stderr : stdout;
  std::fprintf(out, "seed %llu fails: %s; replay: %s\n", static_cast<unsigned long long>(seed),
               o.why.c_str(), replay(a, seed).c_str());
  std::fflush(out);
}

int run_crew(const Arguments& a, Profile profile, const SeedRange& seeds) {
  Sum sum;
  const auto start = Clock::now();
  auto spoken = start;
  Crew crew{[profile](std::uint64_t seed) { return run_trial(draw_scenario(profile, seed)); },
            a.jobs};
  const auto told = [&](std::uint64_t seed, const Outcome& o) {
    sum.add(seed, o);
    if (!o.ok) tell_failure(a, seed, o);
  };
  const auto tick = [&] {
    if (Clock::now() - spoken < kProgressEvery) return;
    spoken = Clock::now();
    std::fprintf(stderr, "%llu of %llu worlds, %llu failures, %.0f worlds/s\n",
                 static_cast<unsigned long long>(sum.worlds),
                 static_cast<unsigned long long>(seeds.count()),
                 static_cast<unsigned long long>(sum.failures),
                 static_cast<double>(sum.worlds) / since(start));
  };
  if (!crew.run(seeds, told, tick)) {
    std::fprintf(stderr, "zstack sim: cannot start processes\n");
    return kExitFailed;
  }
  return report(a, sum, since(start));
}

/// One world in this process, where a debugger finds it.
int run_alone(const Arguments& a, Profile profile, std::uint64_t seed) {
  const Scenario scenario = draw_scenario(profile, seed);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{nullptr, std::fclose};
  if (!a.pcap.empty()) {
    file.reset(std::fopen(a.pcap.c_str(), "wb"));
    if (!file) {
      std::fprintf(stderr, "zstack sim: cannot write %s\n", a.pcap.c_str());
      return kExitFailed;
    }
  }
  dev::FileSink sink{file.get()};
  dev::PcapWriter writer{sink, {.interface_name = "host 1"}};
  bool writes = file && writer.begin().has_value();
  if (a.verbose) std::printf("%s", describe(scenario).c_str());
  const auto start = Clock::now();
  const auto witness = [&](Instant now, std::size_t host, Heading heading, const rte_mbuf& frame) {
    if (a.verbose) {
      constexpr const char* kMarks[] = {"<", ">", "< forged:"};
      std::printf("%12.6f %zu %s %s\n", static_cast<double>(now.ns()) / 1e9 - 1, host + 1,
                  kMarks[static_cast<std::size_t>(heading)], describe_frame(frame).c_str());
    }
    if (writes && host == 0) {
      const bool out = heading == Heading::kOut;
      writes =
          writer
              .write(now, out ? dev::CaptureDirection::kOutbound : dev::CaptureDirection::kInbound,
                     frame)
              .has_value();
    }
  };
  const Outcome outcome = run_trial(scenario, witness);
  Sum sum;
  sum.add(seed, outcome);
  if (!outcome.ok) tell_failure(a, seed, outcome);
  return report(a, sum, since(start));
}

int run(const Arguments& a) {
  const auto wrong = [](const std::string& what) {
    std::fprintf(stderr, "zstack sim: %s\n", what.c_str());
    return kExitUsage;
  };
  SeedRange seeds;
  if (!SeedRange::parse(a.seeds, seeds)) {
    return wrong("--seeds: found \"" + a.seeds + "\", expected a range such as 1-20000");
  }
  const auto profile = profile_named(a.profile);
  if (!profile) return wrong("--profile: \"" + a.profile + "\" is none; --help names them");
  if (seeds.count() == 1 && (a.verbose || !a.pcap.empty())) {
    return run_alone(a, *profile, seeds.first);
  }
  if (!a.pcap.empty()) return wrong("--pcap: is of one world; name one seed");
  return run_crew(a, *profile, seeds);
}

}  // namespace
}  // namespace zs::sim

int main(int argc, char** argv) {
  CLI::App app{zs::sim::kHelp};
  app.name("zstack sim");
  zs::sim::Arguments arguments;
  zs::sim::add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? zs::sim::kExitOk : zs::sim::kExitUsage;
  }
  return zs::sim::run(arguments);
}
