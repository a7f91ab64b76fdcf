#include "runtime/eal.hpp"

#include <dirent.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <mutex>

#include "runtime/log.hpp"

namespace zs::runtime {
namespace {

/// DPDK's log arrives in pieces on a FILE*; this makes lines of them. While EAL starts they are
/// kept, so that a failure can be explained; afterwards they go to our log.
class DpdkLog {
 public:
  static DpdkLog& instance() {
    // DPDK has one log stream a process and keeps it until the very end.
    static DpdkLog log;
    return log;
  }

  void open() {
    if (stream_ != nullptr) return;
    cookie_io_functions_t io{};
    io.write = [](void* self, const char* text, std::size_t size) -> ssize_t {
      static_cast<DpdkLog*>(self)->on_text({text, size});
      return static_cast<ssize_t>(size);
    };
    stream_ = fopencookie(this, "w", io);
    if (stream_ == nullptr) return;
    setvbuf(stream_, nullptr, _IOLBF, 1024);
    rte_openlog_stream(stream_);
  }

  /// The last lines that sound like the reason of a failure.
  std::string explanation() const {
    std::string text;
    for (const auto& line : recent_) text += (text.empty() ? "" : "; ") + line;
    return text;
  }

 private:
  void on_text(std::string_view text) {
    const std::lock_guard lock(mutex_);
    partial_ += text;
    for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
      on_line(std::string_view(partial_).substr(0, end));
      partial_.erase(0, end + 1);
    }
  }
  void on_line(std::string_view line) {
    constexpr std::size_t kKept = 3;
    if (line.empty()) return;
    if (recent_.size() == kKept) recent_.erase(recent_.begin());
    recent_.emplace_back(line);
    log_dpdk_line(line);
  }

  std::FILE* stream_ = nullptr;
  std::mutex mutex_;
  std::string partial_;
  std::vector<std::string> recent_;
};

std::string runtime_directory(const std::string& prefix) {
  // As DPDK chooses it: /var/run for root, else XDG_RUNTIME_DIR or /tmp.
  const char* base = "/var/run";
  if (getuid() != 0) {
    const char* xdg = secure_getenv("XDG_RUNTIME_DIR");
    base = xdg != nullptr ? xdg : "/tmp";
  }
  return std::string(base) + "/dpdk/" + prefix;
}

}  // namespace

Result<std::unique_ptr<Eal>> Eal::start(const EalPlan& plan, std::string& why) {
  DpdkLog::instance().open();
  std::vector<std::string> copies = plan.arguments;
  std::vector<char*> argv;
  argv.reserve(copies.size() + 1);
  for (auto& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::unique_ptr<Eal> eal(new Eal(plan.prefix));
  if (rte_eal_init(static_cast<int>(copies.size()), argv.data()) >= 0) {
    // Nothing is shared, so the directory is empty: without it even SIGKILL leaves nothing behind.
    rmdir(runtime_directory(plan.prefix).c_str());
    return eal;
  }

  const int error = rte_errno;
  why = "DPDK did not start: " + DpdkLog::instance().explanation();
  if (error == EACCES || error == EPERM) why += " (run it as root)";
  if (error == ENOMEM) why += " (lower runtime.memory_mb, or set runtime.hugepages = \"never\")";
  eal->remove_files();
  eal.release();  // nothing was started that rte_eal_cleanup() could end // NOLINT
  return error > 0 ? static_cast<Errc>(error) : Errc::kIo;
}

Eal::~Eal() {
  rte_eal_cleanup();
  remove_files();
}

void Eal::remove_files() const noexcept {
  const std::string path = runtime_directory(prefix_);
  if (DIR* directory = opendir(path.c_str())) {
    while (const dirent* entry = readdir(directory)) {
      if (entry->d_type != DT_DIR) unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
  }
  rmdir(path.c_str());
}

}  // namespace zs::runtime
