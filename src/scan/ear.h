/*
 * ear.h: hears the answers to our SYNs on every interface.
 *
 * A packet socket whose ring the kernel shares with us, behind a filter for our source
 * ports and for ICMP errors: what is nothing to us costs no copy.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct ear;

/* For answers to these 256 source ports. 0 and *out, or -errno. */
int ear_open(uint16_t block, struct ear **out);
void ear_close(struct ear *ear);

/* An IP packet, which may be cut, and when it came (Unix time). */
typedef void (*ear_hears)(void *self, struct bytes packet, int64_t at_us);

/* All that is there; if nothing is, waits for it so long. 0 or -errno. */
int ear_listen(struct ear *ear, int64_t wait_us, ear_hears hears, void *self);

/* Packets for which the ring had no room. */
uint64_t ear_lost(struct ear *ear);
