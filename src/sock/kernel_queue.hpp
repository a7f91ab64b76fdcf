#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sock/event_queues.hpp"

namespace zs::sock {

/// struct kevent of FreeBSD's kevent(2), and its constants; include/ff_event.h has the same.
struct KernelEvent {
  std::uintptr_t ident = 0;
  std::int16_t filter = 0;
  std::uint16_t flags = 0;
  std::uint32_t fflags = 0;
  std::intptr_t data = 0;
  void* udata = nullptr;
};

namespace kq {
inline constexpr std::int16_t kRead = -1, kWrite = -2, kTimer = -7, kUser = -11;
inline constexpr std::uint16_t kAdd = 0x1, kDelete = 0x2, kEnable = 0x4, kDisable = 0x8,
                               kOneShot = 0x10, kClear = 0x20, kReceipt = 0x40, kDispatch = 0x80,
                               kError = 0x4000, kEof = 0x8000;
inline constexpr std::uint32_t kLowWater = 0x1;
inline constexpr std::uint32_t kSeconds = 0x1, kMilliseconds = 0x2, kMicroseconds = 0x4,
                               kNanoseconds = 0x8, kAbsolute = 0x10;
inline constexpr std::uint32_t kTrigger = 0x0100'0000, kFlagsMask = 0x00ff'ffff,
                               kControlMask = 0xc000'0000, kAnd = 0x4000'0000, kOr = 0x8000'0000,
                               kCopy = 0xc000'0000;
}  // namespace kq

/// A kqueue, with FreeBSD's answers: EVFILT_READ, _WRITE, _TIMER and _USER.
class KernelQueue final : public EventQueue {
 public:
  KernelQueue(EventQueues& all, int number) : EventQueue(all, Kind::kKernelQueue, number) {}
  ~KernelQueue() override;

  /// One entry of a changelist. kInvalid for a filter or value that there is not, kBadFd for no
  /// descriptor, kNotFound for a change of what was not added.
  Result<void> change(const KernelEvent& event);
  /// Events that are pending now, in turn: calls take(KernelEvent) for each, until `most`.
  std::size_t collect_events(std::size_t most, const std::function<void(const KernelEvent&)>& take);

  void forget(Watch& watch) override;
  void on_timer(Watch& watch, Instant now) override;
  unsigned depth() const override;
  bool reaches(const EventQueue& other) const override;

 private:
  using Key = std::pair<std::uintptr_t, std::int16_t>;
  struct Note : Watch {
    KernelEvent asked;  ///< flags without the actions, fflags and data as given last
    bool is_disabled = false;
    bool is_triggered = false;  ///< EVFILT_USER
    Duration period{};          ///< EVFILT_TIMER
    Instant due;                ///< the next expiry
    std::intptr_t expired = 0;  ///< how many there were since the last report
  };

  bool is_ready(const Watch& watch) const override;
  /// Fills in what is reported: false, nothing is pending.
  bool evaluate(const Note& note, KernelEvent& event) const;
  bool evaluate_read(const Note& note, KernelEvent& event) const;
  bool evaluate_write(const Note& note, KernelEvent& event) const;
  Result<Note*> make(const KernelEvent& event);
  Result<void> apply(Note& note, const KernelEvent& event, bool is_new);
  Result<void> start_timer(Note& note);
  static void apply_user_flags(Note& note, std::uint32_t fflags);
  void after_report(Note& note);
  void erase(Note& note);

  std::map<Key, std::unique_ptr<Note>> notes_;
};

}  // namespace zs::sock
