/*
 * places.h: which network namespace of this machine an address belongs to.
 *
 * A port number says whose a connection is only on the machine that has the address.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "host/host.h"

enum { PLACES_MAX = 16384 };

struct places;
/* NULL without memory. */
struct places *places_new(void);
void places_free(struct places *places);

void places_take(struct places *places, const struct host_address *address);

/* False if it is nobody's here.  Of several namespaces, ours. */
bool places_at(const struct places *places, const struct addr *addr, uint64_t *netns);
