// F-Stack's log.
#include <ff_log.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>

char FF_LOG_FILENAME_PREFIX[64] = "";

namespace {

constexpr std::uint32_t kTypes = FF_LOGTYPE_FIRST_EXT_ID;

/// One a process, as F-Stack's is: threads may write to it at once, which stdio orders.
struct Log {
  std::atomic<std::FILE*> stream{nullptr};  ///< nullptr: stderr
  std::FILE* own = nullptr;                 ///< that ff_log_open_set() has opened
  std::atomic<std::uint32_t> level{FF_LOG_INFO};
  std::array<std::atomic<std::uint32_t>, kTypes> levels;

  Log() {
    for (auto& one : levels) one = FF_LOG_INFO;
  }
};

Log& the_log() {
  static Log log;
  return log;
}

}  // namespace

int ff_log_open_set(void) {
  Log& log = the_log();
  if (FF_LOG_FILENAME_PREFIX[0] == '\0' || log.own != nullptr) return 0;
  const std::string name = std::string(FF_LOG_FILENAME_PREFIX) + std::to_string(getpid()) + ".log";
  log.own = std::fopen(name.c_str(), "ae");
  if (log.own == nullptr) return -1;
  log.stream = log.own;
  return 0;
}

void ff_log_close(void) {
  Log& log = the_log();
  if (log.own == nullptr) return;
  if (log.stream == log.own) log.stream = nullptr;
  std::fclose(log.own);
  log.own = nullptr;
}

int ff_log_reset_stream(void* f) { return ff_openlog_stream(static_cast<FILE*>(f)); }

int ff_openlog_stream(FILE* f) {
  the_log().stream = f;
  return 0;
}

void ff_log_set_global_level(uint32_t level) { the_log().level = level; }

int ff_log_set_level(uint32_t logtype, uint32_t level) {
  if (logtype >= kTypes || level > FF_LOG_MAX) {
    errno = EINVAL;
    return -1;
  }
  the_log().levels[logtype] = level;
  return 0;
}

int ff_vlog(uint32_t level, uint32_t logtype, const char* format, va_list ap) {
  if (logtype >= kTypes || level < FF_LOG_EMERG || level > FF_LOG_MAX || format == nullptr) {
    errno = EINVAL;
    return -1;
  }
  Log& log = the_log();
  if (level > log.level || level > log.levels[logtype]) return 0;
  std::FILE* const stream = log.stream != nullptr ? log.stream.load() : stderr;
  const int written = std::vfprintf(stream, format, ap);
  std::fflush(stream);
  return written;
}

int ff_log(uint32_t level, uint32_t logtype, const char* format, ...) {
  va_list ap;
  va_start(ap, format);
  const int written = ff_vlog(level, logtype, format, ap);
  va_end(ap);
  return written;
}
