/* zstack for C: a whole TCP/IP stack inside the program, whose sockets move buffers instead of
 * bytes.
 *
 *     int loop(void *arg) { ... z_epoll_wait(...), z_read(...), z_write(...) ...; return 0; }
 *     int main(int argc, char **argv) { return z_init(argc, argv) < 0 || z_run(loop, NULL) != 0; }
 *
 * The stack runs as one shard on each core that it was given, and a shard shares nothing with the
 * others. z_run() calls the loop function on every shard, once a pass, between receiving and
 * sending. Each call acts on the shard of the thread that it is called on; descriptors belong to
 * their shard and have nothing to do with the kernel's.
 *
 * A payload is a chain of buffers, DPDK's struct rte_mbuf, of which this header shows nothing.
 * Whoever owns a chain frees it or gives it to a call that takes it. Its bytes may be written only
 * where z_writable() says so. Who wants to keep a chain and send it too takes another one over the
 * same bytes with z_ref(); to raise a reference count by hand is not the same.
 *
 * Nothing waits in the loop function: what cannot be done now is refused with EAGAIN (or
 * EINPROGRESS). In a fiber (z_spawn()) it waits unless the socket is O_NONBLOCK. A call that fails
 * returns -1 or NULL, sets errno, and leaves every buffer with the caller, untouched.
 *
 * Each call says what it does, then
 * - Success: who owns the buffers when it has succeeded
 * - Failure: who owns them when it has failed
 * - Errors: each errno and its cause
 * - Thread: where it may be called: in `the loop` function and what that calls, in `main` before
 *   z_run(), or on `any shard`'s thread by whoever owns the chain.
 *
 * Every call of the loop also knows EPERM: it was not called there, so that there is no shard to
 * act on; EBUSY: it was called by a z_free_fn, inside of another call; ENOMEM: no memory for the
 * stack's own records.
 */
#ifndef ZSTACK_ZSTACK_H
#define ZSTACK_ZSTACK_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <zstack/tcp_info.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rte_mbuf;

/* ---- Beginning and end ------------------------------------------------------------------ */

/* Reads the configuration: zstack.toml and the options of `zstack serve` for device, addresses and
 * runtime (--device, --address, --lcores, ...; docs/configuration.md). Options end at `--`.
 * Returns how many elements of argv it has used up; what follows is the application's.
 * - Success: argv stays the caller's.
 * - Failure: the same.
 * - Errors: EINVAL an option or key is wrong, or --help was asked for: z_why() has the text.
 *   EALREADY z_run() was called before.
 * - Thread: main, before z_run(). */
int z_init(int argc, char** argv);

/* Runs the stack until z_stop_run(), SIGINT or SIGTERM, then closes every socket in order. The
 * loop function is called with `arg` on each shard's thread, at its first call to open sockets. 0
 * goes on; any other value is as z_stop_run(). A shard with no packets, no timer and no socket
 * ready in its epoll set sleeps up to half a second between two calls if its device can wake it
 * (runtime.idle = "spin": never). Once in a process. Returns 0 after an orderly end.
 * - Success: all buffers have gone; none may be used after it.
 * - Failure: the same.
 * - Errors: EINVAL `loop` is NULL, or there was no z_init(). EALREADY it was called before. Others
 *   say why the stack could not start; z_why() has a sentence.
 * - Thread: main, before any other thread exists. */
int z_run(int (*loop)(void* arg), void* arg);

/* Ends z_run() on all shards; the loop of this shard is not called again. Returns 0.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: none of its own.
 * - Thread: the loop. */
int z_stop_run(void);

/* What to tell the user about the last z_init() or z_run() that failed; "" when none did.
 * - Success: the text is the library's, until the next z_init() or z_run().
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: main. */
const char* z_why(void);

/* The index of this shard, from 0, and how many there are.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: none of their own.
 * - Thread: the loop. */
int z_shard(void);
int z_shard_count(void);

/* ---- Fibers: functions that may wait ----------------------------------------------------- */

/* Runs entry(arg) on this shard, on a stack of its own of `stack_bytes` (0: 64 KiB; 16 KiB at
 * least, 1 GiB at most) with a guard page below it: a fiber. It begins after the loop function of
 * this pass, and has the thread until it waits or returns, so fibers of a shard need no locks
 * between them; who computes for long calls z_yield(). In a fiber these calls wait, while the shard
 * goes on, where they refuse with EAGAIN elsewhere: z_accept, z_connect, z_read, z_peek, z_recv,
 * z_recvfrom, z_write, z_write_with, z_writev, z_sendto, z_send, z_send_with, what has their names
 * with ff_, and ff_epoll_wait, ff_kevent, ff_poll and ff_select as long as their `timeout` says.
 * What copies to a stream has sent all when it returns, or what it says. They don't wait if the
 * socket is O_NONBLOCK or the flags are MSG_DONTWAIT, and for no longer than SO_RCVTIMEO (z_accept
 * too) or SO_SNDTIMEO (z_connect too) says: then EAGAIN, of z_connect EINPROGRESS. EBADF: somebody
 * else has closed the socket meanwhile. ECANCELED: the stack stops, and nobody is to wait any more:
 * clean up and return. A fiber that tries 1,000 times more is left where it is, and its stack taken
 * away.
 * - Success: `arg` stays the caller's.
 * - Failure: `entry` will not be called.
 * - Errors: EINVAL `entry` is NULL, or the stack is larger than that. ENOMEM no memory for it.
 *   ECANCELED the stack stops.
 * - Thread: the loop. */
int z_spawn(void (*entry)(void* arg), void* arg, size_t stack_bytes);

/* Lets the other fibers, the loop function and the network have a turn; at least so many
 * microseconds of them.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EPERM it was not called in a fiber. ECANCELED the stack stops.
 * - Thread: the loop. */
int z_yield(void);
int z_usleep(uint64_t microseconds);

/* ---- Sockets: POSIX' calls ---------------------------------------------- */

/* Opens a socket: AF_INET or AF_INET6 (which serves IPv4 as well), SOCK_STREAM or SOCK_DGRAM.
 * SOCK_NONBLOCK: calls on it do not even wait in a fiber. SOCK_CLOEXEC changes nothing.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EAFNOSUPPORT another family. EPROTOTYPE another type. EPROTONOSUPPORT a protocol that
 *   is not the type's. EMFILE no descriptor (runtime.descriptors) or UDP socket
 *   (runtime.udp_sockets) left.
 * - Thread: the loop. */
int z_socket(int domain, int type, int protocol);

/* Gives a socket its address; port 0 lets the stack choose.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such socket. EINVAL `addr` is NULL or too short, or the socket has an
 *   address. EAFNOSUPPORT the address is of another family. EADDRINUSE somebody has it.
 *   EADDRNOTAVAIL it is not one of ours.
 * - Thread: the loop. */
int z_bind(int fd, const struct sockaddr* addr, socklen_t len);

/* Makes a stream socket accept connections; a second time, changes the backlog.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such socket. EADDRINUSE another one listens there. EISCONN it is a
 *   connection. EOPNOTSUPP it is a datagram socket.
 * - Thread: the loop. */
int z_listen(int fd, int backlog);

/* Takes the next connection. `addr`, unless NULL, receives the peer's address, cut to *len.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EAGAIN nobody waits. EBADF no such socket. EINVAL it does not listen, or `len` is NULL
 *   where `addr` is not. EMFILE no descriptor left; the connection keeps its place.
 * - Thread: the loop. */
int z_accept(int fd, struct sockaddr* addr, socklen_t* len);

/* Begins a connection, whose end EPOLLOUT or EPOLLERR tells (SO_ERROR has the reason); of a
 * datagram socket, fixes the peer at once.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EINPROGRESS it has begun. EALREADY it had begun. EISCONN it is connected. EBADF no such
 *   socket. EINVAL `addr` is NULL or too short, a stream socket listens, or a datagram's `addr` has
 *   no port. EAFNOSUPPORT the address is of another family. ENETUNREACH no route. ENETDOWN the
 *   cable is out. EADDRINUSE the same connection exists. EADDRNOTAVAIL no port is left, or a
 *   stream's `addr` has none. ENOBUFS the table of connections is full.
 * - Thread: the loop. */
int z_connect(int fd, const struct sockaddr* addr, socklen_t len);

/* Ends one direction or both: SHUT_RD, SHUT_WR, SHUT_RDWR.
 * - Success: what was written before still leaves.
 * - Failure: no buffers are involved.
 * - Errors: EBADF no such socket. EINVAL another `how`. ENOTCONN it is no connection.
 * - Thread: the loop. */
int z_shutdown(int fd, int how);

/* Closes a socket or an epoll descriptor. A connection ends by itself: FIN after what was written,
 * or RST if received data was never read or SO_LINGER is zero.
 * - Success: what was written stays the stack's until it is acknowledged.
 * - Failure: no buffers.
 * - Errors: EBADF no such descriptor.
 * - Thread: the loop. */
int z_close(int fd);

/* SOL_SOCKET: SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_LINGER,
 * SO_RCVLOWAT (fewer bytes raise no EPOLLIN), SO_RCVTIMEO and SO_SNDTIMEO (a timeval, of what waits
 * in a fiber; 0: for ever),
 * SO_MAX_PACING_RATE (bytes a second; -1: unlimited); to ask only: SO_ERROR, SO_TYPE, SO_DOMAIN,
 * SO_ACCEPTCONN, SO_SNDLOWAT (1). SO_REUSEADDR lets several sockets bind the same where none
 * listens; with SO_REUSEPORT all who say so listen, or receive datagrams, and share what comes by a
 * hash of the peer. IPPROTO_IPV6: IPV6_V6ONLY, before the socket has an address. IPPROTO_TCP:
 * TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT, and as on Linux
 * - TCP_CONGESTION ("cubic", "newreno" or "reno", "dctcp", "bbr"; at any time: a connection goes on
 * with the window it has, a listener's is that of connections to come)
 * - TCP_CORK: less than a segment waits until it is switched off, or 200 ms. To set TCP_NODELAY
 *   pushes what waits, corked or not
 * - TCP_QUICKACK: 1 sends the acknowledgements owed at once, 0 lets them wait for replies, which
 *   the stack also finds out by itself; asked, says which
 * - TCP_NOTSENT_LOWAT: while so many bytes are unsent there is no EPOLLOUT, and EAGAIN
 * - TCP_MAXSEG (88 to 32767): the largest segment, for either side; of a connection, what it sends
 * - TCP_WINDOW_CLAMP: the largest window to offer (no less than 1152); 0, before the connection:
 * any
 * - TCP_DEFER_ACCEPT: a listener's connections wait so many seconds for data before they count; of
 *   a client: the handshake's last ACK waits for the request
 * - TCP_FASTOPEN: a listener takes data on the SYN of a client with a cookie (RFC 7413), from so
 * many at once that have not proved yet that they hear us; it may come twice. TCP_FASTOPEN_CONNECT,
 * of a fresh socket: z_connect() returns 0 where a cookie is known, and the SYN leaves with the
 * first z_write()
 * - TCP_SYNCNT (1 to 127): how often SYN and SYN-ACK are sent again
 * - TCP_LINGER2: seconds of FIN-WAIT-2 behind z_close(), at most 120; -1: none, but a reset.
 * Datagram sockets have SO_REUSEADDR (several may be bound alike, and each gets what is sent to
 * many), SO_RCVBUF (to set), SO_BROADCAST, those to ask only, and
 * - IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, MCAST_JOIN_GROUP,
 *   MCAST_LEAVE_GROUP (to set): whether their port gets what is sent to a group. Interfaces are
 *   numbered from 1; closing leaves
 * - IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS (1), IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP (1),
 *   IP_MULTICAST_IF (to set), IPV6_MULTICAST_IF: how datagrams to groups leave
 * - IP_MTU_DISCOVER, IPV6_MTU_DISCOVER (IP_PMTUDISC_DO or others), IPV6_DONTFRAG: whether datagrams
 *   beyond the path's MTU are refused (EMSGSIZE) instead of sent in fragments.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such socket. EINVAL a pointer is NULL, the length too small (to ask, a smaller
 *   one gets the first bytes), the value out of range, or for a group no group. ENOENT no
 * congestion control of that name. ENOPROTOOPT another option. ENODEV no such interface. EADDRINUSE
 * the group was joined. EADDRNOTAVAIL it was not. ENOBUFS too many are joined. EAFNOSUPPORT it is
 * of another family.
 * - Thread: the loop. */
int z_setsockopt(int fd, int level, int name, const void* value, socklen_t len);
int z_getsockopt(int fd, int level, int name, void* value, socklen_t* len);

/* The socket's own address, the peer's address; cut to *len.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF no such socket. EINVAL a pointer is NULL. ENOTCONN (peer) there is none.
 * - Thread: the loop. */
int z_getsockname(int fd, struct sockaddr* addr, socklen_t* len);
int z_getpeername(int fd, struct sockaddr* addr, socklen_t* len);

/* ---- Moving buffers --------------------------------------------------------------------- */

/* At most `n` bytes that were received, the very buffers they came in; what `n` cuts is shared,
 * not copied. Returns how many, 0 at the end of the stream. Of a datagram: its first `n` bytes;
 * the rest is lost.
 * - Success: *m is the caller's; NULL with 0.
 * - Failure: *m is as it was.
 * - Errors: EAGAIN nothing has come. EBADF no such socket. EINVAL `m` is NULL or `n` is 0.
 *   ENOTCONN it is no connection. ENOBUFS no descriptor for the cut. ECONNRESET, ETIMEDOUT,
 *   ECONNREFUSED, EHOSTUNREACH how the connection ended, said once.
 * - Thread: the loop. */
ssize_t z_read(int fd, struct rte_mbuf** m, size_t n);

/* The same bytes as z_read() of a stream would give, which stay in the socket.
 * - Success: *m is the caller's, over the socket's own bytes; NULL with 0.
 * - Failure: *m is as it was.
 * - Errors: as z_read(); an error stays to be said. EOPNOTSUPP it is a datagram socket.
 * - Thread: the loop. */
ssize_t z_peek(int fd, struct rte_mbuf** m, size_t n);

/* Sends the whole chain, or nothing; of a connected datagram socket, as one datagram. Any chain
 * will do: from z_alloc(), z_ext() or z_read(), with headroom or without, shared or not. Returns
 * how many bytes.
 * - Success: the stack owns `m`, and frees it when the peer has acknowledged it.
 * - Failure: the caller.
 * - Errors: EAGAIN no room now; EPOLLOUT tells when. EMSGSIZE it can never fit: more than
 *   SO_SNDBUF or 8192 buffers, a datagram of more than IP holds. EBADF no such socket. EINVAL `m`
 *   is NULL or no sound chain, or is empty (a datagram may be). ENOTCONN it is no connection.
 *   EDESTADDRREQ a datagram socket without a peer. EPIPE it was shut down, or the peer has gone.
 *   ENOBUFS no buffer for headers. ENETUNREACH, ENETDOWN no way for a datagram. ECONNRESET,
 *   ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH how the connection ended, said once.
 * - Thread: the loop. */
ssize_t z_write(int fd, struct rte_mbuf* m);

/* z_write() with flags: MSG_MORE says that more follows at once, so that less than a segment waits
 * for it (200 ms at most); MSG_DONTWAIT and MSG_NOSIGNAL change nothing.
 * - Success: the stack owns `m`.
 * - Failure: the caller does.
 * - Errors: as z_write(); EOPNOTSUPP another flag, or MSG_MORE of a datagram.
 * - Thread: the loop. */
ssize_t z_write_with(int fd, struct rte_mbuf* m, int flags);

/* z_write() of `n` chains as one, in their order: all of them, or nothing. At most Z_IOV_MAX.
 * - Success: the stack owns all of `chains`.
 * - Failure: the caller owns all of them.
 * - Errors: as z_write(). EINVAL also: `chains` is NULL, `n` is not 1 to Z_IOV_MAX, or one chain
 *   is there twice.
 * - Thread: the loop. */
ssize_t z_writev(int fd, struct rte_mbuf* const* chains, int n);
#define Z_IOV_MAX 256

/* One whole datagram. `addr`, unless NULL, receives the sender's address, cut to *len. Returns how
 * many bytes, which may be 0.
 * - Success: *m is the caller's; NULL for an empty datagram.
 * - Failure: *m is as it was.
 * - Errors: EAGAIN nothing has come. EBADF no such socket. EINVAL `m` is NULL, or `len` where
 *   `addr` is not. EOPNOTSUPP it is a stream socket. ECONNREFUSED, EHOSTUNREACH, EMSGSIZE what
 *   ICMP said of a datagram that was sent to the connected peer, said once.
 * - Thread: the loop. */
ssize_t z_recvfrom(int fd, struct rte_mbuf** m, struct sockaddr* addr, socklen_t* len);

/* Sends the chain as one datagram to `addr`.
 * - Success: the stack owns `m`.
 * - Failure: the caller does.
 * - Errors: EAGAIN the shard's queue is full. EMSGSIZE more than a datagram
 *   holds, or than the path's MTU if that is not to be cut. EBADF no such
 *   socket. EINVAL `m` or `addr` is NULL, too short, or `addr` has no port. EAFNOSUPPORT the
 *   address is of another family. EOPNOTSUPP it is a stream socket. ENETUNREACH no route. ENETDOWN
 *   the cable is out. EACCES a broadcast address without SO_BROADCAST. ENOBUFS no buffer for
 *   headers. ECONNREFUSED, EHOSTUNREACH what ICMP said of an earlier one, once.
 * - Thread: the loop. */
ssize_t z_sendto(int fd, struct rte_mbuf* m, const struct sockaddr* addr, socklen_t len);

/* z_sendto() with flags, of which a datagram has MSG_DONTWAIT and MSG_NOSIGNAL, which change
 * nothing. Of a stream MSG_FASTOPEN must be one: z_connect() and z_write_with() in one, so that the
 * SYN takes the first of the data along, if the server gave us a cookie before (RFC 7413). The
 * server may then see that data twice.
 * - Success: the stack owns `m`.
 * - Failure: the caller does.
 * - Errors: as z_sendto(), z_connect(), z_write_with(). EINPROGRESS the cookie is asked for; write
 *   `m` when there is EPOLLOUT. EOPNOTSUPP a flag that is not of this kind of socket.
 * - Thread: the loop. */
ssize_t z_sendto_with(int fd, struct rte_mbuf* m, int flags, const struct sockaddr* addr,
                      socklen_t len);

/* The copying twins of z_read() and z_write(), which may move less than `n` bytes.
 * z_copied_bytes() counts what they copy.
 * - Success: the memory stays the caller's.
 * - Failure: the same.
 * - Errors: as z_read() and z_write(); EINVAL `buf` is NULL, or there are 0 bytes to receive.
 * - Thread: the loop. */
ssize_t z_recv(int fd, void* buf, size_t n);
ssize_t z_send(int fd, const void* buf, size_t n);
/* z_send() with the flags of z_write_with().
 * - Success: the memory stays the caller's.
 * - Failure: the same.
 * - Errors: as z_send() and z_write_with().
 * - Thread: the loop. */
ssize_t z_send_with(int fd, const void* buf, size_t n, int flags);

/* Payload bytes, in and out, that this shard's sockets have copied: by the copying twins, and
 * where buffers ran short. 0 on the other calls' way. 0 also when it fails.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: none of its own.
 * - Thread: the loop. */
uint64_t z_copied_bytes(void);

/* ---- Buffers ---------------------------------------------------------------------------- */

/* A chain of `len` bytes, not initialised, with room for headers in front of each buffer, so that
 * sending adds none. 0 makes one empty buffer.
 * - Success: the chain is the caller's.
 * - Failure: there is none.
 * - Errors: ENOBUFS the pool is empty but for its reserve. EMSGSIZE more than 65535 buffers hold.
 * - Thread: the loop. */
struct rte_mbuf* z_alloc(size_t len);

/* Frees a chain, or with NULL nothing. Memory that others still use stays until they free it.
 * - Success: the chain has gone.
 * - Failure: does not fail; errno stays.
 * - Errors: none. To free what is not one's own, or twice, cannot be noticed.
 * - Thread: any shard, inside a z_free_fn too. */
void z_free(struct rte_mbuf* m);

/* Another chain over the same bytes, which live until both are freed. For sending one buffer on
 * many connections. From then on the bytes may not be written through either.
 * - Success: the new chain is the caller's, as `m` still is.
 * - Failure: `m` is the caller's.
 * - Errors: EINVAL `m` is NULL, no sound chain, or empty. ENOBUFS no descriptor left, or 60,000
 *   references exist.
 * - Thread: the loop. */
struct rte_mbuf* z_ref(struct rte_mbuf* m);

/* Cuts the first `n` bytes off *m without copying, and returns them; *m becomes the rest, NULL
 * when none is left.
 * - Success: both chains are the caller's.
 * - Failure: *m is the caller's, its bytes unchanged.
 * - Errors: EINVAL `m` or *m is NULL or no sound chain, `n` is 0 or more than there is. ENOBUFS no
 *   descriptor for the cut.
 * - Thread: the loop. */
struct rte_mbuf* z_split(struct rte_mbuf** m, size_t n);

/* Links `b` behind `a` and returns `a`.
 * - Success: `a` is the caller's, and `b` is a part of it.
 * - Failure: both are the caller's.
 * - Errors: EINVAL one is NULL or no sound chain, or both are the same. EMSGSIZE more than 65535
 *   buffers.
 * - Thread: any shard. */
struct rte_mbuf* z_concat(struct rte_mbuf* a, struct rte_mbuf* b);

/* Keeps the first `len` bytes of the chain. Returns 0.
 * - Success: the chain is the caller's, shorter.
 * - Failure: the caller's, unchanged.
 * - Errors: EINVAL `m` is NULL or no sound chain, or shorter than that.
 * - Thread: any shard. */
int z_truncate(struct rte_mbuf* m, size_t len);

/* Walking a chain: the bytes of one buffer, how many they are, the next buffer or NULL; and of the
 * first buffer, the bytes of the whole chain. z_writable() is 1 where the bytes may be written:
 * nobody else can see them, now. Of NULL: NULL and 0.
 * - Success: what they return is borrowed from the chain.
 * - Failure: do not fail.
 * - Errors: none.
 * - Thread: any shard. */
void* z_data(const struct rte_mbuf* m);
size_t z_len(const struct rte_mbuf* m);
struct rte_mbuf* z_next(const struct rte_mbuf* m);
size_t z_pktlen(const struct rte_mbuf* m);
int z_writable(const struct rte_mbuf* m);

/* Makes memory of the application's known to this shard and its device, once, for z_ext(). It must
 * stay mapped until z_run() has returned. Returns its name. Devices that copy (tap, packet and
 * DPDK's virtual ones) can send it; for a NIC behind an IOMMU it would have to be mapped, which is
 * not done.
 * - Success: the memory stays the caller's.
 * - Failure: the same.
 * - Errors: EINVAL it does not begin and end at the border of a page, or is empty. ENOMEM DPDK can
 *   know no more.
 * - Thread: the loop. */
int z_extmem_register(void* addr, size_t len);

/* Called once with the address and argument that z_ext() was given, when nothing uses that piece
 * of memory any more. It may call z_free() and no other call. */
typedef void (*z_free_fn)(void* addr, void* arg);

/* A chain over `len` bytes of registered memory from `offset` on. `on_free` may be NULL. The bytes
 * must not change until it is called.
 * - Success: the chain is the caller's; the bytes are lent to it until `on_free`.
 * - Failure: there is none, and `on_free` will not be called.
 * - Errors: EINVAL no such memory, `len` is 0, or they end behind it. EMSGSIZE more than 1 GiB.
 *   ENOBUFS no buffers for the bookkeeping.
 * - Thread: the loop. */
struct rte_mbuf* z_ext(int mem, size_t offset, size_t len, z_free_fn on_free, void* arg);

/* ---- Readiness -------------------------------------------------------------------------- */

/* Opens an epoll set; there may be many. z_close() closes it.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EMFILE no descriptor left.
 * - Thread: the loop. */
int z_epoll_create(void);

/* EPOLL_CTL_ADD, _MOD, _DEL: which of EPOLLIN, EPOLLOUT and EPOLLRDHUP of a socket, or of another
 * set, to report, and with what; EPOLLERR and EPOLLHUP always are. As epoll(7) has it: what stays
 * ready is reported again, or with EPOLLET only when something new has come, and with
 * EPOLLONESHOT once until the next EPOLL_CTL_MOD.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF one of the descriptors is none. EINVAL `epfd` is no set or is `fd`, another
 *   operation, `event` is NULL where one is needed, or what EPOLLEXCLUSIVE may not stand with.
 *   EEXIST it was added. ENOENT it was not. ELOOP sets would watch each other, or more than five
 *   lie in a row.
 * - Thread: the loop. */
int z_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event);

/* Up to `n` sockets and sets that are ready now, in turn. Returns how many, at once.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EBADF `epfd` is none. EINVAL it is no set, `events` is NULL or `n` is below 1.
 * - Thread: the loop. */
int z_epoll_wait(int epfd, struct epoll_event* events, int n);

#ifdef __cplusplus
}
#endif

#endif
