/*
 * way.h: what the kernel's routes say of where a packet came from, for detectors.
 */
#pragma once

#include "detect/detect.h"

enum { DETECT_IFACE_MAX = 32 }; /* as contact.iface */

/*
 * Whether the kernel would answer a contact by the interface that it came over; by is
 * then the other one's name.  Not known: more than one way may be right, or it is not
 * this machine that it came to or through.
 */
enum detect_way {
	DETECT_WAY_UNKNOWN,
	DETECT_WAY_SAME,
	DETECT_WAY_OTHER,
	DETECT_WAY_NONE
};
typedef enum detect_way (*detect_ask_way)(void *self,
					  const struct contact_record *contact,
					  char by[static DETECT_IFACE_MAX]);
/* Asked some tens of times a second at most; never called: nobody is asked. */
void detect_set_ways(struct detect *detect, detect_ask_way ask, void *self);
