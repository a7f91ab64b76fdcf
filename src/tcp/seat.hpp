#pragma once

namespace zs::tcp {

class Connection;
class Dormant;

/// Where a borrower of a connection looks for it. The engine keeps it true while the connection
/// falls asleep and wakes: one of both is null, and Engine::wake() gives a connection for the
/// other.
struct Seat {
  Connection* connection = nullptr;
  Dormant* dormant = nullptr;
};

}  // namespace zs::tcp
