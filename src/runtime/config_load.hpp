#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config.hpp"
#include "runtime/settings.hpp"

namespace zs::runtime {

/// One thing that is wrong with a configuration, for the user.
struct Problem {
  std::string where;  ///< "zstack.toml:12", "--mtu"; empty: a default or the whole
  std::string key;    ///< "tcp.min_rto"; empty for the command line
  std::string what;   ///< "found \"fast\", expected a duration such as \"200ms\""

  std::string to_string() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// A configuration file that was read.
struct FileText {
  std::string name;
  std::string text;
};

/// An option of the command line: wins over the file.
struct Override {
  std::string path;  ///< of a Setting, or "route"
  Value value;
};

/// What a configuration is checked against.
struct Machine {
  std::vector<unsigned> cpus;  ///< that this process may use
};

struct LoadedConfig {
  Config config;
  std::vector<Problem> problems;  ///< all that were found; the configuration is usable if none
};

/// Defaults, then the file, then the overrides, then the checks that concern several keys.
LoadedConfig load_config(const std::optional<FileText>& file, std::span<const Override> overrides,
                         const Machine& machine);

/// The content of `path`, or a Problem that says why not.
std::optional<FileText> read_config_file(const std::string& path, Problem& problem);

/// The CPUs of this process' affinity mask, ascending.
Machine this_machine();

}  // namespace zs::runtime
