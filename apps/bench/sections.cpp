#include "bench/sections.hpp"

#include <algorithm>
#include <array>

namespace zs::bench {
namespace {

constexpr std::array kSections = {
    Section{
        .name = "stack",
        .title = "Cycles a request on one core",
        .about = "Client and server take turns on one thread, joined by the in-process cable; the "
                 "server's turn is timed by the TSC in four parts: driver, receive "
                 "(demultiplexing and TCP in), sockets and application, transmit (TCP out). Stack "
                 "and API are the last three.",
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
        .name = "overhead",
        .title = "What the C API and coroutines add to a request",
        .about = "The same echo server four times, in the same turns with the same 50 connections: "
                 "on the stack's own calls, on z_read() and z_write() with epoll, on C++ objects "
                 "that a kqueue calls back, and on the coroutines of zstack/co.hpp, which wait at "
                 "a kqueue as well. The programs are compiled apart from the library.",
        .quick_seconds = 15,
        .full_seconds = 15,
        .run = run_overhead,
    },
    Section{
        .name = "calls",
        .title = "Zero copy against copying",
        .about = "An echo server's stack and its client's on two cores, joined by a cable that "
                 "passes the buffers themselves. The z calls touch no payload; \"every byte "
                 "read\" is an application that looks at all of it; the copying calls move it "
                 "into the application's memory and out of it. memcpy alone is timed between the "
                 "same kinds of buffers: its share of the copying server's busy cycles is the "
                 "limit of what leaving out the copies alone can gain.",
        .paper = "Z-stack achieves about 2x the throughput of F-Stack for 4 KB and 8 KB messages, "
                 "for it does not copy (IV.A).",
        .quick_seconds = 12,
        .full_seconds = 80,
        .run = run_calls,
    },
    Section{
        .name = "cable",
        .title = "Throughput and latency: the paper's Figures 5 to 8",
        .about = "The same two cores and the same cable; the kernel's epoll server and client run "
                 "the same logic over its loopback, on the same two CPUs. Each connection has one "
                 "request in flight. Latency is what the client saw, from sending a request to "
                 "the end of its answer. The servers take turns in every round; medians, with the "
                 "least and the most as bars.",
        .paper = "For 64 B and 1 KB, throughput and latency up to 5x better than the kernel's "
                 "stack and similar to F-Stack's; for 4 KB and 8 KB about 2x F-Stack's throughput "
                 "and around 4x the kernel's (IV.A, Figs. 5-8).",
        .quick_seconds = 30,
        .full_seconds = 600,
        .run = run_cable,
    },
    Section{
        .name = "cpu",
        .title = "CPU against load: the paper's Figure 9",
        .about = "64 B requests come at a fixed rate, whether answers are slow or not; the "
                 "server's thread is asked for its CPU time. First each server's own maximum, "
                 "then shares of it; zstack at the kernel's rates too.",
        .paper = "Up to about 60,000 requests a second the kernel uses 76 % of a core and "
                 "Z-stack, polling, 100 %; at 290,000 the kernel uses 3.4 cores, a third of that "
                 "for interrupts, and Z-stack 100 % (IV.B, Fig. 9).",
        .quick_seconds = 5,
        .full_seconds = 120,
        .run = run_cpu,
    },
    Section{
        .name = "connections",
        .title = "New connections a second",
        .about = "A client on the other core opens connections over the cable and closes them, "
                 "with or without one request of 64 B in between.",
        .quick_seconds = 3,
        .full_seconds = 15,
        .run = run_connections,
    },
    Section{
        .name = "shards",
        .title = "Two shards against one",
        .about =
            "On each core a shard of the server and the client that loads it, in turn on one "
            "thread, "
            "joined by the in-process cable; the same on one core alone. Two shards do twice as "
            "much "
            "unless they share something. Local ports are dealt to the shards, and every packet "
            "passes the runtime's relay, as on a device with several queues: it counts what came "
            "to "
            "the wrong shard.",
        .quick_seconds = 4,
        .full_seconds = 25,
        .run = run_shard_scaling,
    },
    Section{
        .name = "sleep",
        .title = "An idle server, and how late it wakes up",
        .about =
            "zstack serve --echo with one silent connection, over a TAP and over AF_XDP: the CPU "
            "time "
            "of its whole process. Then a blocking client on the kernel's sockets asks with 64 B: "
            "without pauses, with pauses of 2 ms in which the server falls asleep, and the same of "
            "a "
            "server that is told never to sleep. What the last two differ in is added by its "
            "sleep; "
            "the client's own way out of its sleep is in both.",
        .paper = "Z-stack polls: 100 % of a core without any load (IV.B).",
        .quick_seconds = 10,
        .full_seconds = 22,
        .run = run_sleep,
    },
    Section{
        .name = "devices",
        .title = "Devices with the kernel at the other end",
        .about = "wrk on one core asks over HTTP; on the other zstack serve drives a TAP, a veth "
                 "pair by "
                 "AF_PACKET with virtio-net headers, or by DPDK's AF_XDP driver. Beside them a "
                 "plain epoll "
                 "server on the kernel's sockets, behind a veth pair with all its offloads on.",
        .quick_seconds = 14,
        .full_seconds = 330,
        .run = run_devices,
    },
    Section{
        .name = "processes",
        .title = "Two processes that share memory",
        .about =
            "zstack serve on one core and zstack load, an independent stack, on the other, over "
            "DPDK's memif and over vhost and virtio_user, in their default configuration. The body "
            "is of the given size.",
        .quick_seconds = 18,
        .full_seconds = 480,
        .run = run_processes,
    },
    Section{
        .name = "testpmd",
        .title = "One flow between two processes, against testpmd",
        .about = "zstack load --bulk send to zstack serve --sink over one connection, and testpmd "
                 "at both "
                 "ends of the same link: one sends frames of 1514 bytes without end, the other "
                 "counts what "
                 "arrives. zstack's are bytes of payload.",
        .quick_seconds = 12,
        .full_seconds = 90,
        .run = run_testpmd,
    },
    Section{
        .name = "idle",
        .title = "Connections on which nothing happens",
        .about = "100,000 connections are open and silent while the others ask: what they cost in "
                 "memory, and whether the others notice.",
        .quick_seconds = 8,
        .full_seconds = 30,
        .run = run_idle,
    },
    Section{
        .name = "million",
        .title = "A million connections",
        .about = "Both ends of a million connections (--quick: 100,000) in one process, joined by "
                 "the in-process cable, in virtual time. Each is opened, answered once and then "
                 "silent; then two hours pass, without keepalive and with it.",
        .quick_seconds = 10,
        .full_seconds = 60,
        .run = run_million,
    },
    Section{
        .name = "floods",
        .title = "Floods of forged packets",
        .about = "An echo server and its client take turns on one thread, and somebody floods the "
                 "server with a million packets a second of one kind: forged SYNs, fragments, "
                 "resets, acknowledgements, ICMP, ARP, neighbour solicitations, or segments of one "
                 "byte on 64 connections that nobody reads. Withstood is a flood beside which an "
                 "honest packet costs at most 10 % more, every newcomer is served, no connection "
                 "breaks and memory stays flat.",
        .quick_seconds = 12,
        .full_seconds = 120,
        .run = run_floods,
    },
    Section{
        .name = "bulk",
        .title = "One flow",
        .about = "One connection over the cable; the client writes the same 64 KB by reference as "
                 "often as the server's window allows, and the server drops what comes.",
        .quick_seconds = 2,
        .full_seconds = 12,
        .run = run_bulk,
    },
    Section{
        .name = "goodput",
        .title = "Goodput over a path that loses frames",
        .about = "100 Mbit/s and a round trip of 40 ms, of which 0.1 %, 1 % or 3 % of the frames "
                 "are lost at random in either direction, by the project's own bad cable. zstack "
                 "sends to Linux, receives from Linux, and Linux does both; all with CUBIC, at the "
                 "same time, each over a path of its own.",
        .quick_seconds = 25,
        .full_seconds = 160,
        .run = run_goodput,
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
