#include "tcp/ecn.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;

Ecn::Answer Ecn::on_data(std::uint8_t flags, bool congested) {
  if (!on_) return Answer::kNone;
  const bool before = echoes_;
  if (exact_) {
    // RFC 8257 §3.2: each change of the state is told at once, and CWR changes nothing.
    echoes_ = congested;
    return echoes_ != before ? Answer::kFormerAtOnce : Answer::kNone;
  }
  // RFC 3168 §6.1.3. A segment with CWR may have been marked itself, which is news again.
  if ((flags & flag::kCwr) != 0) echoes_ = false;
  if (congested) echoes_ = true;
  return echoes_ && !before ? Answer::kAtOnce : Answer::kNone;
}

}  // namespace zs::tcp
