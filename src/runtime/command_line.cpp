#include "runtime/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace zs::runtime {
namespace {

constexpr const char* kDefaultFile = "zstack.toml";

std::string group_of(const Setting& setting) {
  const std::string section = setting.path.substr(0, setting.path.find('.'));
  if (section == "device" || section == "interface") return "Link";
  if (section == "runtime") return "Runtime";
  return section == "tcp" ? "TCP" : "A bad cable on purpose";
}

std::string placeholder(const Setting& setting) { return setting.is_list ? "LIST" : "VALUE"; }

}  // namespace

void CommandLine::add_to(CLI::App& command, const std::string& config_names) {
  command.add_option(config_names, file_, "read options from this file (default: ./zstack.toml)")
      ->type_name("FILE");
  for (const auto& setting : settings()) {
    auto* option = command.add_option(setting.flag, values_[setting.path], setting.help)
                       ->type_name(placeholder(setting))
                       ->group(group_of(setting));
    if (setting.is_list) {
      option->delimiter(',')->take_all();
    } else {
      // One value, the last one given: --mtu 1500 --mtu 9000 is 9000.
      option->expected(1)->take_last();
    }
    if (setting.path == "interface.gateway") {
      command
          .add_option("--route", values_["route"], "\"PREFIX via GATEWAY\", once for each route")
          ->type_name("ROUTE")
          ->group("Link")
          ->allow_extra_args(false);
    }
  }
}

bool CommandLine::is_given() const {
  return !file_.empty() || std::any_of(values_.begin(), values_.end(),
                                       [](const auto& value) { return !value.second.empty(); });
}

LoadedConfig CommandLine::load(const Machine& machine) const {
  std::vector<Override> overrides;
  for (const auto& [path, texts] : values_) {
    if (texts.empty()) continue;
    const Setting* setting = find_setting(path);
    if (setting != nullptr && setting->is_list) {
      Value list{Value::Type::kList, {}, {}};
      for (const auto& text : texts) list.items.push_back({Value::Type::kUntyped, text, {}});
      overrides.push_back({path, std::move(list)});
      continue;
    }
    for (const auto& text : texts) {
      overrides.push_back({path, {Value::Type::kUntyped, text, {}}});
    }
  }
  std::optional<FileText> file;
  const std::string path = !file_.empty() ? file_ : kDefaultFile;
  if (!file_.empty() || ::access(kDefaultFile, F_OK) == 0) {
    Problem problem;
    file = read_config_file(path, problem);
    if (!file) return {{}, {problem}};
  }
  return load_config(file, overrides, machine);
}

}  // namespace zs::runtime
