// A chat room: what one says, all the others hear. It is in memory once, however many they are.
#include <list>
#include <memory>
#include <zstack/co.hpp>

using zs::co::Buffer;
using zs::co::Stream;
using zs::co::Task;

namespace {

/// Of one shard: who is connected to another one is in another room.
struct Room {
  std::list<std::shared_ptr<Stream>> members;  // shared: words may be on their way to who leaves
};

Task<> deliver(std::shared_ptr<Stream> to, Buffer words) {
  // Who does not listen misses something: one write at a time waits, and a second is refused.
  (void)co_await to->write(std::move(words));
}

Task<> talk(Stream member, Room& room) {
  const auto self = std::make_shared<Stream>(std::move(member));
  const auto place = room.members.insert(room.members.end(), self);
  zs::co::Group heard;
  while (auto words = co_await self->read()) {
    if (words->empty()) break;
    for (const auto& other : room.members) {
      if (other != self) heard.spawn(deliver(other, words->share()));
    }
    co_await heard.join();
  }
  room.members.erase(place);
}

Task<> serve() {
  auto listener = zs::co::Listener::open(7);
  if (!listener) co_return;
  Room room;
  zs::co::Group members;
  while (auto member = co_await listener->accept()) {
    members.spawn(talk(*std::move(member), room));
  }
  members.cancel();
  co_await members.join();
}

}  // namespace

int main(int argc, char** argv) { return zs::co::run(argc, argv, serve); }
