/* F-Stack's header of pktmbuf_pool and lcore_conf; here they are in ff_api.h. */
#ifndef _FSTACK_DPDK_IF_H
#define _FSTACK_DPDK_IF_H
#include "ff_api.h"
#endif
