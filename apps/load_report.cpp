#include "load_report.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

namespace zs::apps {
namespace {

struct Percentile {
  double percent;
  const char* name;
};
constexpr std::array<Percentile, 4> kPercentiles{
    {{50, "p50"}, {90, "p90"}, {99, "p99"}, {99.9, "p99.9"}}};

constexpr const char* name_of(LoadKind kind) {
  switch (kind) {
    case LoadKind::kHttp:
      return "http";
    case LoadKind::kEcho:
      return "echo";
    case LoadKind::kBulkSend:
      return "bulk send";
    case LoadKind::kBulkReceive:
      return "bulk receive";
  }
  return "";
}

double per_second(std::uint64_t n, const LoadResult& r) {
  const double seconds = std::chrono::duration<double>(r.measured).count();
  return seconds > 0 ? static_cast<double>(n) / seconds : 0;
}

/// "1.23 ms": three digits, in the unit that suits them.
std::string latency_text(Duration d) {
  const auto ns = static_cast<double>(d.count());
  const auto [unit, name] = ns < 1e6   ? std::pair{1e3, "us"}
                            : ns < 1e9 ? std::pair{1e6, "ms"}
                                       : std::pair{1e9, "s"};
  const double value = ns / unit;
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, name);
}

std::string bytes_line(const char* what, std::uint64_t bytes, const LoadResult& r) {
  return fmt::format("  {:<12} {:>14} bytes  {:>12.3f} Gbit/s\n", what, bytes,
                     per_second(bytes, r) * 8e-9);
}

std::string count_line(const char* what, std::uint64_t n, const LoadResult& r) {
  return fmt::format("  {:<12} {:>14}        {:>12.1f} /s\n", what, n, per_second(n, r));
}

std::string error_text(const LoadResult& r) {
  std::string text;
  for (std::size_t i = 0; i < kLoadErrors; ++i) {
    if (r.errors[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", r.errors[i], kLoadErrorNames[i]);
  }
  if (r[LoadError::kOther] > 0) {
    text += fmt::format(" ({}{})", std::strerror(static_cast<int>(r.other)),
                        r.other == Errc::kAddrNotAvailable ? ": no local port was free" : "");
  }
  return text.empty() ? "none" : text;
}

std::string latency_lines(const LoadResult& r) {
  std::string text = "  latency      mean " + latency_text(r.latency.mean());
  for (const auto& p : kPercentiles) {
    text += fmt::format(", {} {}", p.name, latency_text(r.latency.percentile(p.percent)));
  }
  return text + ", max " + latency_text(r.latency.max()) + '\n';
}

const char* hint_for(Errc why) {
  switch (static_cast<int>(why)) {
    case ECONNREFUSED:
      return "; is a server listening there?";
    case ENETUNREACH:
      return "; --gateway or --route must say where it is";
    case EADDRNOTAVAIL:
      return "; --address must give an address of its family, and a local port be free";
    case EMFILE:
      return "; raise the limit of open files (ulimit -n) or --descriptors";
    case EHOSTUNREACH:
    case ETIMEDOUT:
      return "; does anything at that address answer?";
    default:
      return "";
  }
}

}  // namespace

std::string text_report(const LoadPlan& plan, std::string_view transport, const LoadResult& r) {
  std::string text = fmt::format("{} {} over {}: {}\n", name_of(plan.kind), plan.target.to_string(),
                                 transport, describe(plan));
  if (!is_bulk(plan.kind)) text += count_line("requests", r.requests, r);
  if (plan.close) text += count_line("connections", r.connections, r);
  if (plan.kind != LoadKind::kBulkReceive) text += bytes_line("sent", r.bytes_sent, r);
  if (plan.kind != LoadKind::kBulkSend) text += bytes_line("received", r.bytes_received, r);
  if (r.latency.count() > 0) text += latency_lines(r);
  if (plan.rate > 0) {
    text +=
        fmt::format("  not on time  {} late by more than 1 ms, {} never sent\n", r.late, r.unsent);
  }
  return text + "  errors       " + error_text(r) + '\n';
}

std::string json_report(const LoadPlan& plan, std::string_view transport, const LoadResult& r) {
  nlohmann::ordered_json latency{{"mean", r.latency.mean().count()}};
  for (const auto& p : kPercentiles) latency[p.name] = r.latency.percentile(p.percent).count();
  latency["max"] = r.latency.max().count();
  nlohmann::ordered_json errors;
  for (std::size_t i = 0; i < kLoadErrors; ++i) {
    errors[std::string(kLoadErrorNames[i])] = r.errors[i];
  }
  const nlohmann::ordered_json report{
      {"target", plan.target.to_string()},
      {"kind", name_of(plan.kind)},
      {"transport", transport},
      {"connections", plan.connections},
      {"rate", plan.rate},
      {"close", plan.close},
      {"seconds", std::chrono::duration<double>(r.measured).count()},
      {"requests", r.requests},
      {"requests_per_second", per_second(r.requests, r)},
      {"connections_made", r.connections},
      {"connections_per_second", per_second(r.connections, r)},
      {"bytes_sent", r.bytes_sent},
      {"bytes_received", r.bytes_received},
      {"sent_bits_per_second", per_second(r.bytes_sent, r) * 8},
      {"received_bits_per_second", per_second(r.bytes_received, r) * 8},
      {"latency_ns", latency},
      {"late", r.late},
      {"unsent", r.unsent},
      {"errors", errors},
  };
  return report.dump(2) + '\n';
}

std::string trouble_of(const LoadPlan& plan, const LoadResult& r) {
  if (r.unreachable) {
    return "cannot connect to " + plan.target.to_string() + ": " +
           std::strerror(static_cast<int>(*r.unreachable)) + hint_for(*r.unreachable);
  }
  if (r.error_count() > 0) return "errors: " + error_text(r);
  const std::uint64_t moved = plan.kind == LoadKind::kBulkSend ? r.bytes_sent : r.bytes_received;
  if (is_bulk(plan.kind) && moved == 0) return "not a byte was moved";
  if (!is_bulk(plan.kind) && r.requests == 0) return "not a request was answered";
  return {};
}

}  // namespace zs::apps
