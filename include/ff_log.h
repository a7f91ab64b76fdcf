/* F-Stack's log: a level and a type a line, to a stream of the program's or to stderr. */
#ifndef _FSTACK_LOG_H
#define _FSTACK_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types, by DPDK's numbers. */
#define FF_LOGTYPE_EAL 0
#define FF_LOGTYPE_MALLOC 1
#define FF_LOGTYPE_RING 2
#define FF_LOGTYPE_MEMPOOL 3
#define FF_LOGTYPE_TIMER 4
#define FF_LOGTYPE_PMD 5
#define FF_LOGTYPE_HASH 6
#define FF_LOGTYPE_LPM 7
#define FF_LOGTYPE_ACL 9
#define FF_LOGTYPE_POWER 10
#define FF_LOGTYPE_METER 11
#define FF_LOGTYPE_SCHED 12
#define FF_LOGTYPE_PORT 13
#define FF_LOGTYPE_TABLE 14
#define FF_LOGTYPE_PIPELINE 15
#define FF_LOGTYPE_MBUF 16
#define FF_LOGTYPE_CRYPTODEV 17
#define FF_LOGTYPE_EFD 18
#define FF_LOGTYPE_EVENTDEV 19
#define FF_LOGTYPE_GSO 20
#define FF_LOGTYPE_USER1 24
#define FF_LOGTYPE_USER2 25
#define FF_LOGTYPE_USER3 26
#define FF_LOGTYPE_USER4 27
#define FF_LOGTYPE_USER5 28
#define FF_LOGTYPE_USER6 29
#define FF_LOGTYPE_USER7 30
#define FF_LOGTYPE_USER8 31
#define FF_LOGTYPE_FIRST_EXT_ID 32
#define FF_LOGTYPE_FSTACK_APP FF_LOGTYPE_USER1
#define FF_LOGTYPE_FSTACK_LIB FF_LOGTYPE_USER7
#define FF_LOGTYPE_FSTACK_FREEBSD FF_LOGTYPE_USER8

/* Levels: a line is written if its level is no higher than its type's and than the global one. */
#define FF_LOG_DISABLE 0U
#define FF_LOG_EMERG 1U
#define FF_LOG_ALERT 2U
#define FF_LOG_CRIT 3U
#define FF_LOG_ERR 4U
#define FF_LOG_WARNING 5U
#define FF_LOG_NOTICE 6U
#define FF_LOG_INFO 7U
#define FF_LOG_DEBUG 8U
#define FF_LOG_MAX FF_LOG_DEBUG

/* What ff_log_open_set() puts in front of the name of its file. */
extern char FF_LOG_FILENAME_PREFIX[];

/* Opens the log file that config.ini names (fstack_log_file_prefix), with the process' number and
 * ".log" behind; without one the log stays where it is. Returns 0.
 * - Success: the file is the library's until ff_log_close().
 * - Failure: the log stays where it was.
 * - Errors: those of fopen().
 * - Thread: main. */
int ff_log_open_set(void);

/* Closes the file of ff_log_open_set(), if one is open.
 * - Success: a stream of the program's stays as it is.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: main. */
void ff_log_close(void);

/* Sends the log to `f`, a FILE* of the program's; NULL: back to stderr. Returns 0.
 * - Success: `f` stays the program's, and must stay open.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: main. */
int ff_log_reset_stream(void* f);
int ff_openlog_stream(FILE* f);

/* The highest level of all types that is written; FF_LOG_INFO at first.
 * - Success: no buffers are involved.
 * - Failure: does not fail.
 * - Errors: none.
 * - Thread: any. */
void ff_log_set_global_level(uint32_t level);

/* The highest level of one type that is written; FF_LOG_INFO at first. Returns 0.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EINVAL there is no such type or level.
 * - Thread: any. */
int ff_log_set_level(uint32_t logtype, uint32_t level);

/* Writes a line as printf() does. Returns how many characters, 0 where the level is not written.
 * - Success: no buffers are involved.
 * - Failure: the same.
 * - Errors: EINVAL there is no such type or level, or `format` is NULL. Those of vfprintf().
 * - Thread: any. */
int ff_log(uint32_t level, uint32_t logtype, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
int ff_vlog(uint32_t level, uint32_t logtype, const char* format, va_list ap);

#ifdef __cplusplus
}
#endif

#endif
