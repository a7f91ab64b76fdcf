#include "bench/hugepages.hpp"

#include <fstream>
#include <limits>

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* kNumber = "/proc/sys/vm/nr_hugepages";
constexpr Duration kEndPatience = 10s;

unsigned read_number() {
  unsigned n = 0;
  std::ifstream(kNumber) >> n;
  return n;
}

unsigned free_pages() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  unsigned n = 0;
  while (file >> word) {
    if (word == "HugePages_Free:" && file >> n) return n;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

Result<Hugepages> Hugepages::reserve(unsigned pages, std::string& why) {
  const unsigned before = read_number();
  ChildOptions options;
  // It reads until we say something or are no more.
  options.command = {"sh", "-c", "read line; echo " + std::to_string(before) + " > " + kNumber};
  options.outlives_us = true;
  ZS_TRY_ASSIGN(Child keeper, Child::start(options, why));
  Hugepages reserved(std::move(keeper));
  if (free_pages() < pages) std::ofstream(kNumber) << before + pages << std::flush;
  if (free_pages() >= pages) return reserved;
  why = "it takes " + std::to_string(pages) + " free hugepages, and there are " +
        std::to_string(free_pages());
  return Errc::kNoMemory;
}

Hugepages::~Hugepages() {
  keeper_.tell("\n");
  static_cast<void>(keeper_.wait(kEndPatience).has_value());
}

}  // namespace zs::bench
