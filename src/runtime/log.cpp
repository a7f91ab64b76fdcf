#include "runtime/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace zs::runtime {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

void start_log(LogLevel level) {
  auto logger = spdlog::get("zstack");
  if (logger == nullptr) logger = spdlog::stderr_color_mt("zstack");
  logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_dpdk_line(std::string_view line) {
  // DPDK's stream carries no level; drivers say ERR-like words when they mean it.
  const bool is_error = line.find("rror") != std::string_view::npos ||
                        line.find("annot") != std::string_view::npos ||
                        line.find("ailed") != std::string_view::npos;
  spdlog::log(is_error ? spdlog::level::warn : spdlog::level::debug, "dpdk: {}", line);
}

}  // namespace zs::runtime
