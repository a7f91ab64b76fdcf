#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "buf/chain.hpp"
#include "buf/mbuf.hpp"
#include "buf/pool.hpp"

namespace zs::tcp::test {

using Bytes = std::vector<std::byte>;

/// Byte `i` of an endless stream; no two near ones are equal by accident.
inline std::byte stream_byte(std::uint64_t i) {
  return static_cast<std::byte>((i * 0x9e3779b97f4a7c15ull) >> 56);
}
inline Bytes stream(std::uint64_t from, std::size_t n) {
  Bytes b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = stream_byte(from + i);
  return b;
}
inline Bytes bytes_of(const buf::Chain& c) {
  Bytes b(c.size());
  c.copy_out(0, b);
  return b;
}
inline Bytes bytes_of(const buf::Mbuf& m) {
  Bytes b(m.length());
  m.copy_out(0, b);
  return b;
}

/// Two pools that must be full again when the test ends.
struct TestPools {
  std::unique_ptr<buf::Pool> data;
  std::unique_ptr<buf::Pool> indirect;

  explicit TestPools(std::uint32_t count = 4096, std::uint16_t data_room = 256)
      : data(*buf::Pool::create({.name = "data", .count = count, .data_room = data_room})),
        indirect(*buf::Pool::create({.name = "indirect", .count = count})) {}
  operator buf::Pools() const { return {data.get(), indirect.get()}; }  // NOLINT: on purpose
  bool all_back() const { return data->in_use() == 0 && indirect->in_use() == 0; }
  buf::Chain chain(const Bytes& bytes) { return *buf::Chain::copy_of(bytes, *data); }
};

}  // namespace zs::tcp::test
