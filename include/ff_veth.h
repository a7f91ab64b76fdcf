/* F-Stack's header of mbuf calls; here they are in ff_api.h. */
#ifndef _FSTACK_VETH_H
#define _FSTACK_VETH_H
#include "ff_api.h"
#endif
