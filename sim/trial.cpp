#include "sim/trial.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "sim/attacker.hpp"
#include "sim/world.hpp"

namespace zs::sim {

namespace {

/// Far more moments than a window has segments.
constexpr std::uint64_t kPatience = 20'000;
constexpr std::uint16_t kPortV4 = 80;
constexpr std::uint16_t kPortV6 = 81;
/// An application tries again when the network was not to be had.
constexpr Duration kConnectRetry = std::chrono::milliseconds{500};
/// After the last stream: TIME-WAIT, orphans, half-open connections of forged SYNs.
constexpr Duration kAftermath = std::chrono::hours{2};

class Trial {
 public:
  Trial(const Scenario& scenario, const TrialWitness& witness);
  Outcome run();

 private:
  struct Live {
    const PlannedConnection* plan;
    Stream* initiator = nullptr;
  };

  void build();
  void begin(Live& live);
  void plan_troubles();
  void plan_strikes(std::size_t host);
  void strike(std::size_t attacker, std::uint32_t left);
  bool was_unreachable(const Live& live) const;
  bool is_over();
  std::string problem_of(const Live& live) const;
  std::string judge(bool over);
  const Stream* acceptor_of(const Live& live) const;

  const Scenario& scenario_;
  World world_;
  std::vector<Host*> hosts_;
  std::vector<std::unique_ptr<Attacker>> attackers_;
  std::vector<Live> live_;
  /// By the server and the client's end of the connection.
  std::map<std::pair<const Host*, std::string>, const PlannedConnection*> expected_;
  std::map<const PlannedConnection*, std::size_t> accepted_at_;
};

Trial::Trial(const Scenario& scenario, const TrialWitness& witness)
    : scenario_(scenario), world_(scenario.seed) {
  build();
  world_.set_patience(kPatience);
  for (std::size_t i = 0; witness && i < hosts_.size(); ++i) {
    hosts_[i]->tap().add_listener(
        [witness, i](Instant now, Heading heading, const rte_mbuf& frame) {
          witness(now, i, heading, frame);
        });
  }
  for (const PlannedConnection& c : scenario.connections) live_.push_back({&c});
  for (Live& live : live_) {
    world_.schedule(live.plan->begins, [this, &live] { begin(live); });
  }
  plan_troubles();
  if (scenario.strikes > 0) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) plan_strikes(i);
  }
}

void Trial::build() {
  for (std::size_t i = 0; i < scenario_.hosts.size(); ++i) {
    hosts_.push_back(&world_.add_host("host " + std::to_string(i + 1), scenario_.hosts[i].config));
  }
  if (scenario_.bottleneck) {
    world_.connect_through(*scenario_.bottleneck);
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const bool left = i < hosts_.size() / 2;
      world_.plug_in(*hosts_[i], left ? Bottleneck::Side::kLeft : Bottleneck::Side::kRight,
                     scenario_.hosts[i].access);
    }
  } else {
    world_.connect(*hosts_[0], *hosts_[1], scenario_.hosts[0].access, scenario_.hosts[1].access,
                   scenario_.copies ? dev::Delivery::kCopies : dev::Delivery::kBuffers);
  }
  for (Host* host : hosts_) {
    host->listen(kPortV4, IpFamily::kV4);
    host->listen(kPortV6, IpFamily::kV6);
    host->plan_accepted([this, host](const Endpoint& peer) {
      const auto it = expected_.find({host, peer.to_string()});
      if (it == expected_.end()) return StreamPlan{};
      accepted_at_[it->second] = host->accepted_count();
      return it->second->acceptor;
    });
  }
}

void Trial::begin(Live& live) {
  const PlannedConnection& plan = *live.plan;
  Host& client = *hosts_[plan.client];
  const bool v4 = plan.family == IpFamily::kV4;
  Stream* const stream = client.try_connect_to(*hosts_[plan.server], v4 ? kPortV4 : kPortV6,
                                               plan.family, plan.initiator);
  if (stream == nullptr) {  // no cable, or no place in the table
    world_.schedule(kConnectRetry, [this, &live] { begin(live); });
    return;
  }
  stream->finish();
  live.initiator = stream;
  const auto local = client.sockets().local_endpoint(stream->fd());
  if (local) expected_[{hosts_[plan.server], local->to_string()}] = &plan;
}

void Trial::plan_troubles() {
  for (const Trouble& t : scenario_.troubles) {
    if (t.kind == Trouble::Kind::kCableOut) {
      world_.schedule(t.begins, [this] { world_.set_cable(dev::Link::kDown); });
      world_.schedule(t.begins + t.lasts, [this] { world_.set_cable(dev::Link::kUp); });
    } else {
      Host* const host = hosts_[t.host];
      world_.schedule(t.begins, [host] { host->pause(); });
      world_.schedule(t.begins + t.lasts, [host] { host->resume(); });
    }
  }
}

void Trial::plan_strikes(std::size_t host) {
  const Forger forger{hosts_[1 - host]->mac(), hosts_[host]->mac()};
  attackers_.push_back(
      std::make_unique<Attacker>(hosts_[host]->tap(), forger, scenario_.seed * 2 + host));
  strike(host, scenario_.strikes);
}

void Trial::strike(std::size_t attacker, std::uint32_t left) {
  if (left == 0) return;
  world_.schedule(scenario_.strike_interval, [this, attacker, left] {
    attackers_[attacker]->strike();
    strike(attacker, left - 1);
  });
}

/// It came to nothing before it began, for reasons that are no failure of TCP's.
bool Trial::was_unreachable(const Live& live) const {
  const Stream& s = *live.initiator;
  if (s.is_open() || acceptor_of(live) != nullptr) return false;
  // A SYN cache of a few entries forgets the oldest for the newest, and then knows nothing of it.
  const bool forgotten = scenario_.profile == Profile::kTiny && s.error() == Errc::kConnReset;
  return s.error() == Errc::kHostUnreachable || forgotten;
}

bool Trial::is_over() {
  for (Live& live : live_) {
    if (live.initiator == nullptr) return false;
    if (!was_unreachable(live)) continue;
    live.initiator = nullptr;
    world_.schedule(kConnectRetry, [this, &live] { begin(live); });
    return false;
  }
  return std::all_of(hosts_.begin(), hosts_.end(),
                     [](const Host* h) { return h->all_closed() && h->connections() == 0; });
}

const Stream* Trial::acceptor_of(const Live& live) const {
  const auto it = accepted_at_.find(live.plan);
  return it == accepted_at_.end() ? nullptr : &hosts_[live.plan->server]->accepted(it->second);
}

/// Nothing, or what was not as planned.
std::string Trial::problem_of(const Live& live) const {
  const PlannedConnection& plan = *live.plan;
  if (plan.may_abort()) return {};
  const Stream* const acceptor = acceptor_of(live);
  if (acceptor == nullptr) {
    return "was never accepted, errno " + std::to_string(static_cast<int>(live.initiator->error()));
  }
  for (const Stream* s : {static_cast<const Stream*>(live.initiator), acceptor}) {
    const char* const who = s == acceptor ? "the acceptor" : "the initiator";
    if (s->error() != Errc{}) {
      return std::string{who} + " failed with errno " +
             std::to_string(static_cast<int>(s->error()));
    }
    const std::uint64_t due = s == acceptor ? plan.initiator.send_bytes : plan.acceptor.send_bytes;
    if (s->received() != due) {
      return std::string{who} + " received " + std::to_string(s->received()) + " bytes of " +
             std::to_string(due);
    }
  }
  return {};
}

std::string Trial::judge(bool over) {
  if (world_.broken()) return *world_.broken();
  if (!over) return "connections do not end";
  for (std::size_t i = 0; i < live_.size(); ++i) {
    const std::string problem = problem_of(live_[i]);
    if (!problem.empty()) return "connection " + std::to_string(i + 1) + ' ' + problem;
  }
  if (!world_.ends_clean(kAftermath)) {
    return world_.broken().value_or("connections or buffers are left");
  }
  return {};
}

Outcome Trial::run() {
  const Instant start = world_.now();
  const bool over = world_.run_until([this] { return is_over(); }, scenario_.limit);
  Outcome outcome;
  outcome.why = judge(over);
  outcome.ok = outcome.why.empty();
  if (!outcome.ok) outcome.why += " (" + world_.replay_hint() + ')';
  for (const Host* host : hosts_) {
    outcome.bytes += host->received_total();
    outcome.segments += host->segments();
  }
  for (const auto& attacker : attackers_) outcome.strikes += attacker->strikes();
  outcome.steps = world_.steps();
  outcome.lasted = world_.now() - start;
  outcome.trace_hash = world_.trace_hash();
  return outcome;
}

}  // namespace

Outcome run_trial(const Scenario& scenario, const TrialWitness& witness) {
  return Trial{scenario, witness}.run();
}

}  // namespace zs::sim
