/*
 * link_speed.h: what this machine's links carry.
 */
#pragma once

/*
 * Bytes a second of the fastest, in one direction; NaN if none says.  Who may not look
 * any more, as a daemon that has confined itself, is told what there was.
 */
double link_speed_bytes(void);
