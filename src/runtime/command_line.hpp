#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/config_load.hpp"

namespace CLI {
class App;
}

namespace zs::runtime {

/// zstack.toml's options on the command line of a subcommand.
///
/// Must outlive the parsing of the App it was added to.
class CommandLine {
 public:
  /// Adds `--config FILE`, `--route` and one option for every setting.
  void add_to(CLI::App& command, const std::string& config_names = "-c,--config");
  /// After parsing: one of these options was given.
  bool is_given() const;

  /// After parsing: what file and options say together. Without --config the file is
  /// ./zstack.toml, if there is one.
  LoadedConfig load(const Machine& machine) const;

 private:
  std::string file_;
  std::map<std::string, std::vector<std::string>> values_;  ///< by Setting::path
};

}  // namespace zs::runtime
