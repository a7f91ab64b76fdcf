#include "load_plan.hpp"

#include <algorithm>
#include <span>

namespace zs::apps {
namespace {

std::string http_request(const LoadPlan& plan) {
  return "GET " + plan.path + " HTTP/1.1\r\nHost: " + plan.target.to_string() +
         "\r\nUser-Agent: zstack\r\n" + (plan.close ? "Connection: close\r\n" : "") + "\r\n";
}

bool is_visible(char c) { return c > ' ' && c <= '~'; }

std::string count_of(std::uint64_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

std::string seconds_of(Duration d) {
  std::string text = std::to_string(std::chrono::duration<double>(d).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + " s";
}

}  // namespace

std::string problem_of(const LoadPlan& plan, std::size_t shards) {
  const auto at_least = [&](const char* option, std::uint64_t found) {
    return std::string(option) + ": found " + std::to_string(found) + ", expected at least " +
           std::to_string(shards) + ", one for each shard of --lcores";
  };
  if (plan.connections < shards) return at_least("--connections", plan.connections);
  if (plan.requests > 0 && plan.requests < shards) return at_least("--requests", plan.requests);
  const bool has_bad_letter = !std::all_of(plan.path.begin(), plan.path.end(), is_visible);
  if (!plan.path.starts_with('/') || has_bad_letter) {
    return "--path: found \"" + plan.path + "\", expected one such as /index.html, without spaces";
  }
  if (http_request(plan).size() > kMaxPattern) return "--path: longer than any server takes";
  if (plan.requests == 0 && plan.duration.count() == 0) {
    return "--duration: found 0, expected how long to measure";
  }
  if (plan.timeout.count() == 0) return "--timeout: found 0, expected a time to wait for answers";
  return {};
}

LoadMessage message_of(const LoadPlan& plan) {
  LoadMessage message;
  if (plan.kind == LoadKind::kHttp) {
    const std::string text = http_request(plan);
    const auto bytes = std::as_bytes(std::span(text));
    message.pattern.assign(bytes.begin(), bytes.end());
    message.bytes = text.size();
    return message;
  }
  if (plan.kind == LoadKind::kBulkReceive) return message;
  message.bytes = plan.kind == LoadKind::kEcho ? plan.echo_bytes : UINT64_MAX;
  message.pattern.resize(std::min<std::uint64_t>(message.bytes, kMaxPattern));
  // Letters in an order that no segment size is a period of: a lost segment shows.
  for (std::size_t i = 0; i < message.pattern.size(); ++i) {
    message.pattern[i] = static_cast<std::byte>('a' + (i * 7 + i / 26 + i / 677) % 26);
  }
  return message;
}

std::uint64_t share_of(std::uint64_t total, std::size_t shard, std::size_t shards) {
  return total / shards + (shard < total % shards ? 1 : 0);
}

std::string describe(const LoadPlan& plan) {
  std::string text = count_of(plan.connections, plan.close ? "new connection" : "connection");
  if (plan.close) text += " at a time";
  if (plan.rate > 0) text += ", " + count_of(plan.rate, "request") + "/s";
  if (plan.requests > 0) return text + ", " + count_of(plan.requests, "request");
  text += ", " + seconds_of(plan.duration);
  return plan.warmup.count() > 0 ? text + " after " + seconds_of(plan.warmup) + " of warm-up"
                                 : text;
}

}  // namespace zs::apps
