#include "api/instance.hpp"

namespace zs::api {
namespace {

// C calls carry no context: whose shard is meant can only be known by the thread.
thread_local Instance* this_instance = nullptr;

}  // namespace

Instance* current() noexcept { return this_instance; }

Turn::Turn(Instance& instance) noexcept : before_(std::exchange(this_instance, &instance)) {}
Turn::~Turn() { this_instance = before_; }

}  // namespace zs::api
