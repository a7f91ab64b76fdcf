/* epoll by F-Stack's names, with Linux' structure and constants and the semantics of epoll(7):
 * level- and edge-triggered, EPOLLONESHOT, EPOLLRDHUP, EPOLLEXCLUSIVE, sets in sets. */
#ifndef _FF_EPOLL_H
#define _FF_EPOLL_H

#include <sys/epoll.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens an epoll set; there may be many. `size` means nothing. ff_close() closes it.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EMFILE no descriptor left. EPERM no stack on this thread.
 * - Thread: the loop, or main after ff_init(). */
int ff_epoll_create(int size);

/* EPOLL_CTL_ADD, _MOD, _DEL of a socket, an epoll set or a kqueue.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF one of the descriptors is none. EINVAL `epfd` is no set or is `fd`, another
 *   operation, `event` is NULL where one is needed, or what EPOLLEXCLUSIVE may not stand with.
 *   EEXIST it was added. ENOENT it was not. ELOOP sets would watch each other, or more than five
 *   lie in a row. EPERM no stack on this thread.
 * - Thread: the loop, or main after ff_init(). */
int ff_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event);

/* What is ready now, in turn. Returns how many, at once: as in F-Stack `timeout` does not make it
 * wait in the loop function, which is called again. In a fiber (z_spawn()) it does.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF `epfd` is none. EINVAL it is no set, `events` is NULL or `maxevents` below 1.
 *   EPERM no stack on this thread.
 * - Thread: the loop, or main after ff_init(). */
int ff_epoll_wait(int epfd, struct epoll_event* events, int maxevents, int timeout);

#ifdef __cplusplus
}
#endif

#endif
