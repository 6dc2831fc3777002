/*
 * capture.h: where frames come from, live or a file; the caller can't tell.
 *
 * capture_next() hands out a batch; the frames' bytes stay valid until the
 * next call on the same capture.  One capture belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"

struct capture;

enum { CAPTURE_BATCH = 64, CAPTURE_ERROR_MAX = 512 };

/* What was lost before anyone could look.  Counts since the capture opened. */
struct capture_stats {
	uint64_t frames;         /* handed out */
	uint64_t kernel_dropped; /* by the kernel: ring full, or a file's own drop count
				  */
	uint64_t cut_short;      /* files that end in the middle of a record */
	uint64_t bytes_read,
		bytes_total; /* of files, for a progress bar; total 0: unknown */
};

/*
 * Opens capture files (pcap, pcapng, by content; "-" is standard input).  Frames of
 * several files come merged in order of time.  filter is a pcap-filter(7)
 * expression or NULL.  NULL and *error, one line without newline and with the
 * file's name, when a file can't be read; *status is then the exit status: 2
 * for a wrong file or filter, 4 for a missing permission.
 */
struct capture *capture_files(const char *const *paths, size_t count,
			      const char *filter, char error[static CAPTURE_ERROR_MAX],
			      int *status);

/*
 * What takes privileges to open, opened by another process; all that follows needs
 * none.  Owned by the capture once it is asked for, also when that fails.
 */
struct capture_opened {
	int socket;   /* capture_socket() */
	int steering; /* capture_steering(), or -1 */
};

struct capture_live_options {
	const char *const *interfaces; /* NULL: every one that is up, now or later */
	size_t interface_count;
	const char *also;      /* of chosen ones: this one as well, whenever it comes */
	const char *filter;    /* pcap-filter(7), NULL: all */
	uint16_t fanout_group; /* 0: none; else shared by all workers of a process */
	uint32_t ring_bytes;   /* memory shared with the kernel, a multiple of 1 MiB */
	uint16_t exclude_port; /* own dashboard: this TCP port ... */
	const char *exclude_addr;            /* ... of this address; NULL: nothing */
	const struct capture_opened *opened; /* NULL: opens these itself */
};

/* A socket that hears nothing yet; needs CAP_NET_RAW.  Or -errno. */
int capture_socket(void);

/*
 * The program by which workers share packets: a descriptor, or -errno.  Needs CAP_BPF
 * and CAP_NET_ADMIN; without it, the kernel's own hash must do.
 */
int capture_steering(void);

/* AF_PACKET with TPACKET_V3.  Errors as above. */
struct capture *capture_live(const struct capture_live_options *options,
			     char error[static CAPTURE_ERROR_MAX], int *status);

/*
 * Next batch, at most CAPTURE_BATCH frames, in *frames.  Waits up to timeout_ms
 * when nothing is there (live).  Returns the count; 0: nothing yet (live) or
 * the end (capture_ended() is then true); negative errno: broken, see
 * capture_error().
 */
int capture_next(struct capture *capture, const struct frame **frames, int timeout_ms);

/* From any thread: who waits for frames, or will next, does not wait. */
void capture_wake(const struct capture *capture);
bool capture_ended(const struct capture *capture);

/* True for a source that waits for the clock; false for files. */
bool capture_is_live(const struct capture *capture);

/* One line about what went wrong or was odd (a file cut short); "" if nothing. */
const char *capture_error(const struct capture *capture);
void capture_stats(struct capture *capture, struct capture_stats *stats);

/* Name of frame.iface; "" if the source has none. Valid until close. */
const char *capture_iface(const struct capture *capture, uint16_t iface);
void capture_close(struct capture *capture);
