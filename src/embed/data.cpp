#include <cstring>
#include <memory>
#include <utility>

#include "embed/data_access.hpp"

namespace zs {

static_assert(sizeof(buf::Chain) == sizeof(Data) && alignof(buf::Chain) <= alignof(Data),
              "Data has exactly the room of the chain inside");

Data Data::Access::make(buf::Chain chain) noexcept {
  Data data;
  Access::chain(data) = std::move(chain);
  return data;
}

Data::Data() noexcept { ::new (static_cast<void*>(storage_)) buf::Chain; }

Data::Data(Data&& other) noexcept {
  ::new (static_cast<void*>(storage_)) buf::Chain(std::move(Access::chain(other)));
}

Data& Data::operator=(Data&& other) noexcept {
  Access::chain(*this) = std::move(Access::chain(other));
  return *this;
}

Data::~Data() { std::destroy_at(&Access::chain(*this)); }

std::size_t Data::size() const noexcept { return Access::chain(*this).size(); }

std::string Data::to_string() const {
  std::string text(size(), '\0');
  Access::chain(*this).copy_out(0, std::as_writable_bytes(std::span{text}));
  return text;
}

const void* Data::first() const noexcept { return Access::chain(*this).head(); }

const void* Data::next(const void* position) noexcept {
  return static_cast<const rte_mbuf*>(position)->next;
}

std::span<const std::byte> Data::piece(const void* position) noexcept {
  return buf::bytes(static_cast<const rte_mbuf*>(position));
}

}  // namespace zs
