#pragma once

#include <cerrno>
#include <type_traits>
#include <utility>

#include "api/instance.hpp"
#include "base/result.hpp"

namespace zs::api {

/// What a C call returns when it fails.
template <typename R>
constexpr R failure() noexcept {
  if constexpr (std::is_pointer_v<R>) {
    return nullptr;
  } else if constexpr (std::is_signed_v<R>) {
    return R{-1};
  } else {
    return R{0};
  }
}

/// The one place where a Result becomes a value or errno; nothing is thrown across it. `f()` gives
/// a Result<R>, or a Result<void> for 0.
template <typename R, typename F>
R to_c(F&& f) noexcept {
  Errc refusal{};
  try {
    auto result = std::forward<F>(f)();
    if (result) {
      if constexpr (std::is_same_v<decltype(result), Result<void>>) {
        return R{0};
      } else {
        return *std::move(result);
      }
    }
    refusal = result.error();
  } catch (...) {
    refusal = Errc::kNoMemory;  // what the standard library throws when a table cannot grow
  }
  errno = static_cast<int>(refusal);
  return failure<R>();
}

/// A call that acts on this thread's shard: `f(Instance&)` as to_c() has it.
template <typename R, typename F>
R call(F&& f) noexcept {
  return to_c<R>([&]() -> decltype(f(std::declval<Instance&>())) {
    Instance* const here = current();
    if (here == nullptr) return Errc::kPermission;
    if (here->is_in_call) return Errc::kBusy;
    const InCall mark(*here);
    return f(*here);
  });
}

}  // namespace zs::api
