#include "sim/scenario.hpp"
#include "tcp/cc/algorithm.hpp"

namespace zs::sim {

namespace {

std::string ms(Duration d) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  return std::to_string(us / 1'000) + '.' + std::to_string(us % 1'000 / 100) + " ms";
}

std::string share(const char* name, double probability) {
  return probability > 0 ? std::string{", "} + name + ' ' + std::to_string(probability) : "";
}

std::string describe(const LinkSpec& l) {
  return std::to_string(l.bits_per_second / 1'000) + " kbit/s, " + ms(l.one_way_delay) +
         ", queue " + std::to_string(l.queue_bytes) + ", mtu " + std::to_string(l.mtu) +
         share("loss", l.loss) + share("reorder", l.reorder) + share("duplicate", l.duplicate) +
         share("corrupt", l.corrupt) + share("mark", l.mark) +
         (l.mark_queue_bytes > 0 ? ", marks from " + std::to_string(l.mark_queue_bytes) : "") +
         (l.swallow_above > 0 ? ", swallows above " + std::to_string(l.swallow_above) : "") +
         (l.jitter.count() > 0 ? ", jitter " + ms(l.jitter) : "");
}

std::string describe(const PlannedHost& h) {
  const tcp::Config& c = h.config.tcp;
  std::string text{tcp::cc::name_of(c.congestion)};
  if (c.ecn == tcp::EcnMode::kOn) text += ", asks for ecn";
  if (c.ecn == tcp::EcnMode::kOff) text += ", no ecn";
  if (c.pacing) text += ", paces";
  if (c.mtu_probing == tcp::MtuProbing::kBlackHole) text += ", expects black holes";
  if (c.mtu_probing == tcp::MtuProbing::kOn) text += ", probes the path";
  if (c.timestamps) text += ", timestamps";
  if (c.sack) text += ", sack";
  if (c.window_scaling) text += ", wscale";
  text += ", buffers " + std::to_string(c.send_buffer_bytes) + '/' +
          std::to_string(c.receive_buffer_bytes) + ", pool " + std::to_string(h.config.buffers) +
          ", min_rto " + ms(c.min_rto) + ", offloads " +
          std::to_string(static_cast<std::uint32_t>(h.config.offloads));
  if (h.config.driver) text += ", driver holds " + ms(h.config.driver->hold);
  return text + "; " + describe(h.access);
}

std::string describe(const StreamPlan& s) {
  std::string text = std::to_string(s.send_bytes) + " bytes by " + std::to_string(s.chunk_bytes);
  if (s.pause_at != StreamPlan::kNever) {
    text += ", sleeps at " + std::to_string(s.pause_at) + " for " + ms(s.pause);
  }
  if (s.abort_at != StreamPlan::kNever) text += ", aborts at " + std::to_string(s.abort_at);
  if (s.listens_first) text += ", listens first";
  return text;
}

}  // namespace

std::string describe(const Scenario& s) {
  std::string text = std::string{name_of(s.profile)} + " world " + std::to_string(s.seed) + '\n';
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    text += "  host " + std::to_string(i + 1) + ": " + describe(s.hosts[i]) + '\n';
  }
  if (s.bottleneck) text += "  bottleneck: " + describe(*s.bottleneck) + '\n';
  for (const PlannedConnection& c : s.connections) {
    text += "  connection " + std::to_string(c.client + 1) + " > " + std::to_string(c.server + 1) +
            (c.family == IpFamily::kV4 ? " IPv4" : " IPv6") + " at " + ms(c.begins) + ": " +
            describe(c.initiator) + "; back " + describe(c.acceptor) + '\n';
  }
  for (const Trouble& t : s.troubles) {
    text += "  trouble at " + ms(t.begins) + " for " + ms(t.lasts) +
            (t.kind == Trouble::Kind::kCableOut ? ": no cable\n" : ": a host stands still\n");
  }
  if (s.strikes > 0) {
    text +=
        "  " + std::to_string(s.strikes) + " forged frames, one in " + ms(s.strike_interval) + '\n';
  }
  return text;
}

}  // namespace zs::sim
