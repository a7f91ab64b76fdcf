#pragma once

#include <string>
#include <string_view>

#include "load_plan.hpp"
#include "load_result.hpp"

namespace zs::apps {

/// What was measured, for people: lines of text.
std::string text_report(const LoadPlan& plan, std::string_view transport, const LoadResult& result);

/// The same for machines: the JSON object of docs/load.md.
std::string json_report(const LoadPlan& plan, std::string_view transport, const LoadResult& result);

/// Why this was no success, as a sentence for the user; empty if it was one.
std::string trouble_of(const LoadPlan& plan, const LoadResult& result);

}  // namespace zs::apps
