#include "runtime/config_load.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "runtime/config_check.hpp"
#include "runtime/units.hpp"

// The parser of Debian's libtomlplusplus throws; ours, compiled here, answers.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace zs::runtime {
namespace {

/// The network between `zstack` and the kernel when the user names none. An address range that
/// RFC 1918 leaves to everybody and few use.
constexpr std::string_view kTapAddress = "10.99.0.2/24";
constexpr std::string_view kTapKernelAddress = "10.99.0.1/24";

/// Applies values to a configuration and remembers where each key came from, so that a check that
/// fails later can still point at the line.
class Loader {
 public:
  explicit Loader(const Machine& machine) : machine_(machine) {}

  void add_file(const FileText& file);
  void add_override(const Override& option);
  LoadedConfig finish() &&;

 private:
  void add_section(std::string_view section, const toml::table& table);
  void add_routes(const toml::node& node);
  void add_route(const toml::node& node);
  void add_value(const Setting& setting, const Value& value, const std::string& where,
                 const std::string& key);
  void report_unknown(const toml::node& node, const std::string& path,
                      const std::vector<std::string>& candidates);
  void report(std::string where, std::string key, std::string what) {
    loaded_.problems.push_back({std::move(where), std::move(key), std::move(what)});
  }
  std::string where(const toml::node& node) const {
    return file_name_ + ":" + std::to_string(node.source().begin.line);
  }

  const Machine& machine_;
  LoadedConfig loaded_;
  std::string file_name_;
  std::map<std::string, std::string, std::less<>> origins_;
  bool routes_overridden_ = false;
};

Value value_of(const toml::node& node) {
  using Type = Value::Type;
  switch (node.type()) {
    case toml::node_type::string:
      return {Type::kText, node.as_string()->get(), {}};
    case toml::node_type::integer:
      return {Type::kInteger, std::to_string(node.as_integer()->get()), {}};
    case toml::node_type::floating_point: {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "%.17g", node.as_floating_point()->get());
      return {Type::kReal, text.data(), {}};
    }
    case toml::node_type::boolean:
      return {Type::kBoolean, node.as_boolean()->get() ? "true" : "false", {}};
    case toml::node_type::array: {
      Value list{Type::kList, {}, {}};
      for (const auto& item : *node.as_array()) list.items.push_back(value_of(item));
      return list;
    }
    case toml::node_type::table:
      return {Type::kOther, "a table", {}};
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return {Type::kOther, "a date or time", {}};
    case toml::node_type::none:
      break;
  }
  return {Type::kOther, "nothing", {}};
}

std::vector<std::string> section_names() {
  return {"device", "interface", "runtime", "tcp", "fault", "route"};
}

void Loader::add_file(const FileText& file) {
  file_name_ = file.name;
  const toml::parse_result parsed = toml::parse(file.text, file.name);
  if (!parsed) {
    const auto& error = parsed.error();
    report(file.name + ":" + std::to_string(error.source().begin.line), {},
           "not TOML: " + std::string(error.description()));
    return;
  }
  const auto names = section_names();
  for (const auto& [key, node] : parsed.table()) {
    const std::string name(key.str());
    if (name == "route") {
      add_routes(node);
    } else if (std::find(names.begin(), names.end(), name) == names.end()) {
      report_unknown(node, name, names);
    } else if (const toml::table* table = node.as_table()) {
      add_section(name, *table);
    } else {
      report(where(node), name,
             "found " + value_of(node).describe() + ", expected a section [" + name + "]");
    }
  }
}

void Loader::add_section(std::string_view section, const toml::table& table) {
  for (const auto& [key, node] : table) {
    const std::string path = std::string(section) + "." + std::string(key.str());
    const Setting* setting = find_setting(path);
    if (setting == nullptr) {
      std::vector<std::string> all;
      for (const auto& s : settings()) all.push_back(s.path);
      report_unknown(node, path, all);
      continue;
    }
    add_value(*setting, value_of(node), where(node), path);
  }
}

void Loader::report_unknown(const toml::node& node, const std::string& path,
                            const std::vector<std::string>& candidates) {
  std::string what = "unknown key";
  if (const auto near = nearest(path, candidates)) what += "; did you mean " + *near + "?";
  report(where(node), path, std::move(what));
}

void Loader::add_routes(const toml::node& node) {
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    report(where(node), "route",
           "found " + value_of(node).describe() + ", expected [[route]] sections");
    return;
  }
  for (const auto& item : *list) add_route(item);
}

void Loader::add_route(const toml::node& node) {
  const std::string key = "route[" + std::to_string(loaded_.config.routes.size()) + "]";
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    report(where(node), "route",
           "found " + value_of(node).describe() + ", expected a [[route]] section");
    return;
  }
  origins_[key] = where(node);
  RouteConfig route;
  bool has_destination = false;
  for (const auto& [name, item] : *table) {
    const Value value = value_of(item);
    const std::string path = "route." + std::string(name.str());
    const bool is_text = value.type == Value::Type::kText;
    if (name.str() == "destination") {
      has_destination = true;
      const auto prefix = is_text ? IpPrefix::parse(value.text) : std::nullopt;
      if (prefix) {
        route.destination = *prefix;
      } else {
        report(where(item), path,
               "found " + value.describe() + ", expected a network such as \"10.0.0.0/8\"");
      }
    } else if (name.str() == "gateway") {
      route.gateway = is_text ? IpAddress::parse(value.text) : std::nullopt;
      if (!route.gateway) {
        report(where(item), path,
               "found " + value.describe() + ", expected an address such as \"10.77.0.1\"");
      }
    } else {
      report_unknown(item, path, {"route.destination", "route.gateway"});
    }
  }
  if (!has_destination) {
    report(where(node), "route", "no destination; expected one such as \"10.0.0.0/8\"");
  }
  loaded_.config.routes.push_back(route);
}

void Loader::add_value(const Setting& setting, const Value& value, const std::string& where,
                       const std::string& key) {
  const Verdict verdict = setting.apply(loaded_.config, value);
  if (!verdict) {
    origins_[setting.path] = where;
    return;
  }
  const std::string found = verdict->found.empty() ? value.describe() : verdict->found;
  report(where, key, "found " + found + ", expected " + verdict->expected);
}

void Loader::add_override(const Override& option) {
  if (option.path == "route") {
    // Routes of the command line replace the file's, as every other option does.
    if (!routes_overridden_) loaded_.config.routes.clear();
    routes_overridden_ = true;
    const auto route = parse_route(option.value.text);
    if (!route) {
      report("--route", {},
             "found " + option.value.describe() +
                 ", expected a route such as \"10.0.0.0/8 via 10.77.0.1\"");
      return;
    }
    origins_["route[" + std::to_string(loaded_.config.routes.size()) + "]"] = "--route";
    loaded_.config.routes.push_back(*route);
    return;
  }
  const Setting* setting = find_setting(option.path);
  if (setting == nullptr) {
    report(option.path, {}, "unknown key");
    return;
  }
  add_value(*setting, option.value, setting->flag, {});
}

LoadedConfig Loader::finish() && {
  Config& c = loaded_.config;
  // Where nobody said anything there is a private cable between us and the kernel.
  const bool is_tap = c.device.kind == DeviceKind::kTap;
  if (is_tap && c.interface.addresses.empty() && loaded_.problems.empty()) {
    c.interface.addresses.push_back(*IpPrefix::parse(kTapAddress));
    if (!c.interface.kernel_address)
      c.interface.kernel_address = IpPrefix::parse(kTapKernelAddress);
  }
  if (c.runtime.lcores.empty() && !machine_.cpus.empty()) {
    c.runtime.lcores.push_back(machine_.cpus.back());
  }
  // After a value was refused its default stands in for it, and what does not fit the default is
  // no mistake of the user's.
  if (!loaded_.problems.empty()) return std::move(loaded_);
  check_config(c, machine_, [this](std::string_view key, std::string what) {
    const auto origin = origins_.find(key);
    const std::string at = origin == origins_.end() ? std::string{} : origin->second;
    const bool is_flag = at.starts_with("--");
    report(at, is_flag ? std::string{} : std::string(key), std::move(what));
  });
  return std::move(loaded_);
}

}  // namespace

std::string Problem::to_string() const {
  std::string text = where;
  if (!key.empty()) text += (text.empty() ? "" : ": ") + key;
  return text + (text.empty() ? "" : ": ") + what;
}

LoadedConfig load_config(const std::optional<FileText>& file, std::span<const Override> overrides,
                         const Machine& machine) {
  Loader loader(machine);
  if (file) loader.add_file(*file);
  for (const auto& option : overrides) loader.add_override(option);
  return std::move(loader).finish();
}

std::optional<FileText> read_config_file(const std::string& path, Problem& problem) {
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  FileText result{path, {}};
  if (file != nullptr) {
    constexpr std::size_t kMaxFile = 1 << 20;
    std::array<char, 4096> chunk{};
    std::size_t n = 0;
    while ((n = std::fread(chunk.data(), 1, chunk.size(), file.get())) > 0 &&
           result.text.size() <= kMaxFile) {
      result.text.append(chunk.data(), n);
    }
    if (result.text.size() > kMaxFile) {
      problem = {path, {}, "more than 1 MiB; that is no configuration file"};
      return std::nullopt;
    }
    if (std::ferror(file.get()) == 0) return result;
  }
  problem = {path, {}, std::string("cannot read the configuration file: ") + std::strerror(errno)};
  return std::nullopt;
}

Machine this_machine() {
  Machine machine;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) machine.cpus.push_back(cpu);
    }
  }
  if (machine.cpus.empty()) machine.cpus.push_back(0);
  return machine;
}

}  // namespace zs::runtime
