// What connections cost on which nothing happens: memory, and time of the others.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "bench/two_cores.hpp"
#include "sock/socket.hpp"
#include "tcp/connection.hpp"

namespace zs::bench {
namespace {

constexpr std::uint32_t kIdleConnections = 100'000;
constexpr std::uint32_t kIdleBytes = 64;

Result<TwoCoresResult> measure_beside(BenchContext& context, std::uint32_t idle) {
  TwoCoresOptions options;
  options.client = {.connections = context.options.connections,
                    .request_bytes = kIdleBytes,
                    .idle = idle,
                    .ports = 8};
  options.cable.descriptors = 2 * kIdleConnections;
  options.cable.tcp.max_connections = 2 * kIdleConnections;
  options.warm_up = context.warm_up();
  options.measured = context.measured();
  auto result = run_two_cores(options, context.why);
  if (result) context.note_core_share(result->interval.server_cpu());
  return result;
}

}  // namespace

Result<void> run_idle(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Figure alone, beside, bytes;
  Steps steps(context.report, 2 * context.rounds());
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    ZS_TRY_ASSIGN(const auto without, measure_beside(context, 0));
    steps.done();
    ZS_TRY_ASSIGN(const auto with, measure_beside(context, kIdleConnections));
    steps.done();
    alone.add(without.requests_per_second());
    beside.add(with.requests_per_second());
    bytes.add(static_cast<double>(with.opened_bytes) / 2 / kIdleConnections);
  }
  const double ratio = beside.median() / alone.median();
  Report& report = context.report;
  report.begin_table(
      fmt::format("requests a second of {} connections, 64 B", context.options.connections),
      {{"idle connections", 16}, {"requests a second", 32}, {"ratio", 7}});
  report.add_row({"0", with_spread(alone), ""});
  report.add_row(
      {with_commas(kIdleConnections), with_spread(beside), fmt::format("{:.2f}", ratio)});
  report.note(
      fmt::format("memory of one end of an idle connection: {:.0f} bytes of heap, of which {} are "
                  "the connection "
                  "and {} its socket; the rest is in tables. No buffers.",
                  bytes.median(), sizeof(tcp::Connection), sizeof(sock::Socket)));
  report.summary("idle_connection_bytes", bytes.median());
  report.summary("idle_connections_ratio", ratio);
  report.figure({{"figure", "idle"},
                 {"idle", kIdleConnections},
                 {"alone", json_of(alone)},
                 {"beside", json_of(beside)},
                 {"bytes", json_of(bytes)},
                 {"connection_bytes", sizeof(tcp::Connection)},
                 {"socket_bytes", sizeof(sock::Socket)}});
  return {};
}

}  // namespace zs::bench
