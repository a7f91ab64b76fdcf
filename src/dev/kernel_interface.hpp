#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.hpp"
#include "base/result.hpp"
#include "dev/unique_fd.hpp"

namespace zs::dev {

/// The least that an IPv4 link carries (RFC 791 §3.2).
inline constexpr std::uint16_t kMinMtu = 68;
/// The largest frame that the kernel was seen to pass whole; beyond, Linux' own GSO limit is near.
inline constexpr std::uint32_t kMaxKernelFrame = 65'226;
/// Receive buffers smaller than this could not hold the headers.
inline constexpr std::uint16_t kMinDataRoom = 256;

/// Tells the user why: stores `sentence` when somebody wants it, and passes `code` on.
Errc refuse(std::string* why, Errc code, std::string sentence);
/// The same with the kernel's reason behind it: "<what>: <strerror>".
Errc refuse_errno(std::string* why, int error, const std::string& what);

/// True for what the kernel accepts as an interface name, '%' excluded.
bool is_interface_name(std::string_view name) noexcept;

/// A locally administered unicast address made from `other`, and never equal to it.
MacAddress derive_mac(const MacAddress& other) noexcept;

/// While it lives, this thread is inside another network namespace.
class NamespaceScope {
 public:
  /// `where`: a name in /run/netns or a path with '/'; empty: stay here.
  static Result<NamespaceScope> enter(const std::string& where, std::string* why);
  NamespaceScope(NamespaceScope&&) noexcept = default;
  NamespaceScope& operator=(NamespaceScope&&) = delete;
  /// Returns; a thread that cannot come back would configure the wrong machine: it ends the
  /// process.
  ~NamespaceScope();

 private:
  explicit NamespaceScope(UniqueFd home) noexcept : home_(std::move(home)) {}
  UniqueFd home_;
};

enum class LinkState : std::uint8_t { kUp, kDown, kGone };

/// An interface of the kernel, by name, in the network namespace of the thread that opened it.
/// Errors are the kernel's errno values.
class KernelInterface {
 public:
  static Result<KernelInterface> open(std::string name) noexcept;

  const std::string& name() const noexcept { return name_; }
  Result<int> index() const noexcept;
  Result<std::uint16_t> mtu() const noexcept;
  Result<MacAddress> mac() const noexcept;
  /// False for loopback, tunnels and whatever else carries no Ethernet frames.
  Result<bool> is_ethernet() const noexcept;
  LinkState link_state() const noexcept;

  Result<void> set_mtu(std::uint16_t mtu) noexcept;
  Result<void> set_mac(const MacAddress& mac) noexcept;
  /// Packets that may wait in the kernel for us.
  Result<void> set_queue_length(int packets) noexcept;
  Result<void> add_address(const IpPrefix& prefix) noexcept;
  Result<void> set_up() noexcept;

 private:
  KernelInterface(UniqueFd control, std::string name) noexcept
      : control_(std::move(control)), name_(std::move(name)) {}
  UniqueFd control_;
  std::string name_;
};

}  // namespace zs::dev
