#include "sim/crew.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <vector>

namespace zs::sim {

namespace {

/// Silence of a process, in looks of a second, after which its world counts as one without end.
constexpr int kMostSilence = 120;

/// What a member says: that it begins a seed, or how one ended. The text follows.
struct Word {
  std::uint64_t seed = 0;
  bool begins = false;
  bool ok = false;
  std::uint64_t bytes = 0, segments = 0, steps = 0, strikes = 0, trace_hash = 0;
  std::int64_t lasted_ns = 0;
  std::uint32_t text_bytes = 0;
};

void write_all(int fd, const char* data, std::size_t n) {
  while (n > 0) {
    const ssize_t written = write(fd, data, n);
    if (written <= 0) _exit(1);  // nobody listens any more
    data += written;
    n -= static_cast<std::size_t>(written);
  }
}

void say(int fd, const Word& word, const std::string& text) {
  std::string message(sizeof word, '\0');
  std::memcpy(message.data(), &word, sizeof word);
  message += text;
  write_all(fd, message.data(), message.size());
}

bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string fate(int status) {
  if (WIFSIGNALED(status)) return std::string{"died: "} + strsignal(WTERMSIG(status));
  return "its process ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

bool SeedRange::parse(const std::string& text, SeedRange& out) {
  const std::size_t dash = text.find('-');
  const std::string_view all = text;
  if (!parse_number(all.substr(0, dash), out.first)) return false;
  out.last = out.first;
  if (dash != std::string::npos && !parse_number(all.substr(dash + 1), out.last)) return false;
  return out.first <= out.last && out.last != UINT64_MAX;
}

struct Crew::Member {
  std::uint64_t next = 0, last = 0;  ///< its part of the seeds: every so many-th
  pid_t pid = -1;
  int in = -1;
  std::string heard;
  bool busy = false;
  std::uint64_t seed = 0;  ///< that it is busy with
  int silent_looks = 0;
};

void Crew::work(std::uint64_t next, std::uint64_t last, int out) const {
  for (; next <= last; next += members_) {
    say(out, {.seed = next, .begins = true}, {});
    const Outcome o = job_(next);
    say(out,
        {.seed = next,
         .ok = o.ok,
         .bytes = o.bytes,
         .segments = o.segments,
         .steps = o.steps,
         .strikes = o.strikes,
         .trace_hash = o.trace_hash,
         .lasted_ns = o.lasted.count(),
         .text_bytes = static_cast<std::uint32_t>(o.why.size())},
        o.why);
  }
  _exit(0);
}

bool Crew::start(Member& member) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  member.pid = fork();
  if (member.pid == 0) {
    close(ends[0]);
    work(member.next, member.last, ends[1]);
  }
  close(ends[1]);
  if (member.pid < 0) {
    close(ends[0]);
    return false;
  }
  member.in = ends[0];
  member.silent_looks = 0;
  member.heard.clear();
  return true;
}

void Crew::hear(Member& member, const Told& told) {
  char some[4096];
  const ssize_t n = read(member.in, some, sizeof some);
  if (n <= 0) {
    bury(member, told);
    return;
  }
  member.silent_looks = 0;
  member.heard.append(some, static_cast<std::size_t>(n));
  Word word;
  while (member.heard.size() >= sizeof word) {
    std::memcpy(&word, member.heard.data(), sizeof word);
    if (member.heard.size() < sizeof word + word.text_bytes) return;
    const std::string text = member.heard.substr(sizeof word, word.text_bytes);
    member.heard.erase(0, sizeof word + word.text_bytes);
    member.busy = word.begins;
    member.seed = word.seed;
    if (word.begins) continue;
    member.next = word.seed + members_;
    told(word.seed, {.ok = word.ok,
                     .why = text,
                     .bytes = word.bytes,
                     .segments = word.segments,
                     .steps = word.steps,
                     .strikes = word.strikes,
                     .lasted = Duration{word.lasted_ns},
                     .trace_hash = word.trace_hash});
  }
}

/// Its pipe is closed: it is done, or dead in the middle of a seed. Then another takes over.
void Crew::bury(Member& member, const Told& told) {
  close(member.in);
  member.in = -1;
  int status = 0;
  while (waitpid(member.pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!member.busy) return;
  member.busy = false;
  Outcome outcome;
  outcome.why = member.silent_looks > kMostSilence ? "does not come to an end" : fate(status);
  told(member.seed, outcome);
  member.next = member.seed + members_;
  if (member.next <= member.last) start(member);
}

bool Crew::run(const SeedRange& seeds, const Told& told, const Tick& tick) {
  std::vector<Member> all(members_);
  for (std::uint32_t i = 0; i < members_; ++i) {
    all[i].next = seeds.first + i;
    all[i].last = seeds.last;
    if (all[i].next <= seeds.last && !start(all[i])) return false;
  }
  while (true) {
    std::vector<pollfd> waits;
    std::vector<Member*> whose;
    for (Member& m : all) {
      if (m.in < 0) continue;
      waits.push_back({m.in, POLLIN, 0});
      whose.push_back(&m);
    }
    if (waits.empty()) return true;
    const int ready = poll(waits.data(), waits.size(), 1'000);
    if (ready == 0) {
      for (Member* m : whose) {
        if (++m->silent_looks > kMostSilence) kill(m->pid, SIGKILL);
      }
    }
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].revents != 0) hear(*whose[i], told);
    }
    tick();
  }
}

}  // namespace zs::sim
