/* kqueue's structure and constants by FreeBSD's names and values (kevent(2)), for ff_kqueue() and
 * ff_kevent() of ff_api.h.
 *
 * There are four filters: EVFILT_READ and EVFILT_WRITE of sockets, EVFILT_READ of another kqueue or
 * epoll descriptor, EVFILT_TIMER and EVFILT_USER. The others have their names here and are refused
 * with EINVAL. */
#ifndef _FSTACK_EVENT_H
#define _FSTACK_EVENT_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kevent {
  uintptr_t ident; /* the descriptor, or the program's number of a timer or user event */
  short filter;
  u_short flags;
  u_int fflags;
  intptr_t data;
  void* udata; /* comes back as it was given */
};

#define EV_SET(kevp_, a, b, c, d, e, f) \
  do {                                  \
    struct kevent* kevp = (kevp_);      \
    kevp->ident = (a);                  \
    kevp->filter = (b);                 \
    kevp->flags = (c);                  \
    kevp->fflags = (d);                 \
    kevp->data = (e);                   \
    kevp->udata = (f);                  \
  } while (0)

/* Filters. READ's data: bytes to be read, or connections to be accepted. WRITE's: room in the send
 * buffer. TIMER's: how often it has expired. */
#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_AIO (-3)
#define EVFILT_VNODE (-4)
#define EVFILT_PROC (-5)
#define EVFILT_SIGNAL (-6)
#define EVFILT_TIMER (-7)
#define EVFILT_FS (-9)
#define EVFILT_LIO (-10)
#define EVFILT_USER (-11)
#define EVFILT_SYSCOUNT 11

/* What to do. */
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008
/* How. */
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_DISPATCH 0x0080
#define EV_SYSFLAGS 0xF000
#define EV_DROP 0x1000
#define EV_FLAG1 0x2000
/* What is returned: the other end has finished, with fflags = the connection's error or 0; the
 * change failed, with data = errno. */
#define EV_EOF 0x8000
#define EV_ERROR 0x4000

/* EVFILT_READ and EVFILT_WRITE: data is the least amount to report. */
#define NOTE_LOWAT 0x0001

/* EVFILT_TIMER: the unit of data; none: milliseconds. */
#define NOTE_SECONDS 0x00000001
#define NOTE_MSECONDS 0x00000002
#define NOTE_USECONDS 0x00000004
#define NOTE_NSECONDS 0x00000008

/* EVFILT_USER: what to do with the 24 flags of the program's, and with the event. */
#define NOTE_FFNOP 0x00000000
#define NOTE_FFAND 0x40000000
#define NOTE_FFOR 0x80000000
#define NOTE_FFCOPY 0xc0000000
#define NOTE_FFCTRLMASK 0xc0000000
#define NOTE_FFLAGSMASK 0x00ffffff
#define NOTE_TRIGGER 0x01000000

/* Of filters that there are not. */
#define NOTE_DELETE 0x0001
#define NOTE_WRITE 0x0002
#define NOTE_EXTEND 0x0004
#define NOTE_ATTRIB 0x0008
#define NOTE_LINK 0x0010
#define NOTE_RENAME 0x0020
#define NOTE_REVOKE 0x0040
#define NOTE_EXIT 0x80000000
#define NOTE_FORK 0x40000000
#define NOTE_EXEC 0x20000000
#define NOTE_PCTRLMASK 0xf0000000
#define NOTE_PDATAMASK 0x000fffff
#define NOTE_TRACK 0x00000001
#define NOTE_TRACKERR 0x00000002
#define NOTE_CHILD 0x00000004

#ifdef __cplusplus
}
#endif

#endif
