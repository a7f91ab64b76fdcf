#include <memory>
#include <utility>
#include <vector>
#include <zstack/stack.hpp>

#include "embed/server.hpp"
#include "runtime/config_load.hpp"
#include "runtime/log.hpp"
#include "runtime/runtime.hpp"

namespace zs {
namespace {

runtime::Value text(std::string value) {
  return {runtime::Value::Type::kUntyped, std::move(value), {}};
}

std::vector<runtime::Override> overrides_of(const Options& options) {
  std::vector<runtime::Override> all;
  if (!options.device.empty()) all.push_back({"device.name", text(options.device)});
  if (!options.addresses.empty()) {
    runtime::Value list{runtime::Value::Type::kList, {}, {}};
    for (const std::string& address : options.addresses) list.items.push_back(text(address));
    all.push_back({"interface.addresses", std::move(list)});
  }
  if (!options.kernel_address.empty()) {
    all.push_back({"interface.kernel_address", text(options.kernel_address)});
  }
  for (const auto& [key, value] : options.more) all.push_back({key, text(value)});
  return all;
}

}  // namespace

struct Stack::Impl {
  Options options;
  std::vector<embed::Listening> ports;
};

Stack::Stack(Options options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
}

Stack::~Stack() = default;

void Stack::listen(std::uint16_t port, Handlers handlers) {
  impl_->ports.push_back({port, std::move(handlers)});
}

std::optional<std::string> Stack::run() {
  const Options& options = impl_->options;
  std::optional<runtime::FileText> file;
  if (!options.config_file.empty()) {
    runtime::Problem problem;
    file = runtime::read_config_file(options.config_file, problem);
    if (!file) return problem.to_string();
  }
  const runtime::Machine machine = runtime::this_machine();
  const runtime::LoadedConfig loaded = runtime::load_config(file, overrides_of(options), machine);
  if (!loaded.problems.empty()) return loaded.problems.front().to_string();
  runtime::start_log(loaded.config.runtime.log_level);

  // A listener on :: serves IPv4 as well.
  const auto factory = [this](runtime::ShardContext& shard) {
    return std::make_unique<embed::Server>(impl_->ports, shard.sockets, IpFamily::kV6);
  };
  std::string why;
  if (!runtime::run(loaded.config, machine, factory, why)) return why;
  return std::nullopt;
}

}  // namespace zs
