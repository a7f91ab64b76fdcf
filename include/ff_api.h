/* F-Stack's API (1.25) on zstack: the same names, types and constants, so that programs written for
 * F-Stack compile unchanged; docs/porting-from-f-stack.md has the differences. The paper's calls
 * are at the end.
 *
 * ff_init() builds a stack; from then on the main thread may open sockets, and ff_run() calls the
 * loop function on that thread, once a pass, between receiving and sending. As in F-Stack nothing
 * waits: what cannot be done now is refused with EAGAIN (or EINPROGRESS), timeouts of waiting calls
 * make no difference. Where F-Stack takes Linux' constants, FreeBSD's are taken too.
 *
 * A call that fails returns -1 or NULL, sets errno to Linux' number, and leaves every buffer with
 * the caller. Each call says what it does, then
 * - Success: who owns the buffers when it has succeeded
 * - Failure: who owns them when it has failed
 * - Errors: each errno and its cause
 * - Thread: `the loop`: in the loop function, or in main between ff_init() and ff_run(); `main`;
 *   `any`.
 *
 * Every call of the loop also knows EPERM: there is no stack on this thread, since ff_init() was
 * not called, or on another one; EBUSY: it was called by a z_free_fn, inside of another call;
 * ENOMEM: no memory for the stack's own records. */
#ifndef _FSTACK_API_H
#define _FSTACK_API_H

#include <netinet/in.h>
#include <pthread.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <zstack/zstack.h>

#include "ff_errno.h"
#include "ff_event.h"
#include "ff_tools.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An address in Linux' layout, for casts: struct sockaddr_in and sockaddr_in6 are passed as they
 * are. */
struct linux_sockaddr {
  short sa_family;
  char sa_data[14];
};

#define AF_INET6_LINUX 10
#define PF_INET6_LINUX AF_INET6_LINUX
#define AF_INET6_FREEBSD 28
#define PF_INET6_FREEBSD AF_INET6_FREEBSD

typedef int (*loop_func_t)(void* arg);

/* ---- Beginning and end ------------------------------------------------------------------ */

/* Builds the stack that config.ini describes: -c or --conf FILE (config.ini if there is one),
 * --proc-type, --proc-id as F-Stack has them; other arguments are the program's. Keys that have no
 * meaning here are named once on stderr. Without a file: the defaults of `zstack serve`. Returns 0.
 * - Success: argv stays the caller's.
 * - Failure: the same; a sentence about it is on stderr, and in z_why().
 * - Errors: EINVAL an option or a value is wrong. ENOENT no such file. ENOTSUP
 * --proc-type=secondary: one process serves all cores (thread_mode=1). EALREADY it was called
 * before. Others say why the stack could not start.
 * - Thread: main, before any other thread exists. */
int ff_init(int argc, char* const argv[]);

/* Runs the stack on this thread until ff_stop_run(), SIGINT or SIGTERM, then closes every socket in
 * order and takes the stack down. `loop` is called with `arg` once a pass; what it returns means
 * nothing. With thread_mode=1 it is called on a thread of each core. Does nothing without
 * ff_init(), or without `loop`.
 * - Success: all buffers have gone; none may be used after it.
 * - Failure: the same; a sentence about it is on stderr, and in z_why().
 * - Errors: none, since it returns nothing.
 * - Thread: main. */
void ff_run(loop_func_t loop, void* arg);

/* Ends ff_run(), once the loop function has returned.
 * - Success: no buffers are involved.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: any; from a signal handler too. */
void ff_stop_run(void);

/* ---- Sockets ---------------------------------------------------------------------------- */

/* Opens a socket: AF_INET, AF_INET6 (Linux' number or FreeBSD's), SOCK_STREAM, SOCK_DGRAM.
 * SOCK_NONBLOCK and SOCK_CLOEXEC change nothing. Descriptors begin at fd_reserve.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_socket().
 * - Thread: the loop. */
int ff_socket(int domain, int type, int protocol);

/* Gives a socket its address; port 0 lets the stack choose.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_bind().
 * - Thread: the loop. */
int ff_bind(int s, const struct linux_sockaddr* addr, socklen_t addrlen);

/* Makes a stream socket accept connections.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_listen().
 * - Thread: the loop. */
int ff_listen(int s, int backlog);

/* Takes the next connection; `flags` of ff_accept4() are SOCK_NONBLOCK and SOCK_CLOEXEC.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_accept(). EINVAL also: other flags.
 * - Thread: the loop. */
int ff_accept(int s, struct linux_sockaddr* addr, socklen_t* addrlen);
int ff_accept4(int s, struct linux_sockaddr* addr, socklen_t* addrlen, int flags);

/* Begins a connection; of a datagram socket, fixes the peer. The local address of a socket without
 * one may be chosen by ff_regist_pcblddr_fun()'s function.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_connect().
 * - Thread: the loop. */
int ff_connect(int s, const struct linux_sockaddr* name, socklen_t namelen);

/* Closes a descriptor: a socket's, an epoll set's or a kqueue's. The socket ends when all of its
 * descriptors are closed.
 * - Success: what was written stays the stack's until it is acknowledged.
 * - Failure: no buffers.
 * - Errors: EBADF no such descriptor.
 * - Thread: the loop. */
int ff_close(int fd);

/* Ends one direction or both.
 * - Success: what was written before still leaves.
 * - Failure: no buffers are involved.
 * - Errors: as z_shutdown().
 * - Thread: the loop. */
int ff_shutdown(int s, int how);

/* The addresses of the two ends.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_getsockname().
 * - Thread: the loop. */
int ff_getsockname(int s, struct linux_sockaddr* name, socklen_t* namelen);
int ff_getpeername(int s, struct linux_sockaddr* name, socklen_t* namelen);

/* Options by Linux' levels and names, and by FreeBSD's where the level is its SOL_SOCKET (0xffff):
 * those of z_setsockopt(), and SO_REUSEPORT (shards share nothing, so that it is always so),
 * SO_PROTOCOL (to ask). The calls that end in _freebsd know FreeBSD's numbers at every level.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as z_setsockopt().
 * - Thread: the loop. */
int ff_setsockopt(int s, int level, int optname, const void* optval, socklen_t optlen);
int ff_getsockopt(int s, int level, int optname, void* optval, socklen_t* optlen);
int ff_setsockopt_freebsd(int s, int level, int optname, const void* optval, socklen_t optlen);
int ff_getsockopt_freebsd(int s, int level, int optname, void* optval, socklen_t* optlen);

/* F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL and F_SETFL (O_NONBLOCK by Linux' number or
 * FreeBSD's: calls do not even wait in a fiber, z_spawn(); other flags change nothing).
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such descriptor. EINVAL another command, or F_DUPFD to a number that cannot
 * be. EMFILE no descriptor left.
 * - Thread: the loop. */
int ff_fcntl(int fd, int cmd, ...);

/* FIONBIO (O_NONBLOCK by an int), FIONREAD, TIOCOUTQ (bytes that are not acknowledged yet;
 * FreeBSD's FIONWRITE), FIONSPACE, FIOASYNC, FIOCLEX and FIONCLEX (change nothing), by Linux'
 * numbers or FreeBSD's.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such descriptor. EFAULT no argument where one is needed. ENOTTY another
 * request.
 * - Thread: the loop. */
int ff_ioctl(int fd, unsigned long request, ...);
int ff_ioctl_freebsd(int fd, unsigned long request, ...);

/* Another descriptor of the same socket; ff_dup2(): that one, which is closed first.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such socket, or `newfd` is below fd_reserve or beyond all. EMFILE no
 * descriptor left.
 * - Thread: the loop. */
int ff_dup(int oldfd);
int ff_dup2(int oldfd, int newfd);

/* 1 if the descriptor is one of the stack's, on this thread; and one more than the highest that
 * there can be.
 * - Success: no buffers are involved.
 * - Failure: ff_fdisused() is 0, ff_getmaxfd() -1.
 * - Errors: none of their own.
 * - Thread: the loop. */
int ff_fdisused(int fd);
int ff_getmaxfd(void);

/* ---- Bytes ------------------------------------------------------------------------------ */

/* Copies received bytes out: at most as many as there is room for, 0 at the end of the stream.
 * - Success: the memory stays the caller's.
 * - Failure: the same.
 * - Errors: as z_recv(). EFAULT `buf` or `iov` is NULL. EINVAL `iovcnt` is below 0 or above 1024,
 * or the lengths together are no ssize_t.
 * - Thread: the loop. */
ssize_t ff_read(int d, void* buf, size_t nbytes);
ssize_t ff_readv(int fd, const struct iovec* iov, int iovcnt);

/* The same; `flags`: MSG_PEEK (of streams), MSG_DONTWAIT, MSG_NOSIGNAL, MSG_WAITALL and MSG_TRUNC.
 * ff_recvfrom() and ff_recvmsg() say who sent a datagram, ff_recvmsg() also MSG_TRUNC of one that
 * was longer; there are no control messages.
 * - Success: the memory stays the caller's.
 * - Failure: the same.
 * - Errors: as ff_read(). EOPNOTSUPP other flags, or MSG_PEEK of a datagram socket. EINVAL
 * `fromlen` is NULL where `from` is not.
 * - Thread: the loop. */
ssize_t ff_recv(int s, void* buf, size_t len, int flags);
ssize_t ff_recvfrom(int s, void* buf, size_t len, int flags, struct linux_sockaddr* from,
                    socklen_t* fromlen);
ssize_t ff_recvmsg(int s, struct msghdr* msg, int flags);

/* Copies bytes to be sent, or as many of them as there is room for. Where `buf` is the bsd_mbuf of
 * an ff_zc_mbuf, or what ff_mbuf_get() returned, its first `nbytes` bytes are sent without copying,
 * all or none.
 * - Success: the memory stays the caller's; such a chain is the stack's.
 * - Failure: all stays the caller's.
 * - Errors: as z_send(), of a chain as z_write(). EFAULT `buf` or `iov` is NULL. EINVAL `iovcnt` is
 *   below 0 or above 1024, the lengths together are no ssize_t, or the chain is shorter than
 *   `nbytes`.
 * - Thread: the loop. */
ssize_t ff_write(int fd, const void* buf, size_t nbytes);
ssize_t ff_writev(int fd, const struct iovec* iov, int iovcnt);

/* The same; `flags`: MSG_DONTWAIT, and MSG_NOSIGNAL and MSG_MORE, which change nothing. ff_sendto()
 * and ff_sendmsg() send a datagram to an address, if there is one.
 * - Success: as ff_write().
 * - Failure: as ff_write().
 * - Errors: as ff_write() and z_sendto(). EOPNOTSUPP other flags. EISCONN an address for a stream
 *   socket. EFAULT `msg` is NULL.
 * - Thread: the loop. */
ssize_t ff_send(int s, const void* buf, size_t len, int flags);
ssize_t ff_sendto(int s, const void* buf, size_t len, int flags, const struct linux_sockaddr* to,
                  socklen_t tolen);
ssize_t ff_sendmsg(int s, const struct msghdr* msg, int flags);

/* ---- Readiness: ff_epoll.h has epoll ----------------------------------------------------- */

/* What is ready now, as select(2) and poll(2) say it. They wait in a fiber (z_spawn()),
 * as long as `timeout` says, and return at once elsewhere.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF (ff_select) no such descriptor. EINVAL `nfds` is below 0 or above FD_SETSIZE.
 *   EFAULT `fds` is NULL.
 * - Thread: the loop. */
int ff_select(int nfds, fd_set* readfds, fd_set* writefds, fd_set* exceptfds,
              struct timeval* timeout);
int ff_poll(struct pollfd fds[], nfds_t nfds, int timeout);

/* Opens a kqueue; there may be many. ff_close() closes it.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EMFILE no descriptor left.
 * - Thread: the loop. */
int ff_kqueue(void);

/* kevent(2): applies the changes in order, then takes pending events, for which it waits in a fiber
 * only. A change that fails is an event with EV_ERROR where there is room for one, and the error of
 * the call where there is none. ff_kevent_do_each() calls `do_each` with the place in `eventlist`,
 * which it may move on, and the event, instead of storing it.
 * - Success: no buffers are involved.
 * - Failure: the same; the changes before the wrong one are made.
 * - Errors: EBADF `kq` is no kqueue, or a change names no descriptor. ENOENT it names nothing that
 * was added. EINVAL there is no such filter, or a timer's value cannot be, or a number is negative.
 *   EFAULT a list is NULL though its length is not 0. ELOOP kqueues would watch each other.
 * - Thread: the loop. */
int ff_kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
              int nevents, const struct timespec* timeout);
int ff_kevent_do_each(int kq, const struct kevent* changelist, int nchanges, void* eventlist,
                      int nevents, const struct timespec* timeout,
                      void (*do_each)(void**, struct kevent*));

/* ---- The rest --------------------------------------------------------------------------- */

/* The time of day.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EFAULT `tv` is NULL.
 * - Thread: any. */
int ff_gettimeofday(struct timeval* tv, void* tz);

/* FreeBSD's sysctl(3), to ask: by the numbers of net.inet.tcp and net.inet.ip that have a meaning
 * here, or by name through {0, 3}, as sysctlbyname(3) does it. docs/porting-from-f-stack.md lists
 * them.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: ENOENT another name. EPERM a new value: what can be set is in the configuration. ENOMEM
 *   `oldp` is too short. EINVAL a pointer is NULL, or `namelen` is not 2 to 24.
 * - Thread: the loop. */
int ff_sysctl(const int* name, u_int namelen, void* oldp, size_t* oldlenp, const void* newp,
              size_t newlen);

/* pthread_create() and pthread_join(). The new thread has no stack: calls of the loop are refused
 * with EPERM there.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: as they return them, and not in errno.
 * - Thread: any. */
int ff_pthread_create(pthread_t* thread, const pthread_attr_t* attr, void* (*start_routine)(void*),
                      void* arg);
int ff_pthread_join(pthread_t thread, void** retval);

enum FF_ROUTE_CTL { FF_ROUTE_ADD, FF_ROUTE_DEL, FF_ROUTE_CHANGE };
enum FF_ROUTE_FLAG { FF_RTF_HOST, FF_RTF_GATEWAY };

/* Adds, removes or replaces a route of this shard's: to the host `dst`, or to the network of `dst`
 * and `netmask` (NULL: the default route of an unspecified `dst`, else a host), by `gw` (NULL: on
 * the link).
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EINVAL an address is missing, of another family, or `gw` is not on the link. EEXIST
 * there is one. ESRCH there is none.
 * - Thread: the loop. */
int ff_route_ctl(enum FF_ROUTE_CTL req, enum FF_ROUTE_FLAG flag, struct linux_sockaddr* dst,
                 struct linux_sockaddr* gw, struct linux_sockaddr* netmask);

/* Chooses the local address of a connection whose socket has none: for the family and the address
 * and port (network order) of the peer it writes the address to `src_addr`, the unspecified one to
 * leave it to the routes, and returns 0; another value fails the connection with it as errno.
 * - Success: no buffers are involved.
 * - Failure: does not fail; NULL takes it back.
 * - Errors: none.
 * - Thread: the loop, or main. */
typedef int (*pcblddr_func_t)(uint16_t family, void* dst_addr, uint16_t dst_port, void* src_addr);
void ff_regist_pcblddr_fun(pcblddr_func_t func);

#define FF_DISPATCH_ERROR (-1)
#define FF_DISPATCH_RESPONSE (-2)

/* Lets `func` decide about each received frame, before the stack sees it: `data` and `len` are the
 * Ethernet frame (its first buffer), which it may change within the buffer. It returns the queue
 * that takes the frame, 0 to nb_queues - 1; FF_DISPATCH_RESPONSE: the frame leaves again as it is
 * now; FF_DISPATCH_ERROR or any other number: nobody gets it. It is called on the thread of each
 * core. NULL takes it back.
 * - Success: the frame is the stack's; `data` is borrowed for the call.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: any. */
typedef int (*dispatch_func_t)(void* data, uint16_t* len, uint16_t queue_id, uint16_t nb_queues);
void ff_regist_packet_dispatcher(dispatch_func_t func);

/* Sends a copy of an Ethernet frame of `total` bytes as it is. `port_id` is 0, the only one.
 * Returns 0.
 * - Success: the memory stays the caller's.
 * - Failure: the same.
 * - Errors: EFAULT `data` is NULL. EINVAL `total` is no length of a frame here. ENODEV another
 * port, or no device. ENOBUFS no buffer, or the device is full.
 * - Thread: the loop. */
int ff_dpdk_raw_packet_send(void* data, int total, uint16_t port_id);

/* What this core's queue has moved so far. */
struct ff_traffic_args {
  uint64_t rx_packets;
  uint64_t rx_bytes;
  uint64_t tx_packets;
  uint64_t tx_bytes;
};

/* Fills a struct ff_traffic_args; nothing for NULL.
 * - Success: the memory stays the caller's.
 * - Failure: the same: all is 0 where there is no stack.
 * - Errors: none.
 * - Thread: the loop. */
void ff_get_traffic(void* buffer);

/* ---- Zero copy by copying once: F-Stack's ------------------------------------------------ */

struct ff_zc_mbuf {
  void* bsd_mbuf;     /* the chain, for ff_write() */
  void* bsd_mbuf_off; /* where the next bytes go */
  int off;            /* how many bytes are in it */
  int len;            /* how many there is room for */
};

/* A chain with room for `len` bytes. Returns 0.
 * - Success: the chain is the caller's, who gives it to ff_write() or ff_mbuf_free().
 * - Failure: there is none.
 * - Errors: EINVAL `m` is NULL or `len` below 1. ENOBUFS the pool is empty but for its reserve.
 *   EMSGSIZE more than a chain holds.
 * - Thread: the loop. */
int ff_zc_mbuf_get(struct ff_zc_mbuf* m, int len);

/* Appends `len` bytes to what is in the chain. Returns `len`.
 * - Success: the chain and the memory stay the caller's.
 * - Failure: the same, unchanged.
 * - Errors: EINVAL a pointer is NULL, `len` is negative, or there is not so much room left.
 * - Thread: the loop. */
int ff_zc_mbuf_write(struct ff_zc_mbuf* m, const char* data, int len);

/* Copies up to `len` bytes from `off` on to `data`, which F-Stack declares const, and moves `off`.
 * Returns how many. For a chain of z_read(): put it in bsd_mbuf and bsd_mbuf_off, and 0 in off.
 * - Success: the chain and the memory stay the caller's.
 * - Failure: the same.
 * - Errors: EINVAL a pointer is NULL or `len` is negative.
 * - Thread: the loop. */
int ff_zc_mbuf_read(struct ff_zc_mbuf* m, const char* data, int len);

/* ---- The paper's calls ------------------------------------------------------------------- */

/* Makes a chain of a DPDK buffer: `len` bytes at `data`, which lie in `rte_mb`, for z_write() or
 * ff_write(). Appended to the chain `p`, if there is one. Returns `rte_mb`: here the two are one.
 * - Success: the chain is the caller's.
 * - Failure: `rte_mb` stays as it was.
 * - Errors: EINVAL `rte_mb` is NULL, or the bytes do not lie in it.
 * - Thread: the loop. */
void* ff_mbuf_get(void* p, void* rte_mb, void* data, uint16_t len);

/* Where the bytes of the first buffer of a chain begin; NULL for NULL.
 * - Success: what it returns is borrowed from the chain.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: any. */
void* ff_mbuf_mtod(void* mb);

/* Frees a chain; NULL is fine. A buffer that was detached stays.
 * - Success: the chain has gone.
 * - Failure: does not fail.
 * - Errors: none. A chain of ff_mbuf_get() or ff_zc_mbuf_get() that is freed a second time stops a
 *   debug build of the library.
 * - Thread: the loop. */
void ff_mbuf_free(void* mb);

/* Copies `len` bytes from `off` on to `data`. Returns 0.
 * - Success: the chain and the memory stay the caller's.
 * - Failure: the same.
 * - Errors: EINVAL a pointer is NULL or there are not so many.
 * - Thread: any. */
int ff_mbuf_copydata(void* mb, void* data, int off, int len);

/* Where the bytes of this buffer are and how many, and the next one in *mb. Returns 0.
 * - Success: what it returns is borrowed from the chain.
 * - Failure: nothing is written.
 * - Errors: EINVAL a pointer is NULL.
 * - Thread: any. */
int ff_next_mbuf(void** mb, void** data, unsigned* len);

/* The DPDK buffer under a chain's first: the same.
 * - Success: what it returns is borrowed from the chain, until ff_mbuf_detach_rte().
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: any. */
void* ff_rte_frm_extcl(void* mb);

/* Keeps the first DPDK buffer of a chain when that is freed: then it is the caller's alone, and may
 * be reset, filled and given to ff_mbuf_get() again.
 * - Success: the buffer is the caller's, once ff_mbuf_free() is called.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: the loop. */
void ff_mbuf_detach_rte(void* mb);

/* z_write() of a chain whose length the caller knows: what z_write(fd, mb, len) of the paper is.
 * - Success: the stack owns `mb`.
 * - Failure: the caller.
 * - Errors: as z_write(). EINVAL also: the chain has not `len` bytes.
 * - Thread: the loop. */
ssize_t ff_zwrite(int fd, void* mb, size_t len);

/* The pools of buffers by the NUMA node, and where the program is on, as the paper's listing asks
 * for them. */
struct rte_mempool;
extern struct rte_mempool* pktmbuf_pool[8];
struct lcore_conf {
  uint16_t proc_id;
  uint16_t socket_id;
  uint16_t nb_queue_list[1];
};
extern struct lcore_conf lcore_conf;

#ifdef __cplusplus
}
#endif

/* In the paper z_read() takes a void** and z_write() a length. Both forms compile. */
#ifdef __cplusplus
inline ssize_t z_read(int fd, void** m, size_t n) {
  void* const place = m;
  return z_read(fd, static_cast<struct rte_mbuf**>(place), n);
}
inline ssize_t z_write(int fd, void* m, size_t len) { return ff_zwrite(fd, m, len); }
#else
#define z_read(fd, m, n) (z_read)((fd), (struct rte_mbuf**)(void*)(m), (n))
#define ZS_PICK_(a, b, c, name, ...) name
#define ZS_WRITE2_(fd, m) (z_write)((fd), (struct rte_mbuf*)(void*)(m))
#define ZS_WRITE3_(fd, m, len) ff_zwrite((fd), (void*)(m), (size_t)(len))
#define z_write(...) ZS_PICK_(__VA_ARGS__, ZS_WRITE3_, ZS_WRITE2_, )(__VA_ARGS__)
#endif

#endif
