#include "api/offer.hpp"

#include <gtest/gtest.h>

#include <array>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class OfferTest : public ApiTest {
 protected:
  Errc refusal(std::span<rte_mbuf* const> chains) {
    const auto shape = check_chains(chains);
    return shape ? Errc{} : shape.error();
  }
};

TEST_F(OfferTest, CountsWhatIsThereWhateverTheHeadSays) {
  const std::array chains{chain_of(pattern(5'000)), chain_of("abc")};
  chains[0]->pkt_len = 1;
  chains[0]->nb_segs = 9;
  const auto shape = check_chains(chains);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->bytes, 5'003u);
  EXPECT_EQ(shape->segments, 4u);
  EXPECT_FALSE(shape->has_empty_segments);
  EXPECT_EQ(chains[0]->pkt_len, 5'000u);
  EXPECT_EQ(chains[0]->nb_segs, 3u);
  for (rte_mbuf* m : chains) z_free(m);
}

TEST_F(OfferTest, RefusesWhatIsNoChain) {
  rte_mbuf* const m = chain_of("abc");
  EXPECT_EQ(refusal(std::array<rte_mbuf*, 1>{nullptr}), Errc::kInvalid);
  EXPECT_EQ(refusal(std::array{m, m}), Errc::kInvalid);
  m->data_len = UINT16_MAX;
  EXPECT_EQ(refusal(std::array{m}), Errc::kInvalid);
  m->data_len = 3;
  m->next = m;  // for ever
  EXPECT_EQ(refusal(std::array{m}), Errc::kMessageSize);
  m->next = nullptr;
  EXPECT_EQ(refusal(std::array{m}), Errc{});
  z_free(m);
}

TEST_F(OfferTest, PartingIsTheWayBackOfJoining) {
  const std::array chains{chain_of("a"), chain_of(pattern(5'000)), chain_of("ccc")};
  ASSERT_TRUE(check_chains(chains));
  buf::Chain all = join(chains);
  EXPECT_EQ(all.size(), 5'004u);
  part(std::move(all), chains);
  EXPECT_EQ(text_of(chains[0]), "a");
  EXPECT_EQ(text_of(chains[1]), pattern(5'000));
  EXPECT_EQ(text_of(chains[2]), "ccc");
  for (rte_mbuf* m : chains) {
    EXPECT_EQ(m->pkt_len, text_of(m).size());
    z_free(m);
  }
  expect_all_back();
}

TEST_F(OfferTest, EmptyBuffersAreLeftOutOfWhatIsSent) {
  rte_mbuf* const m =
      z_concat(z_concat(z_alloc(0), chain_of("ab")), z_concat(z_alloc(0), chain_of("c")));
  const auto refused = offer({&m, 1}, *w.indirect, [](buf::Chain& all) -> Result<void> {
    EXPECT_EQ(all.segments(), 2u);
    return Errc::kAgain;
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(text_of(m), "abc");
  EXPECT_EQ(m->nb_segs, 4u);
  std::string sent;
  const auto taken = offer({&m, 1}, *w.indirect, [&](buf::Chain& all) -> Result<void> {
    sent = Sockets::to_string(all);
    all.clear();
    return {};
  });
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, 3u);
  EXPECT_EQ(sent, "abc");
  expect_all_back();
}

}  // namespace
}  // namespace zs::api
