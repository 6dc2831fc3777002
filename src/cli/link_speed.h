/*
 * link_speed.h: what this machine's links carry.
 */
#pragma once

/* Bytes a second of the fastest, in one direction; NaN if none says. */
double link_speed_bytes(void);
