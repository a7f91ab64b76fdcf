#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace zs {

/// Bytes of a stream in the stack's own buffers, as the network card delivered them. Move-only:
/// there is one owner, and sending it on hands it over without copying. Belongs to the thread of
/// the handler that it was given to.
class Data {
 public:
  Data() noexcept;
  Data(Data&& other) noexcept;
  Data& operator=(Data&& other) noexcept;
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;
  ~Data();

  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }

  /// Calls f(std::span<const std::byte>) for each contiguous piece in order. The pieces live as
  /// long as this object.
  template <typename F>
  void for_each_piece(F&& f) const {
    for (const void* position = first(); position != nullptr; position = next(position)) {
      f(piece(position));
    }
  }
  /// A copy of all bytes.
  std::string to_string() const;

  /// For the library only.
  struct Access;

 private:
  const void* first() const noexcept;
  static const void* next(const void* position) noexcept;
  static std::span<const std::byte> piece(const void* position) noexcept;

  alignas(8) std::byte storage_[24];
};

}  // namespace zs
