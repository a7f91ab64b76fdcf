#pragma once

#include <new>
#include <zstack/data.hpp>

#include "buf/chain.hpp"

namespace zs {

/// The chain inside of a Data: the installed header shows neither its type nor DPDK's.
struct Data::Access {
  static buf::Chain& chain(Data& data) noexcept {
    return *std::launder(reinterpret_cast<buf::Chain*>(data.storage_));
  }
  static const buf::Chain& chain(const Data& data) noexcept {
    return *std::launder(reinterpret_cast<const buf::Chain*>(data.storage_));
  }
  static Data make(buf::Chain chain) noexcept;
};

}  // namespace zs
