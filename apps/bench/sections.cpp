#include "bench/sections.hpp"

#include <algorithm>
#include <array>

namespace zs::bench {
namespace {

constexpr std::array kSections = {
    Section{
        .name = "stack",
        .title = "Cycles a request on one core",
        .about =
            "Client and server take turns on one thread, joined by the in-process cable; the "
            "server's turn is timed by the TSC in four parts: driver, receive (demultiplexing and "
            "TCP in), sockets and application, transmit (TCP out). Stack and API are the last "
            "three.",
        .quick_seconds = 5,
        .full_seconds = 40,
        .run = run_stack,
    },
    Section{
        .name = "instructions",
        .title = "Instructions a request, by callgrind",
        .about = "The same turns, counted instead of timed: the figure without noise.",
        .quick_seconds = 15,
        .full_seconds = 15,
        .run = run_instructions,
    },
    Section{
        .name = "calls",
        .title = "Zero copy against copying",
        .about = "An echo server's stack and its client's on two cores, joined by a cable that "
                 "passes the "
                 "buffers themselves. The z calls touch no payload; \"every byte read\" is an "
                 "application "
                 "that looks at all of it; the copying calls move it into the application's memory "
                 "and out "
                 "of it. memcpy alone is timed between the same kinds of buffers: its share of the "
                 "copying "
                 "server's busy cycles is the limit of what zero copy can gain.",
        .paper =
            "Z-stack achieves about 2x the throughput of F-Stack for 4 KB and 8 KB messages, for "
            "it does not copy (IV.A).",
        .quick_seconds = 12,
        .full_seconds = 80,
        .run = run_calls,
    },
    Section{
        .name = "cable",
        .title = "Throughput and latency: the paper's Figures 5 to 8",
        .about =
            "The same two cores and the same cable; the kernel's epoll server and client run the "
            "same "
            "logic over its loopback, on the same two CPUs. Each connection has one request in "
            "flight. Latency is what the client saw, from sending a request to the end of its "
            "answer. "
            "The servers take turns in every round; medians, with the least and the most as bars.",
        .paper =
            "For 64 B and 1 KB, throughput and latency up to 5x better than the kernel's stack and "
            "similar to F-Stack's; for 4 KB and 8 KB about 2x F-Stack's throughput and around 4x "
            "the "
            "kernel's (IV.A, Figs. 5-8).",
        .quick_seconds = 30,
        .full_seconds = 600,
        .run = run_cable,
    },
    Section{
        .name = "cpu",
        .title = "CPU against load: the paper's Figure 9",
        .about = "64 B requests come at a fixed rate, whether answers are slow or not; the "
                 "server's thread "
                 "is asked for its CPU time. First each server's own maximum, then shares of it; "
                 "zstack at "
                 "the kernel's rates too.",
        .paper = "Up to about 60,000 requests a second the kernel uses 76 % of a core and Z-stack, "
                 "polling, "
                 "100 %; at 290,000 the kernel uses 3.4 cores, a third of that for interrupts, and "
                 "Z-stack "
                 "100 % (IV.B, Fig. 9).",
        .quick_seconds = 5,
        .full_seconds = 120,
        .run = run_cpu,
    },
    Section{
        .name = "connections",
        .title = "New connections a second",
        .about =
            "A client on the other core opens connections over the cable and closes them, with or "
            "without one request of 64 B in between.",
        .quick_seconds = 3,
        .full_seconds = 15,
        .run = run_connections,
    },
};

}  // namespace

std::span<const Section> all_sections() { return kSections; }

Result<std::vector<const Section*>> choose_sections(const std::vector<std::string>& only,
                                                    std::string& why) {
  std::vector<const Section*> chosen;
  for (const Section& section : kSections) {
    if (only.empty() || std::count(only.begin(), only.end(), section.name) > 0) {
      chosen.push_back(&section);
    }
  }
  for (const std::string& name : only) {
    const auto is_it = [&](const Section& s) { return s.name == name; };
    if (std::any_of(kSections.begin(), kSections.end(), is_it)) continue;
    why = "--only: there is no section '" + name + "'; there are:";
    for (const Section& section : kSections) why += " " + std::string(section.name);
    return Errc::kNotFound;
  }
  return chosen;
}

}  // namespace zs::bench
