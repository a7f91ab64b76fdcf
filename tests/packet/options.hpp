#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "packet/script.hpp"
#include "tcp/connection.hpp"
#include "wire/tcp.hpp"

namespace zs::packet {

/// `option NAME NUMBER` of a script. nullopt when it is done, or what is wrong with it.
std::optional<std::string> set_option(const std::string& name, int value,
                                      tcp::ConnectionOptions& options);

/// The same of a connection, which hears of it.
std::optional<std::string> set_option(const std::string& name, int value,
                                      tcp::Connection& connection, Instant now);

/// Whether a packet has the option of RFC 7413 that was expected.
bool same_cookie(const std::optional<ScriptCookie>& wanted,
                 const std::optional<wire::FastOpenCookie>& got);

std::optional<int> parse_signed(std::string_view text);

}  // namespace zs::packet
