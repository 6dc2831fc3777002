/*
 * source.h: what a live capture and capture files have in common; private to
 * this room.
 *
 * A source embeds struct capture as its first member and fills in its ops:
 *
 *	struct live { struct capture capture; ... };
 *	static int live_next(struct capture *capture, ...)
 *	{
 *		struct live *live = (struct live *)capture;
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"
#include "capture/capture.h"

/* capture.c calls these, and counts stats.frames itself from what next returns. */
struct capture_ops {
	bool is_live;
	/* As capture_next(). Sets capture->ended at the end. */
	int (*next)(struct capture *capture, const struct frame **frames,
		    int timeout_ms);
	/* Brings stats (all but frames) up to date; NULL if they always are. */
	void (*update_stats)(struct capture *capture);
	/* As capture_wake(); NULL: it never waits. */
	void (*wake)(const struct capture *capture);
	/* Frees all but ifaces, which capture_close() did; the struct included. */
	void (*close)(struct capture *capture);
};

enum {
	IFACE_NAME_MAX = 128, /* with the NUL; Windows names hold a GUID */
	IFACES_MAX = 65535,   /* this identifier is shared by all that come later */
};

/* Names of interfaces by frame.iface. Zero it to begin with. */
struct iface_table {
	char **names; /* owned, never NULL */
	size_t count;
};

struct capture {
	const struct capture_ops *ops;
	struct capture_stats stats;
	struct iface_table ifaces;
	bool ended;
	char error[CAPTURE_ERROR_MAX];
};

/*
 * Returns the identifier of a new interface. The name is copied, control bytes
 * become '?', too long ones are cut. With no room left, IFACES_MAX, the nameless.
 */
uint16_t iface_table_add(struct iface_table *table, const char *name, size_t len);
const char *iface_table_name(const struct iface_table *table, uint16_t iface);
void iface_table_free(struct iface_table *table);

/* Writes what capture_error() tells; a later text replaces an earlier one. */
__attribute__((format(printf, 2, 3))) void capture_say(struct capture *capture,
						       const char *format, ...);

/* A pcap-filter(7) expression, compiled for each link type when it is first met. */
struct filter;

/* NULL and one line in error if the expression is wrong for every link type. */
struct filter *filter_new(const char *expression, char error[static CAPTURE_ERROR_MAX]);
void filter_free(struct filter *filter);

/* False as well if the expression can't be asked of that link type; see below. */
bool filter_takes(struct filter *filter, const struct frame *frame);

/* "" or why frames of some link type were all refused. */
const char *filter_problem(const struct filter *filter);

/*
 * The program for a link type, for SO_ATTACH_FILTER: *count instructions, in the
 * layout of struct sock_filter, that return the bytes to keep, 0 for none.  NULL
 * if the expression can't be asked of that link type.  Owned by the filter.
 */
struct sock_filter;
const struct sock_filter *filter_program(struct filter *filter, uint16_t link,
					 uint16_t *count);
