// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/sha256.hpp"

namespace osteosome::core {
namespace {

TEST(FormatDouble, anyFiniteBits_readBackToTheSameBits) {
  EXPECT_TRUE(rc::check("parse_double(format_double(x)) is x", [] {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    // rc scales integers with the test size; the multiplication spreads them over all exponents.
    const double x = std::bit_cast<double>(bits * 0x9E3779B97F4A7C15ULL);
    RC_PRE(!std::isnan(x));
    const auto back = parse_double(format_double(x));
    RC_ASSERT(back.has_value());
    RC_ASSERT(std::bit_cast<std::uint64_t>(*back) == std::bit_cast<std::uint64_t>(x));
  }));
}

TEST(FormatDouble, negativeZero_keepsItsSign) { EXPECT_EQ(format_double(-0.0), "-0"); }

TEST(FormatDouble, notANumber_isBlank) { EXPECT_EQ(format_double(std::nan("")), ""); }

TEST(FormatDouble, smallestSubnormal_readsBack) {
  const double x = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(parse_double(format_double(x)), x);
}

TEST(ParseDouble, trailingText_isRefused) { EXPECT_EQ(parse_double("1.5x"), std::nullopt); }
TEST(ParseDouble, surroundingSpace_isRefused) { EXPECT_EQ(parse_double(" 1.5"), std::nullopt); }
TEST(ParseDouble, blank_isRefused) { EXPECT_EQ(parse_double(""), std::nullopt); }
TEST(ParseDouble, leadingPlus_isRead) { EXPECT_EQ(parse_double("+2e3"), 2000.0); }
TEST(ParseDouble, plusAndMinus_isRefused) { EXPECT_EQ(parse_double("+-2"), std::nullopt); }
TEST(ParseDouble, decimalComma_isRefused) { EXPECT_EQ(parse_double("1,5"), std::nullopt); }

TEST(NearMatch, oneSwappedCase_isFound) {
  const std::vector<std::string> known = {"kout_RANKL", "kin_RANKL"};
  EXPECT_EQ(near_match("kout_RANKl", known), "kout_RANKL");
}

TEST(NearMatch, oneMissingLetter_isFound) {
  const std::vector<std::string> known = {"value", "unit", "source"};
  EXPECT_EQ(near_match("surce", known), "source");
}

TEST(NearMatch, severalCandidates_nearestWins) {
  const std::vector<std::string> known = {"denosumob2", "denosumab", "teriparatide"};
  EXPECT_EQ(near_match("denosumob", known), "denosumob2");
}

TEST(NearMatch, unrelatedWord_isNotOffered) {
  const std::vector<std::string> known = {"value", "unit"};
  EXPECT_EQ(near_match("rationale", known), std::nullopt);
}

TEST(NearMatch, overlongWord_isNotOffered) {
  const std::vector<std::string> known = {std::string(70, 'a')};
  EXPECT_EQ(near_match(std::string(70, 'a'), known), std::nullopt);
}

TEST(DidYouMean, nearWord_isOneSentence) {
  const std::vector<std::string> known = {"unit"};
  EXPECT_EQ(did_you_mean("unt", known), "Did you mean 'unit'?");
}

TEST(DidYouMean, noNearWord_isBlank) { EXPECT_EQ(did_you_mean("x", {}), ""); }

TEST(Split, emptyParts_areKept) { EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""})); }

TEST(Trim, onlySpace_isBlank) { EXPECT_EQ(trim(" \t\r\n"), ""); }

TEST(IsIdentifier, leadingDigit_isNone) { EXPECT_FALSE(is_identifier("1a")); }
TEST(IsIdentifier, underscoreAndDigits_isOne) { EXPECT_TRUE(is_identifier("_a1")); }
TEST(IsIdentifier, dotted_isNone) { EXPECT_FALSE(is_identifier("a.b")); }

// The four messages of FIPS 180-4 / NIST's example values for SHA-256.
TEST(Sha256, Pieces_of_any_length_hash_as_the_whole) {
  std::string bytes;
  for (int k = 0; k < 1000; ++k) bytes += static_cast<char>(k * 7 % 256);
  for (const std::size_t piece : {1, 3, 63, 64, 65, 127, 128, 999}) {
    Sha256 hash;
    for (std::size_t at = 0; at < bytes.size(); at += piece) hash.add(std::string_view(bytes).substr(at, piece));
    EXPECT_EQ(hash.hex(), sha256(bytes)) << piece;
  }
}

TEST(Sha256, emptyMessage_knownDigest) { EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); }
TEST(Sha256, abc_knownDigest) { EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); }
TEST(Sha256, twoBlocks_knownDigest) {
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
TEST(Sha256, millionLetters_knownDigest) {
  EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace osteosome::core
