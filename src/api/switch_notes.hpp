#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define ZS_NOTES_FOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ZS_NOTES_FOR_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define ZS_NOTES_FOR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZS_NOTES_FOR_TSAN 1
#endif
#endif

#if defined(ZS_NOTES_FOR_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(ZS_NOTES_FOR_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace zs::api {

/// Tells sanitizers whose stack a thread is about to stand on; nothing without them. One a fiber.
class SwitchNotes {
 public:
  /// The stack is [bottom, bottom + bytes).
  SwitchNotes([[maybe_unused]] std::byte* bottom, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(ZS_NOTES_FOR_ASAN)
    bottom_ = bottom;
    bytes_ = bytes;
    // What an earlier stack at this place has left.
    __asan_unpoison_memory_region(bottom, bytes);
    // The only pointers to what a waiting fiber owns may be there.
    __lsan_register_root_region(bottom, bytes);
#endif
#if defined(ZS_NOTES_FOR_TSAN)
    fiber_ = __tsan_create_fiber(0);
#endif
  }
  ~SwitchNotes() {
#if defined(ZS_NOTES_FOR_ASAN)
    __lsan_unregister_root_region(bottom_, bytes_);
    __asan_unpoison_memory_region(bottom_, bytes_);
#endif
#if defined(ZS_NOTES_FOR_TSAN)
    __tsan_destroy_fiber(fiber_);
#endif
  }
  SwitchNotes(const SwitchNotes&) = delete;
  SwitchNotes& operator=(const SwitchNotes&) = delete;

  void before_entering() noexcept {
#if defined(ZS_NOTES_FOR_ASAN)
    __sanitizer_start_switch_fiber(&loop_fake_, bottom_, bytes_);
#endif
#if defined(ZS_NOTES_FOR_TSAN)
    loop_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber_, 0);
#endif
  }
  void on_return() noexcept {
#if defined(ZS_NOTES_FOR_ASAN)
    __sanitizer_finish_switch_fiber(loop_fake_, nullptr, nullptr);
#endif
  }
  void on_entry() noexcept {
#if defined(ZS_NOTES_FOR_ASAN)
    __sanitizer_finish_switch_fiber(fake_, &loop_bottom_, &loop_bytes_);
#endif
  }
  void before_leaving([[maybe_unused]] bool for_ever) noexcept {
#if defined(ZS_NOTES_FOR_ASAN)
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &fake_, loop_bottom_, loop_bytes_);
#endif
#if defined(ZS_NOTES_FOR_TSAN)
    __tsan_switch_to_fiber(loop_, 0);
#endif
  }

#if defined(ZS_NOTES_FOR_ASAN)
 private:
  std::byte* bottom_ = nullptr;
  std::size_t bytes_ = 0;
  void* fake_ = nullptr;
  void* loop_fake_ = nullptr;
  const void* loop_bottom_ = nullptr;
  std::size_t loop_bytes_ = 0;
#endif
#if defined(ZS_NOTES_FOR_TSAN)
 private:
  void* fiber_ = nullptr;
  void* loop_ = nullptr;
#endif
};

}  // namespace zs::api
