/* What F-Stack's tools call, which ff_api.h includes. */
#ifndef _FSTACK_TOOLS_H
#define _FSTACK_TOOLS_H

#ifdef __cplusplus
extern "C" {
#endif

/* FreeBSD's routing messages and netgraph, which there are none of here: for programs that link
 * with them. Routes are ff_route_ctl()'s. They return -1.
 * - Success: does not succeed.
 * - Failure: the memory stays the caller's, untouched.
 * - Errors: EOPNOTSUPP always.
 * - Thread: any. */
enum FF_NGCTL_CMD { NGCTL_SOCKET, NGCTL_BIND, NGCTL_CONNECT, NGCTL_SEND, NGCTL_RECV, NGCTL_CLOSE };
int ff_rtioctl(int fib, void* data, unsigned* plen, unsigned maxlen);
int ff_ngctl(int cmd, void* data);

#ifdef __cplusplus
}
#endif

#endif
