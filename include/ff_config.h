/* F-Stack's configuration, as far as programs look at it. ff_init() of ff_api.h reads the same
 * config.ini; docs/porting-from-f-stack.md says which keys have a meaning here. */
#ifndef __FSTACK_CONFIG_H
#define __FSTACK_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DPDK_MAX_LCORE 128
#define MAX_PKT_BURST 32

/* What ff_init() was told, for programs that print it; nothing is read from here. */
struct ff_config {
  char* filename; /* of config.ini, NULL without one */
  struct {
    char* proc_type; /* "primary" */
    int nb_procs;    /* how many cores lcore_mask names */
    int proc_id;
    int nb_ports; /* 1 */
    unsigned idle_sleep;
    unsigned pkt_tx_delay; /* 0: nothing is delayed */
  } dpdk;
  struct {
    int fd_reserve;
  } freebsd;
};

extern struct ff_config ff_global_cfg;

/* Reads the command line and config.ini as ff_init() does, which calls it. Returns 0.
 * - Success: argv stays the caller's.
 * - Failure: the same.
 * - Errors: EINVAL an option or a value is wrong; a sentence about it is on stderr. ENOENT the file
 *   that was named is not there.
 * - Thread: main, before ff_init(). */
int ff_load_config(int argc, char* const argv[]);

#ifdef __cplusplus
}
#endif

#endif
