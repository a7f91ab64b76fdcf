// An echo server: every byte goes back in the buffer in which it came.
#include <iostream>
#include <zstack/zstack.hpp>

int main() {
  zs::Stack stack(
      {.device = "tap:zs0", .addresses = {"10.99.0.2/24"}, .kernel_address = "10.99.0.1/24"});
  stack.listen(7, {.on_data = [](zs::Stream& s, zs::Data data) { s.send(std::move(data)); }});
  if (const auto why = stack.run()) {
    std::cerr << *why << '\n';
    return 1;
  }
}
