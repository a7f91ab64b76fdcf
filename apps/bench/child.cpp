#include "bench/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <thread>
#include <utility>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatienceWithEnd = 5s;
constexpr Duration kWaitStep = 2ms;
constexpr int kNotFound = 127;

/// The child's side of fork(): system calls only, since the other threads' locks may be held.
[[noreturn]] void become(const std::string& program, char* const* arguments,
                         const ChildOptions& options, const std::array<int, 3>& standard,
                         pid_t parent) {
  if (options.outlives_us) {
    setpgid(0, 0);  // Ctrl-C is not for it
  } else {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(kNotFound);  // it ended before we asked
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.network_namespace >= 0 && setns(options.network_namespace, CLONE_NEWNET) != 0) {
    _exit(kNotFound);
  }
  if (!options.cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const unsigned cpu : options.cpus) CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  for (int i = 0; i < 3; ++i) dup2(standard[static_cast<std::size_t>(i)], i);
  close_range(3, UINT_MAX, 0);
  execv(program.c_str(), arguments);
  _exit(kNotFound);
}

}  // namespace

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string sibling_program(const std::string& name) {
  const std::string path = std::filesystem::path(own_program()).replace_filename(name).string();
  return access(path.c_str(), X_OK) == 0 ? path : std::string{};
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* const all = std::getenv("PATH");
  std::string_view rest = all != nullptr ? all : "/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    std::string path = std::string(rest.substr(0, colon)) + '/' + name;
    if (access(path.c_str(), X_OK) == 0) return path;
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  return {};
}

Result<Child> Child::start(const ChildOptions& options, std::string& why) {
  const std::string program = find_program(options.command.front());
  if (program.empty()) {
    why = options.command.front() + " is not installed";
    return Errc::kNotFound;
  }
  std::vector<std::string> words = options.command;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return static_cast<Errc>(errno);
  const dev::UniqueFd input{ends[0]};
  Child child;
  child.input_ = dev::UniqueFd{ends[1]};
  child.output_ = dev::UniqueFd{memfd_create("output", MFD_CLOEXEC)};
  child.complaints_ = dev::UniqueFd{memfd_create("complaints", MFD_CLOEXEC)};
  const std::array<int, 3> standard{input.get(), child.output_.get(), child.complaints_.get()};
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return static_cast<Errc>(errno);
  if (pid == 0) become(program, arguments.data(), options, standard, parent);
  child.pid_ = pid;
  return child;
}

Child::Child(Child&& o) noexcept { *this = std::move(o); }
Child& Child::operator=(Child&& o) noexcept {
  std::swap(pid_, o.pid_);
  std::swap(exit_code_, o.exit_code_);
  std::swap(input_, o.input_);
  std::swap(output_, o.output_);
  std::swap(complaints_, o.complaints_);
  return *this;
}

bool Child::is_running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  return false;
}

Result<int> Child::wait(Duration patience) {
  const Instant end = runtime::read_clock() + patience;
  while (is_running()) {
    if (runtime::read_clock() > end) return Errc::kTimedOut;
    std::this_thread::sleep_for(kWaitStep);
  }
  return exit_code_;
}

void Child::stop() {
  if (!is_running()) return;
  kill(pid_, SIGTERM);
  if (wait(kPatienceWithEnd)) return;
  kill(pid_, SIGKILL);
  static_cast<void>(wait(kPatienceWithEnd).has_value());
}

std::string Child::read_all(const dev::UniqueFd& file) {
  std::string text;
  std::array<char, 4'096> piece;
  for (ssize_t n = 0;
       (n = pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
  return text;
}

void Child::tell(std::string_view text) const {
  // It may be gone; whoever waits for what it does then will notice.
  struct sigaction ignored {};
  struct sigaction before {};
  ignored.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignored, &before);
  [[maybe_unused]] const ssize_t n = write(input_.get(), text.data(), text.size());
  sigaction(SIGPIPE, &before, nullptr);
}

Duration Child::cpu_time() const {
  clockid_t clock{};
  timespec t{};
  if (pid_ < 0 || clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &t) != 0) {
    return {};
  }
  return std::chrono::seconds{t.tv_sec} + Duration{t.tv_nsec};
}

Result<std::string> run_command(const ChildOptions& options, Duration patience, std::string& why) {
  ZS_TRY_ASSIGN(Child child, Child::start(options, why));
  const auto code = child.wait(patience);
  if (code && *code == 0) return child.output();
  std::string text;
  for (const auto& word : options.command) text += (text.empty() ? "" : " ") + word;
  why = "`" + text + "` " + (code ? "failed: " : "does not end: ") + child.complaints();
  return code ? Errc::kIo : Errc::kTimedOut;
}

}  // namespace zs::bench
