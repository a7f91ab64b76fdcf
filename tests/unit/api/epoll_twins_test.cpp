// The same scenario on Linux' epoll and on ours: every answer must be the same.
#include "unit/api/epoll_twins.hpp"

#include <functional>

namespace zs::api {
namespace {

using namespace test;

constexpr std::uint32_t kIn = EPOLLIN, kOut = EPOLLOUT, kRdHup = EPOLLRDHUP, kEdge = EPOLLET,
                        kOnce = EPOLLONESHOT, kExclusive = 1u << 28;

struct Scenario {
  const char* name;
  std::function<void(Twin&)> play;
};
void PrintTo(const Scenario& s, std::ostream* out) { *out << s.name; }

std::vector<Scenario> beginnings() {
  return {
      {"LevelStaysUntilAllIsRead",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn);
         t.wait('e');
         t.send('c', 10);
         t.wait('e');
         t.receive('s', 4);
         t.wait('e');
         t.receive('s', 100);
         t.wait('e');
         t.receive('s', 100);
       }},
      {"ListenerAndConnecting",
       [](Twin& t) {
         t.listen('l');
         t.set('e');
         t.add('e', 'l', kIn | kOut);
         t.wait('e');
         t.socket('c');
         t.add('e', 'c', kIn | kOut | kRdHup);
         t.wait('e');
         t.connect('c');
         t.wait('e');
         t.accept('l', 's');
         t.wait('e');
       }},
      {"BoundOrFreshIsHungUp",
       [](Twin& t) {
         t.set('e');
         t.socket('c');
         t.add('e', 'c', 0);
         t.wait('e');
         t.modify('e', 'c', kIn);
         t.wait('e');
       }},
      {"RefusedConnection",
       [](Twin& t) {
         t.set('e');
         t.socket('c');
         t.connect_to_nobody('c');
         t.add('e', 'c', kIn | kOut | kRdHup);
         t.wait('e');
         t.take_error('c');
         t.wait('e');
         t.take_error('c');
       }},
  };
}

std::vector<Scenario> ends() {
  return {
      {"PeerFinishes",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn | kOut | kRdHup);
         t.wait('e');
         t.shutdown('c', SHUT_WR);
         t.wait('e');
         t.receive('s', 10);
         t.wait('e');
         t.shutdown('s', SHUT_WR);
         t.wait('e');
       }},
      {"OurOwnShutdown",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn | kOut | kRdHup);
         t.shutdown('s', SHUT_RD);
         t.wait('e');
         t.receive('s', 10);
         t.shutdown('s', SHUT_WR);
         t.wait('e');
       }},
      {"Reset",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn | kOut | kRdHup);
         t.reset('c');
         t.wait('e');
         t.receive('s', 10);
         t.wait('e');
         t.receive('s', 10);
       }},
      {"WakesForErrorsThoughNothingWasAskedFor",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', 0);
         t.wait('e');
         t.send('c', 1);
         t.wait('e');
         t.reset('c');
         t.wait('e');
       }},
      {"NormalDataBitsToo",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLPRI);
         t.send('c', 1);
         t.wait('e');
         t.modify('e', 's', EPOLLRDNORM);
         t.wait('e');
       }},
  };
}

std::vector<Scenario> edges() {
  return {
      {"EdgeTellsOfEachArrivalOnce",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn | kEdge);
         t.wait('e');
         t.send('c', 10);
         t.wait('e');
         t.wait('e');
         t.receive('s', 4);
         t.wait('e');
         t.send('c', 1);
         t.wait('e');
         t.wait('e');
       }},
      {"EdgeTellsAtOnceWhatIsReady",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.send('c', 10);
         t.set('e');
         t.add('e', 's', kIn | kOut | kEdge);
         t.wait('e');
         t.wait('e');
         t.modify('e', 's', kIn | kEdge);
         t.wait('e');
         t.wait('e');
       }},
      {"EdgeReportsAllThatIsTrue",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn | kOut | kRdHup | kEdge);
         t.wait('e');
         t.send('c', 10);
         t.wait('e');
         t.wait('e');
         t.shutdown('c', SHUT_WR);
         t.wait('e');
         t.wait('e');
       }},
  };
}

std::vector<Scenario> more_edges() {
  return {
      {"AcknowledgementsAreNoNews",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 'c', kIn | kOut | kEdge);
         t.wait('e');
         t.send('c', 10);
         t.receive('s', 10);
         t.wait('e');
       }},
      {"EdgeOfAListener",
       [](Twin& t) {
         t.listen('l');
         t.set('e');
         t.add('e', 'l', kIn | kEdge);
         t.socket('c');
         t.connect('c');
         t.wait('e');
         t.wait('e');
         t.socket('d');
         t.connect('d');
         t.wait('e');
         t.wait('e');
       }},
      {"OneShotUntilItIsArmedAgain",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn | kOnce);
         t.send('c', 10);
         t.wait('e');
         t.wait('e');
         t.send('c', 10);
         t.wait('e');
         t.modify('e', 's', kIn | kOnce);
         t.wait('e');
         t.reset('c');
         t.wait('e');
         t.modify('e', 's', kIn | kOnce);
         t.wait('e');
         t.remove('e', 's');
         t.remove('e', 's');
       }},
  };
}

std::vector<Scenario> controls() {
  return {
      {"ErrorsOfControl",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.modify('e', 's', kIn);
         t.remove('e', 's');
         t.add('e', 's', kIn);
         t.add('e', 's', kOut);
         t.control('e', 77, 's', kIn);
         t.add('e', 'e', kIn);
         t.add('s', 'c', kIn);
         t.close('c');
         t.add('e', 'c', kIn);
         t.wait('s');
         t.wait('e', 0);
       }},
      {"Exclusive",
       [](Twin& t) {
         t.listen('l');
         t.set('e');
         t.set('f');
         t.add('e', 'l', kIn | kExclusive);
         t.add('f', 'l', kIn | kExclusive);
         t.modify('e', 'l', kIn | kExclusive);
         t.modify('e', 'l', kIn);
         t.socket('c');
         t.add('e', 'c', kIn | kExclusive | kOnce);
         t.add('e', 'c', kIn | kExclusive | kRdHup);
         t.add('e', 'f', kIn | kExclusive);
         t.connect('c');
         t.wait('e');
         t.wait('f');
       }},
      {"SeveralSetsOfOneSocket",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.set('f');
         t.add('e', 's', kIn);
         t.add('f', 's', kIn | kEdge);
         t.send('c', 1);
         t.wait('e');
         t.wait('f');
         t.wait('e');
         t.wait('f');
         t.close('e');
         t.send('c', 1);
         t.wait('f');
       }},
  };
}

std::vector<Scenario> nested_sets() {
  return {
      {"Nested",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.set('f');
         t.add('e', 's', kIn);
         t.add('f', 'e', kIn);
         t.add('e', 'f', kIn);
         t.wait('f');
         t.send('c', 1);
         t.wait('f');
         t.wait('f');
         t.wait('e');
         t.wait('f');
         t.receive('s', 1);
         t.wait('f');
         t.send('c', 1);
         t.wait('f');
         t.close('e');
         t.wait('f');
       }},
      {"NestedByEdge",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.set('f');
         t.add('e', 's', kIn);
         t.add('f', 'e', kIn | kEdge);
         t.send('c', 1);
         t.wait('f');
         t.wait('f');
         t.send('c', 1);
         t.wait('f');
       }},
  };
}

std::vector<Scenario> endings() {
  return {
      {"ClosedIsForgotten",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn);
         t.send('c', 1);
         t.close('s');
         t.wait('e');
       }},
      {"ADuplicateKeepsTheRegistration",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 's', kIn);
         t.duplicate('s', 'd');
         t.add('e', 'd', kIn | kOut);
         t.send('c', 1);
         t.wait('e');
         t.close('s');
         t.wait('e');
         t.receive('d', 9);
         t.wait('e');
         t.close('d');
         t.wait('e');
       }},
      {"InTurn",
       [](Twin& t) {
         t.pair('l', 'c', 's');
         t.set('e');
         t.add('e', 'c', kOut);
         t.add('e', 's', kOut);
         t.wait('e', 1);
         t.wait('e', 1);
         t.wait('e', 1);
       }},
  };
}

class EpollTwins : public ApiTest, public testing::WithParamInterface<Scenario> {};

TEST_P(EpollTwins, SaysWhatLinuxSays) {
  OurTwin ours(w);
  GetParam().play(ours);
  LinuxTwin theirs(ours.transcript);
  GetParam().play(theirs);
  EXPECT_EQ(ours.transcript, theirs.transcript);
}

const auto kName = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Level, EpollTwins, testing::ValuesIn(beginnings()), kName);
INSTANTIATE_TEST_SUITE_P(Ends, EpollTwins, testing::ValuesIn(ends()), kName);
INSTANTIATE_TEST_SUITE_P(Edge, EpollTwins, testing::ValuesIn(edges()), kName);
INSTANTIATE_TEST_SUITE_P(MoreEdges, EpollTwins, testing::ValuesIn(more_edges()), kName);
INSTANTIATE_TEST_SUITE_P(Controls, EpollTwins, testing::ValuesIn(controls()), kName);
INSTANTIATE_TEST_SUITE_P(Nested, EpollTwins, testing::ValuesIn(nested_sets()), kName);
INSTANTIATE_TEST_SUITE_P(Endings, EpollTwins, testing::ValuesIn(endings()), kName);

}  // namespace
}  // namespace zs::api
