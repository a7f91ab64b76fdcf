// packet_scripts [--sleepy] PATH...: plays every *.script below the paths; says for each failure
// where, what was expected, what came, and what had happened until then. --sleepy: connections fall
// asleep whenever they may, which must not show.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "packet/runner.hpp"

namespace {

std::vector<std::filesystem::path> scripts_below(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> found;
  for (const auto& item : std::filesystem::recursive_directory_iterator{path}) {
    if (item.path().extension() == ".script") found.push_back(item.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool play(const std::filesystem::path& path, zs::packet::Sleepers sleepers) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    std::printf("%s: cannot be read\n", path.c_str());
    return false;
  }
  const auto parsed = zs::packet::parse_script(path.string(), text.str());
  if (const auto* error = std::get_if<zs::packet::ScriptError>(&parsed)) {
    std::printf("%s:%d: %s\n", path.c_str(), error->line, error->what.c_str());
    return false;
  }
  const auto mismatch = zs::packet::run_script(*std::get_if<zs::packet::Script>(&parsed), sleepers);
  if (!mismatch) return true;
  constexpr std::size_t kMostTrace = 8'000;  // the end is what tells
  const std::string& trace = mismatch->trace;
  std::printf("%s:%d: %s\n--- so far:\n%s\n", path.c_str(), mismatch->line, mismatch->what.c_str(),
              trace.c_str() + (trace.size() > kMostTrace ? trace.size() - kMostTrace : 0));
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  int played = 0;
  int failed = 0;
  auto sleepers = zs::packet::Sleepers::kNone;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view{argv[i]} == "--sleepy") {
      sleepers = zs::packet::Sleepers::kAll;
      continue;
    }
    for (const auto& path : scripts_below(argv[i])) {
      ++played;
      if (!play(path, sleepers)) ++failed;
    }
  }
  std::printf("%d scripts, %d failures\n", played, failed);
  return failed == 0 && played > 0 ? 0 : 1;
}
