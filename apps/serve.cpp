#include "serve.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "command.hpp"
#include "protocol.hpp"
#include "runtime/command_line.hpp"
#include "runtime/units.hpp"
#include "stream_server.hpp"

namespace zs::apps {
namespace {

constexpr const char* kServeCommand = "serve";

struct ServeArguments {
  runtime::CommandLine config;
  std::uint16_t port = 80;
  std::string bind = "0.0.0.0";
  std::uint32_t size = 64;
  std::string api = "z";
  bool echo = false;
  bool sink = false;
  std::string source;
  std::string request_timeout = "10s";
  std::string idle_timeout = "60s";
  std::string send_timeout = "30s";
  std::string max_body = "1MiB";
  std::uint32_t max_header = 8'192;
};

constexpr const char* kServeHelp =
    "Serve HTTP/1.1 (or a raw TCP echo) from zstack's own TCP/IP stack.\n\n"
    "Without options it makes a TAP interface, gives the kernel's end 10.99.0.1 and itself\n"
    "10.99.0.2, and answers every GET with 64 bytes. Try: curl http://10.99.0.2/\n"
    "GET /bytes/N answers with N bytes: a text of 59,999 letters, over and over.\n"
    "Stop it with Ctrl-C; twice, if it must be at once.";

void add_options(CLI::App& command, ServeArguments& a) {
  command.add_option("-p,--port", a.port, "TCP port")->check(CLI::Range(1, 65'535));
  command.add_option("--bind", a.bind, "listen on this address only")->type_name("ADDRESS");
  command.add_option("-s,--size", a.size, "bytes of the body that every page has")
      ->check(CLI::Range(0, 1 << 30));
  command.add_option("--api", a.api, "z: sockets pass buffers; copy: they pass bytes")
      ->check(CLI::IsMember({"z", "copy"}));
  auto* echo = command.add_flag("--echo", a.echo, "no HTTP: send back what comes");
  auto* sink = command.add_flag("--sink", a.sink, "no HTTP: throw away what comes");
  auto* source = command.add_option("--source", a.source, "no HTTP: send so many bytes, then FIN")
                     ->type_name("BYTES");
  echo->excludes(sink)->excludes(source);
  sink->excludes(source);
  command.add_option("--request-timeout", a.request_timeout, "patience with half a request");
  command.add_option("--idle-timeout", a.idle_timeout, "patience with an idle connection");
  command.add_option("--send-timeout", a.send_timeout, "patience with a client that does not read");
  command.add_option("--max-body", a.max_body, "largest body of a POST or PUT");
  command.add_option("--max-header", a.max_header, "largest request head in bytes")
      ->check(CLI::Range(256, 1 << 20));
}

/// Fills what the options mean; a sentence for the user if one means nothing.
std::string interpret(const ServeArguments& a, ServerOptions& server, HttpLimits& limits,
                      std::uint64_t& source_bytes) {
  const auto address = IpAddress::parse(a.bind);
  if (!address) return "--bind: found \"" + a.bind + "\", expected an address such as 10.99.0.2";
  server.listen = {*address, a.port};
  server.api = a.api == "copy" ? Api::kCopy : Api::kZeroCopy;
  const auto set_patience = [&](Wait wait, const std::string& text) {
    const auto d = runtime::parse_duration(text);
    if (d) server.patience[static_cast<std::size_t>(wait)] = *d;
    return d.has_value();
  };
  constexpr const char* kExpected = "\", expected a duration such as 10s";
  if (!set_patience(Wait::kRequest, a.request_timeout)) {
    return "--request-timeout: found \"" + a.request_timeout + kExpected;
  }
  if (!set_patience(Wait::kIdle, a.idle_timeout)) {
    return "--idle-timeout: found \"" + a.idle_timeout + kExpected;
  }
  if (!set_patience(Wait::kSend, a.send_timeout)) {
    return "--send-timeout: found \"" + a.send_timeout + kExpected;
  }
  set_patience(Wait::kLinger, "2s");
  const auto max_body = runtime::parse_bytes(a.max_body);
  if (!max_body) return "--max-body: found \"" + a.max_body + "\", expected bytes such as 1MiB";
  limits.body_bytes = *max_body;
  limits.header_bytes = a.max_header;
  if (!a.source.empty()) {
    const auto bytes = runtime::parse_bytes(a.source);
    if (!bytes) return "--source: found \"" + a.source + "\", expected bytes such as 1GiB";
    source_bytes = *bytes;
  }
  return {};
}

int serve(const ServeArguments& a) {
  const auto config = load_or_complain(kServeCommand, a.config);
  if (!config) return kExitUsage;
  ServerOptions server;
  HttpLimits limits;
  std::uint64_t source_bytes = 0;
  if (const auto problem = interpret(a, server, limits, source_bytes); !problem.empty()) {
    return complain(kServeCommand, kExitUsage, problem);
  }
  const auto make_application = [&](runtime::ShardContext& shard) {
    std::unique_ptr<Protocol> protocol;
    if (a.echo) {
      protocol = std::make_unique<EchoProtocol>();
    } else if (a.sink) {
      protocol = std::make_unique<SinkProtocol>();
    } else if (!a.source.empty()) {
      protocol = std::make_unique<SourceProtocol>(source_bytes);
    } else {
      protocol = std::make_unique<HttpProtocol>(limits, a.size);
    }
    return std::make_unique<StreamServer>(shard, server, std::move(protocol));
  };
  return run_or_complain(kServeCommand, *config, make_application);
}

}  // namespace

void add_serve(CLI::App& zstack, Action& action) {
  auto arguments = std::make_shared<ServeArguments>();
  auto* command = zstack.add_subcommand("serve", kServeHelp);
  add_options(*command, *arguments);
  arguments->config.add_to(*command);
  command->callback([arguments, &action] { action = [arguments] { return serve(*arguments); }; });
}

}  // namespace zs::apps
