#pragma once

#include <chrono>
#include <utility>

// What is under zstack/co.hpp: which timer is due first. Not for programs.
namespace zs::co {

using Clock = std::chrono::steady_clock;

namespace detail {

/// A place in a TimerHeap.
struct TimerNode {
  explicit TimerNode(Clock::time_point at) noexcept : due(at) {}

  Clock::time_point due;
  TimerNode* child = nullptr;     ///< the first of those that are due later
  TimerNode* sibling = nullptr;   ///< the next one with the same parent
  TimerNode* previous = nullptr;  ///< the one whose child or sibling it is; none: the root
};

/// A pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986): it allocates nothing; adding
/// takes a step, removing a logarithm of how many there are, amortised. Owns none of its nodes.
class TimerHeap {
 public:
  /// nullptr: it is empty.
  TimerNode* earliest() const noexcept { return root_; }
  /// `node` is in no heap.
  void push(TimerNode& node) noexcept {
    node.child = node.sibling = node.previous = nullptr;
    root_ = meld(root_, &node);
  }
  /// `node` is in this heap.
  void remove(TimerNode& node) noexcept {
    TimerNode* const below = pair(std::exchange(node.child, nullptr));
    if (&node == root_) {
      root_ = below;
      return;
    }
    TimerNode*& place =
        node.previous->child == &node ? node.previous->child : node.previous->sibling;
    place = node.sibling;
    if (node.sibling != nullptr) node.sibling->previous = node.previous;
    node.sibling = node.previous = nullptr;
    root_ = meld(root_, below);
  }

 private:
  /// One heap of two roots, either of which may be none.
  static TimerNode* meld(TimerNode* a, TimerNode* b) noexcept {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    if (b->due < a->due) std::swap(a, b);
    b->sibling = a->child;
    if (b->sibling != nullptr) b->sibling->previous = b;
    b->previous = a;
    a->child = b;
    return a;
  }
  /// One heap of siblings: two by two from the first to the last, then all from the last to the
  /// first, which is what the bound rests on.
  static TimerNode* pair(TimerNode* first) noexcept {
    TimerNode* pairs = nullptr;  // the latest first
    while (first != nullptr) {
      TimerNode* const a = first;
      TimerNode* const b = a->sibling;
      first = b != nullptr ? b->sibling : nullptr;
      a->sibling = a->previous = nullptr;
      if (b != nullptr) b->sibling = b->previous = nullptr;
      TimerNode* const both = meld(a, b);
      both->sibling = pairs;
      pairs = both;
    }
    TimerNode* root = nullptr;
    while (pairs != nullptr) {
      TimerNode* const next = std::exchange(pairs->sibling, nullptr);
      root = meld(root, pairs);
      pairs = next;
    }
    if (root != nullptr) root->previous = nullptr;
    return root;
  }

  TimerNode* root_ = nullptr;
};

}  // namespace detail
}  // namespace zs::co
