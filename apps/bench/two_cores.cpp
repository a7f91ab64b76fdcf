#include "bench/two_cores.hpp"

#include <malloc.h>

#include <thread>

#include "bench/cable_run.hpp"
#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

constexpr Duration kOpeningPatience = std::chrono::seconds{30};

/// Bytes that the process has allocated and not freed.
std::uint64_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double microseconds(Duration d) { return static_cast<double>(d.count()) / 1e3; }

}  // namespace

double Interval::server_cpu() const {
  return seconds > 0 ? static_cast<double>(server.cpu.count()) / 1e9 / seconds : 0;
}

double Interval::server_busy() const {
  if (server.total_cycles == 0) return 0;
  return static_cast<double>(server.busy_cycles) / static_cast<double>(server.total_cycles);
}

double Interval::busy_cycles() const {
  if (count == 0 || seconds <= 0) return 0;
  const double ticks_a_second = static_cast<double>(server.total_cycles) / seconds;
  const double cpu_seconds = server_cpu() * seconds;
  return server_busy() * cpu_seconds * ticks_a_second / static_cast<double>(count);
}

Interval measure_interval(Duration warm_up, Duration measured, const Probe& probe) {
  std::this_thread::sleep_for(warm_up);
  if (probe.switch_latency_meter) probe.switch_latency_meter(true);
  const CoreUse use = probe.server_use();
  const std::uint64_t before = probe.count();
  const Instant began = runtime::read_clock();
  std::this_thread::sleep_for(measured);
  // A machine that did nothing meanwhile (it may stop for 100 ms) gets more time: no rate is zero.
  wait_until([&] { return probe.count() > before; });
  Interval interval;
  interval.count = probe.count() - before;
  interval.seconds = std::chrono::duration<double>(runtime::read_clock() - began).count();
  interval.server = probe.server_use() - use;
  if (probe.switch_latency_meter) probe.switch_latency_meter(false);
  return interval;
}

bool wait_until(const std::function<bool()>& holds) {
  const Instant end = runtime::read_clock() + kOpeningPatience;
  while (!holds()) {
    if (runtime::read_clock() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

void TwoCoresResult::set_latencies(const LatencyMeter& meter) {
  mean_us = microseconds(meter.histogram().mean());
  p50_us = microseconds(meter.histogram().percentile(50));
  p99_us = microseconds(meter.histogram().percentile(99));
}

Result<TwoCoresResult> run_two_cores(const TwoCoresOptions& options, std::string& why) {
  ZS_TRY_ASSIGN(const auto world, CableWorld::create(options.cable, why));
  EchoServer server(*world->server().sockets, options.api, options.client.ports);
  EchoClient client(*world->client().sockets, world->client().pools(), options.client);
  CableRun run(*world, server, client);
  const std::uint64_t heap_before = heap_in_use();
  ZS_TRY(run.start(why));
  const bool all_open = wait_until([&] { return client.are_all_open() || client.broken() > 0; });
  TwoCoresResult result;
  if (all_open) {
    result.opened_bytes = heap_in_use() - heap_before - client.own_bytes();
    result.interval = measure_interval(
        options.warm_up, options.measured,
        {.count = [&] { return client.answered(); },
         .server_use = [&] { return run.server_use(); },
         .switch_latency_meter = [&](bool on) { client.latency().switch_to(on); }});
  }
  run.stop();
  if (!all_open || client.broken() > 0) {
    why = all_open ? "connections of the benchmark broke" : "connections do not open";
    return Errc::kConnReset;
  }
  result.set_latencies(client.latency());
  result.copied_bytes = world->server().copied_bytes();
  return result;
}

}  // namespace zs::bench
