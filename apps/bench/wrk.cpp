#include "bench/wrk.hpp"

#include <cstdlib>

namespace zs::bench {

Result<double> run_wrk(const NetSpace& space, const WrkOptions& options, std::string& why) {
  using namespace std::chrono_literals;
  ChildOptions child;
  child.command = {"wrk", "-t1", "-c" + std::to_string(options.connections),
                   "-d" + std::to_string(options.seconds) + "s", "http://" + options.address + "/"};
  child.network_namespace = space.fd();
  child.cpus = {options.cpu};
  const Duration patience = std::chrono::seconds{options.seconds} + 20s;
  ZS_TRY_ASSIGN(const std::string output, run_command(child, patience, why));
  constexpr std::string_view kKey = "Requests/sec:";
  const auto at = output.find(kKey);
  // Socket errors are told by wrk as well; a few timeouts make no figure wrong, other answers do.
  if (at == std::string::npos || output.find("Non-2xx") != std::string::npos) {
    why = "wrk says: " + output;
    return Errc::kIo;
  }
  return std::strtod(output.c_str() + at + kKey.size(), nullptr);
}

}  // namespace zs::bench
