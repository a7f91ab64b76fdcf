#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config_load.hpp"

namespace zs::runtime {

/// What F-Stack's config.ini and command line say, in our words.
struct FstackConfig {
  std::vector<Override> overrides;
  std::vector<std::string> ignored;    ///< "dpdk.channel": keys without a meaning here, each once
  std::vector<Problem> problems;       ///< nothing may start with any of these
  std::uint32_t first_descriptor = 3;  ///< fd_reserve
  std::uint32_t process_count = 1;
  std::string log_prefix;  ///< fstack_log_file_prefix
  bool is_secondary = false;
};

/// F-Stack's options.
struct FstackOptions {
  std::string file;  ///< empty: config.ini, if there is one
  std::uint32_t process = 0;
  bool is_secondary = false;
  std::vector<Problem> problems;
};

/// -c/--conf, -t/--proc-type, -p/--proc-id among the arguments of a program; the others are its
/// own.
FstackOptions read_fstack_options(std::span<char* const> arguments);

/// Translates `text`, F-Stack's config.ini. `process` picks the core of lcore_mask.
FstackConfig read_fstack_config(const FileText& file, std::uint32_t process);

}  // namespace zs::runtime
