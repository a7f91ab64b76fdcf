#pragma once

#include "base/assert.hpp"

namespace zs {

/// Base of whatever sits in an IntrusiveList<T, Tag>. An object may be on one list per Tag.
template <typename Tag>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { ZS_ASSERT(!is_linked() && "destroyed while on a list"); }
  bool is_linked() const { return next_ != nullptr; }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;
  ListHook* next_ = nullptr;
  ListHook* prev_ = nullptr;
};

/// Doubly linked FIFO of objects it does not own; every operation is O(1) and none allocates.
template <typename T, typename Tag>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  IntrusiveList() { head_.next_ = head_.prev_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) pop_front();
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T& front() {
    ZS_ASSERT(!empty());
    return static_cast<T&>(*head_.next_);
  }
  const T& front() const {
    ZS_ASSERT(!empty());
    return static_cast<const T&>(*head_.next_);
  }
  void push_back(T& item) {
    Hook& h = item;
    ZS_ASSERT(!h.is_linked());
    h.prev_ = head_.prev_;
    h.next_ = &head_;
    head_.prev_->next_ = &h;
    head_.prev_ = &h;
  }
  /// Links `item` unless it is on a list of this Tag already.
  void push_back_once(T& item) {
    if (!static_cast<Hook&>(item).is_linked()) [[likely]] {
      push_back(item);
    }
  }
  T& pop_front() {
    T& item = front();
    erase(item);
    return item;
  }
  void erase(T& item) {
    Hook& h = item;
    ZS_ASSERT(h.is_linked());
    h.prev_->next_ = h.next_;
    h.next_->prev_ = h.prev_;
    h.next_ = h.prev_ = nullptr;
  }
  /// Calls f(T&) on each item in order until it says false, and moves all that it was called on
  /// behind the others. f may erase the item that it is given, and no other.
  template <typename F>
  void visit_in_turn(F&& f) {
    Hook* h = head_.next_;
    for (bool more = true; more && h != &head_;) {
      Hook* const next = h->next_;
      more = f(static_cast<T&>(*h));
      h = next;
    }
    if (h == &head_ || h == head_.next_) return;
    head_.prev_->next_ = head_.next_;
    head_.next_->prev_ = head_.prev_;
    head_.prev_ = h->prev_;
    head_.next_ = h;
    h->prev_->next_ = &head_;
    h->prev_ = &head_;
  }
  /// Calls f(T&) on each item in order; f may erase the item that it is given, and no other.
  template <typename F>
  void for_each(F&& f) {
    for (Hook* h = head_.next_; h != &head_;) {
      Hook* const next = h->next_;
      f(static_cast<T&>(*h));
      h = next;
    }
  }

 private:
  Hook head_;
};

}  // namespace zs
