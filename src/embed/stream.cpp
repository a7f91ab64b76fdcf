#include <span>
#include <utility>

#include "embed/data_access.hpp"
#include "embed/server.hpp"

namespace zs {

void Stream::send(Data data) {
  if (state_.is_closing) return;
  state_.waiting.append(std::move(Data::Access::chain(data)));
}

void Stream::send(std::string_view bytes) {
  if (state_.is_closing || bytes.empty()) return;
  auto copy = buf::Chain::copy_of(std::as_bytes(std::span{bytes}), *state_.pools.data);
  if (!copy) {
    state_.has_failed = true;  // a hole in the stream would be worse than its end
    return;
  }
  state_.waiting.append(*std::move(copy));
}

void Stream::close() { state_.is_closing = true; }

const std::string& Stream::peer() const { return state_.peer; }

}  // namespace zs
