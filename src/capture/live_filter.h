/*
 * live_filter.h: what a live capture lets through; private to this room.
 *
 * The kernel leaves out other interfaces, the second sight of each packet on
 * loopback and, for Ethernet, what the user's filter or our own dashboard
 * exclude.  Rare link types are asked here, frame by frame.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"

struct live_filter;

/* NULL, error and status as capture_live(). */
struct live_filter *live_filter_new(const struct capture_live_options *options,
				    char error[static CAPTURE_ERROR_MAX], int *status);
void live_filter_free(struct live_filter *filter);

/* Lets nothing through. 0 or -errno. */
int live_filter_shut(int fd);

/*
 * Lets through what is wanted, of the interfaces with these numbers, or of all if
 * numbers is NULL; also asks which addresses the machine has now. 0 or -errno.
 */
int live_filter_open(struct live_filter *filter, int fd, const int *numbers,
		     size_t count);

/* True if the filter asks for VLAN tags, which must be in the frame's bytes then. */
bool live_filter_wants_tags(const struct live_filter *filter);

/* What the kernel has not asked yet. */
bool live_filter_takes(struct live_filter *filter, const struct frame *frame);

/* "" or why frames of some link type were all refused. */
const char *live_filter_problem(const struct live_filter *filter);
