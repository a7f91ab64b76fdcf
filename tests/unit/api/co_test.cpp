#include <memory>
#include <stdexcept>
#include <zstack/co.hpp>

#include "unit/api/shards.hpp"

namespace zs::co {
namespace {

using namespace api::test;

class CoTest : public ApiTest {
 protected:
  CoTest() { detail::Reactor::current() = &reactor; }
  ~CoTest() override { detail::Reactor::current() = nullptr; }
  /// Lets packets and coroutines go round until `group` has ended, or nothing more happens.
  void play(Group& group, int passes = 200) {
    for (int i = 0; i < passes && group.running() > 0; ++i) turn();
  }
  void turn() {
    w.settle();
    reactor.turn();
  }

  detail::Reactor reactor;
};

Stream stream_of(int fd) { return *Stream::adopt(fd); }

Task<int> number(int n) { co_return n; }
Task<int> sum() { co_return co_await number(1) + co_await number(2); }
Task<int> thrower() {
  throw std::runtime_error("x");
  co_return 0;
}

TEST_F(CoTest, TasksGiveValuesAndExceptions) {
  std::string seen;
  Group group;
  const auto body = [](std::string& out) -> Task<> {
    out += std::to_string(co_await sum());
    try {
      (void)co_await thrower();
    } catch (const std::runtime_error& e) {
      out += e.what();
    }
  };
  group.spawn(body(seen));
  EXPECT_EQ(group.running(), 0u);
  EXPECT_EQ(seen, "3x");
}

Task<> echo(Stream client) {
  while (auto bytes = co_await client.read()) {
    if (bytes->empty() || !co_await client.write(*std::move(bytes))) break;
  }
}
Task<> serve(int& error) {
  auto listener = Listener::open(7);
  Group clients;
  for (;;) {
    auto client = co_await listener->accept();
    if (!client) {
      error = client.error();
      break;
    }
    clients.spawn(echo(*std::move(client)));
  }
  clients.cancel();
  co_await clients.join();
}
Task<> ask(std::string question, std::string& answer) {
  auto stream = co_await Stream::connect(at4(kOurs, 7));
  if (!stream) co_return;
  auto sent = co_await stream->write(question);
  EXPECT_TRUE(sent && *sent == question.size());
  stream->finish();
  while (auto bytes = co_await stream->read()) {
    if (bytes->empty()) break;
    answer += bytes->text();
  }
}

TEST_F(CoTest, AnEchoServerAndItsClients) {
  int error = 0;
  Group servers;
  servers.spawn(serve(error));
  Group clients;
  std::string a;
  std::string b;
  const std::string much = pattern(700'000);
  clients.spawn(ask("short", a));
  clients.spawn(ask(much, b));
  for (int i = 0; i < 2'000 && clients.running() > 0; ++i) turn();
  EXPECT_EQ(clients.running(), 0u);
  EXPECT_EQ(a, "short");
  EXPECT_EQ(b, much);
  servers.cancel();
  play(servers);
  EXPECT_EQ(servers.running(), 0u);
  EXPECT_EQ(error, ECANCELED);
  expect_all_back();
}

Task<> refused(int& error) {
  auto stream = co_await Stream::connect(at4(kOurs, 4'444));
  error = stream ? 0 : stream.error();
}

TEST_F(CoTest, ARefusedConnectionSaysWhy) {
  int error = 0;
  Group group;
  group.spawn(refused(error));
  play(group);
  EXPECT_EQ(error, ECONNREFUSED);
}

Task<Expected<Buffer>> read_one(Stream& stream) { co_return co_await stream.read(); }
Task<> impatient(Stream stream, int& error) {
  auto bytes = co_await with_timeout(std::chrono::milliseconds{1}, read_one(stream));
  error = bytes ? 0 : bytes.error();
}

TEST_F(CoTest, ATimeoutCancelsWhatRunsUnderIt) {
  const auto p = w.connected();
  int error = 0;
  Group group;
  group.spawn(impatient(stream_of(p.server), error));
  while (group.running() > 0) turn();
  EXPECT_EQ(error, ECANCELED);
}

TEST_F(CoTest, WhatComesInTimeIsNotCancelled) {
  const auto p = w.connected();
  int error = -1;
  Group group;
  const auto patient = [](Stream stream, int& out) -> Task<> {
    auto bytes = co_await with_timeout(std::chrono::hours{1}, read_one(stream));
    out = bytes && bytes->text() == "x" ? 0 : 1;
    // The timer has gone: what follows is not under it.
    bytes = co_await stream.read();
    out += bytes ? 0 : 10;
  };
  group.spawn(patient(stream_of(p.server), error));
  ASSERT_EQ(z_send(p.client, "x", 1), 1);
  turn();
  EXPECT_EQ(error, 0);
  ASSERT_EQ(z_send(p.client, "y", 1), 1);
  play(group);
  EXPECT_EQ(error, 0);
}

TEST_F(CoTest, OneReaderAtATime) {
  const auto p = w.connected();
  Stream stream = stream_of(p.server);
  int first = 0;
  int second = 0;
  const auto reader = [](Stream& s, int& error) -> Task<> {
    auto bytes = co_await s.read();
    error = bytes ? 0 : bytes.error();
  };
  Group group;
  group.spawn(reader(stream, first));
  group.spawn(reader(stream, second));
  EXPECT_EQ(second, EBUSY);
  EXPECT_EQ(group.running(), 1u);
  group.cancel();
  play(group);
  EXPECT_EQ(first, ECANCELED);
  // Cancelled is cancelled: the next wait does not begin, though there is something to read.
  ASSERT_EQ(z_send(p.client, "x", 1), 1);
  w.settle();
  first = 0;
  group.spawn(reader(stream, first));
  EXPECT_EQ(group.running(), 0u);
  EXPECT_EQ(first, ECANCELED);
  EXPECT_EQ(read_text(p.server), "x");
}

TEST_F(CoTest, ASecondReaderTakesNothingFromTheFirst) {
  const auto p = w.connected();
  Stream stream = stream_of(p.server);
  std::string words;
  int second = 0;
  const auto reader = [](Stream& s, std::string& text) -> Task<> {
    auto bytes = co_await s.read();
    if (bytes) text = bytes->text();
  };
  const auto thief = [](Stream& s, int& error) -> Task<> {
    auto bytes = co_await s.read();
    error = bytes ? 0 : bytes.error();
  };
  Group group;
  group.spawn(reader(stream, words));
  ASSERT_EQ(z_send(p.client, "x", 1), 1);
  w.settle();  // it has come, and the first does not know yet
  group.spawn(thief(stream, second));
  EXPECT_EQ(second, EBUSY);
  play(group);
  EXPECT_EQ(words, "x");
}

TEST_F(CoTest, ATaskDestroyedWhileItWaitsLeavesNothingBehind) {
  const auto p = w.connected();
  {
    Cancel cancel;
    int error = 0;
    auto task = impatient(stream_of(p.server), error);
    task.handle().promise().cancel = &cancel;
    task.handle().resume();
    cancel.cancel();
  }
  turn();
  ASSERT_EQ(z_send(p.client, "x", 1), 1);
  turn();
}

TEST_F(CoTest, OneBufferForMany) {
  const auto p = w.connected();
  Buffer words = Buffer::copy_of("to all");
  Buffer same = words.share();
  EXPECT_EQ(same.text(), "to all");
  const auto send = [](Stream& s, Buffer bytes) -> Task<> {
    (void)co_await s.write(std::move(bytes));
  };
  Stream a = stream_of(p.server);
  Group group;
  group.spawn(send(a, std::move(words)));
  group.spawn(send(a, std::move(same)));
  play(group);
  w.settle();
  EXPECT_EQ(read_text(p.client), "to allto all");
}

// Once a read has emptied a socket, only an event lets the next one try: nothing may be missed.

TEST_F(CoTest, TheEndIsReadThoughItCameWithTheLastBytes) {
  const auto p = w.connected();
  std::string words;
  const auto reader = [](Stream s, std::string& text) -> Task<> {
    for (;;) {
      auto bytes = co_await s.read();
      if (!bytes || bytes->empty()) break;
      text += bytes->text();
    }
    text += '.';
  };
  Group group;
  group.spawn(reader(stream_of(p.server), words));
  ASSERT_EQ(z_send(p.client, "x", 1), 1);
  ASSERT_EQ(z_shutdown(p.client, SHUT_WR), 0);
  play(group);
  EXPECT_EQ(words, "x.");
}

TEST_F(CoTest, WhatCameWhileNobodyReadIsRead) {
  const auto p = w.connected();
  Stream stream = stream_of(p.server);
  std::string words;
  const auto reader = [](Stream& s, std::size_t most, std::string& text) -> Task<> {
    auto bytes = co_await s.read(most);
    text += bytes ? bytes->text() : std::to_string(bytes.error());
  };
  Group group;
  ASSERT_EQ(z_send(p.client, "abc", 3), 3);
  turn();
  group.spawn(reader(stream, 2, words));  // as much as it asked for: there may be more
  group.spawn(reader(stream, 2, words));  // less than that
  EXPECT_EQ(words, "abc");
  group.spawn(reader(stream, 2, words));
  EXPECT_EQ(group.running(), 1u);
  ASSERT_EQ(z_send(p.client, "de", 2), 2);
  turn();
  EXPECT_EQ(words, "abcde");
  ASSERT_EQ(z_send(p.client, "f", 1), 1);
  turn();
  turn();
  group.spawn(reader(stream, 2, words));
  EXPECT_EQ(words, "abcdef");
  // A reset is an event, and stays there to be read.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(z_setsockopt(p.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  ASSERT_EQ(z_close(p.client), 0);
  turn();
  words.clear();
  group.spawn(reader(stream, 2, words));
  play(group);
  EXPECT_EQ(words, std::to_string(ECONNRESET));
}

TEST_F(CoTest, NothingWrittenIsNoError) {
  const auto p = w.connected();
  Stream stream = stream_of(p.server);
  std::size_t written = 1;
  const auto writer = [](Stream& s, std::size_t& n) -> Task<> {
    auto done = co_await s.write(Buffer());
    if (done) n = *done;
  };
  Group group;
  group.spawn(writer(stream, written));
  EXPECT_EQ(group.running(), 0u);
  EXPECT_EQ(written, 0u);
}

TEST_F(CoTest, ASocketWhoseEventsNobodyHearsFails) {
  std::vector<int> all;
  for (int fd = 0; (fd = z_socket(AF_INET, SOCK_STREAM, 0)) >= 0;) all.push_back(fd);
  detail::Reactor deaf;  // there is no descriptor for its queue
  for (const int fd : all) z_close(fd);
  detail::Reactor::current() = &deaf;
  const auto before = w.table->open_count();
  EXPECT_FALSE(Listener::open(7));
  int error = 0;
  Group group;
  group.spawn(refused(error));
  EXPECT_EQ(group.running(), 0u);
  EXPECT_EQ(error, EBADF);
  EXPECT_EQ(w.table->open_count(), before);
  const auto p = w.connected();
  auto adopted = Stream::adopt(p.server);
  EXPECT_FALSE(adopted);
  EXPECT_EQ(z_shutdown(p.server, SHUT_WR), -1);  // it was closed
  detail::Reactor::current() = &reactor;
}

TEST_F(CoTest, AnEventBeforeTheConnectionStandsConnectsNothing) {
  const int listener = w.listener({kOurs, 7});
  detail::Endpoint endpoint{.fd = z_socket(AF_INET, SOCK_STREAM, 0)};
  detail::Connect connect(&endpoint, at4(kOurs, 7));
  EXPECT_FALSE(connect.attempt());
  EXPECT_FALSE(connect.attempt());
  w.settle();
  EXPECT_TRUE(connect.attempt());
  EXPECT_TRUE(connect.await_resume());
  z_close(endpoint.fd);
  z_close(listener);
}

TEST_F(CoTest, StreamsOverIPv6ToAListenerAtAnAddress) {
  auto listener = Listener::open(Address::parse("2001:db8::1", 7));
  ASSERT_TRUE(listener);
  std::string words;
  const auto asker = [](Address to, std::string& text) -> Task<> {
    auto stream = co_await Stream::connect(to);
    if (!stream) co_return;
    (void)co_await stream->write("6");
    auto bytes = co_await stream->read();
    if (bytes) text = bytes->text();
  };
  const auto answerer = [](Listener& from) -> Task<> {
    auto client = co_await from.accept();
    if (client) co_await echo(*std::move(client));
  };
  Group group;
  group.spawn(answerer(*listener));
  group.spawn(asker(Address::parse("2001:db8::1", 7), words));
  play(group);
  EXPECT_EQ(words, "6");
}

TEST_F(CoTest, ExpectedIsAValueOrAnError) {
  auto words = std::make_shared<int>(1);
  {
    Expected<std::shared_ptr<int>> a(words);
    Expected<std::shared_ptr<int>> b = a;
    EXPECT_EQ(words.use_count(), 3);
    a = Expected<std::shared_ptr<int>>::failed(ENOMEM);
    EXPECT_FALSE(a);
    EXPECT_EQ(a.error(), ENOMEM);
    EXPECT_EQ(words.use_count(), 2);
    a = std::move(b);
    ASSERT_TRUE(a);
    EXPECT_EQ(**a, 1);
    EXPECT_EQ(a.error(), 0);
  }
  EXPECT_EQ(words.use_count(), 1);
  EXPECT_EQ(Expected<int>::failed(0).error(), EINVAL);
}

TEST_F(CoTest, AddressesAreOfTwoFamilies) {
  EXPECT_EQ(Address::parse("10.0.0.1", 7).family(), AF_INET);
  EXPECT_EQ(Address::parse("::1", 7).family(), AF_INET6);
  EXPECT_EQ(Address::parse("::1", 7).port(), 7);
  EXPECT_EQ(Address::parse("nowhere", 7).family(), AF_UNSPEC);
  sockaddr_in6 v6 = at6(kOurs6, 7);
  EXPECT_EQ(Address(any(v6), sizeof(v6)).family(), AF_INET6);
  EXPECT_EQ(Address(any(v6), sizeof(sockaddr_in)).family(), AF_UNSPEC);
  EXPECT_EQ(Address(nullptr, 0).family(), AF_UNSPEC);
  EXPECT_FALSE(Listener::open(Address()));
}

TEST(TimerHeapTest, GivesTheEarliestWhateverIsTakenOut) {
  constexpr std::size_t kTimers = 200;
  std::vector<detail::TimerNode> nodes;
  for (std::size_t i = 0; i < kTimers; ++i) {
    nodes.emplace_back(Clock::time_point{Clock::duration{(i * 7'919) % 101}});
  }
  detail::TimerHeap heap;
  for (detail::TimerNode& node : nodes) heap.push(node);
  std::vector<Clock::time_point> wanted;
  for (std::size_t i = 0; i < kTimers; ++i) {
    if (i % 3 == 0) {
      heap.remove(nodes[i]);
    } else {
      wanted.push_back(nodes[i].due);
    }
    // In between some are taken from the top, so that the heap has deep places.
    if (i == kTimers / 2) {
      detail::TimerNode& first = *heap.earliest();
      heap.remove(first);
      heap.push(first);
    }
  }
  std::sort(wanted.begin(), wanted.end());
  std::vector<Clock::time_point> found;
  while (detail::TimerNode* const first = heap.earliest()) {
    found.push_back(first->due);
    heap.remove(*first);
  }
  EXPECT_EQ(found, wanted);
}

}  // namespace
}  // namespace zs::co
