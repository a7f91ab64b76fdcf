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
  group.spawn(impatient(Stream(p.server), error));
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
  group.spawn(patient(Stream(p.server), error));
  ASSERT_EQ(z_send(p.client, "x", 1), 1);
  turn();
  EXPECT_EQ(error, 0);
  ASSERT_EQ(z_send(p.client, "y", 1), 1);
  play(group);
  EXPECT_EQ(error, 0);
}

TEST_F(CoTest, OneReaderAtATime) {
  const auto p = w.connected();
  Stream stream(p.server);
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
  Stream stream(p.server);
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
    auto task = impatient(Stream(p.server), error);
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
  Stream a(p.server);
  Group group;
  group.spawn(send(a, std::move(words)));
  group.spawn(send(a, std::move(same)));
  play(group);
  w.settle();
  EXPECT_EQ(read_text(p.client), "to allto all");
}

}  // namespace
}  // namespace zs::co
