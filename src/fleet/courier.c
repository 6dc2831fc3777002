/*
 * courier.c: see courier.h.
 */
#include "fleet/courier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/courier_inside.h"

enum { LOOK_MS = 2000, NS_PER_US = 1000, WHEREABOUTS_S = 3600 };

#define US_PER_S 1000000LL

void courier_wake(struct courier *courier)
{
	const uint64_t one = 1;
	ssize_t ignored = write(courier->wake, &one, sizeof(one));
	(void)ignored; /* it is full: then it is readable anyway */
}

void courier_wait(struct courier *courier, const bool *is_woken, int64_t timeout_us)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + timeout_us;
	const struct timespec until = { .tv_sec = until_us / US_PER_S,
					.tv_nsec = until_us % US_PER_S * NS_PER_US };
	while (!courier->ends && !*is_woken)
		if (pthread_cond_timedwait(&courier->changed, &courier->lock, &until) !=
		    0)
			break;
}

/* The link's thread. */
static void note_connected(void *self)
{
	struct courier *courier = self;
	pthread_mutex_lock(&courier->lock);
	courier->has_connected = true;
	pthread_mutex_unlock(&courier->lock);
	courier_wake_lanes(courier, true);
	courier_wake(courier);
}

/* ---- opening ---- */

static void init(struct courier *courier, const struct courier_options *options)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&courier->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&courier->lock, NULL);
	snprintf(courier->spool, sizeof(courier->spool), "%s", options->spool);
	snprintf(courier->sensor, sizeof(courier->sensor), "%s", options->sensor);
	snprintf(courier->inbox, sizeof(courier->inbox), FLEET_INBOX, options->sensor);
	courier->pace.bytes_per_s = options->bytes_per_s;
	courier->counts.last_us = UNKNOWN_TIME;
	courier->epoll = courier->wake = courier->inotify = -1;
	for (int lane = 0; lane < FLEET_LANES; lane++)
		courier->lanes[lane] =
			(struct courier_lane){ .courier = courier, .lane = lane };
}

static int wait_for(struct courier *courier, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	return epoll_ctl(courier->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* Without inotify each lane looks by itself. */
static int open_descriptors(struct courier *courier)
{
	courier->epoll = epoll_create1(EPOLL_CLOEXEC);
	courier->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (courier->epoll < 0 || courier->wake < 0)
		return -errno;
	int error = wait_for(courier, courier->wake);
	if (error == 0 && courier_watch_open(courier) == 0)
		error = wait_for(courier, courier->inotify);
	return error;
}

static int open_link(struct courier *courier, const struct courier_options *options,
		     char error[static LINK_ERROR_MAX])
{
	struct link_options link = options->link;
	char subject[FLEET_SUBJECT_MAX];
	link.name = courier->sensor;
	link.inbox = courier->inbox;
	link.connected = note_connected;
	link.self = courier;
	courier->link = link_open(&link, error);
	if (courier->link == NULL)
		return -EINVAL;
	courier->whereabouts = whereabouts_open(link.servers);
	snprintf(subject, sizeof(subject), FLEET_TOLD, courier->sensor);
	courier->listen =
		link_listen(courier->link, subject, NULL, courier_hear, courier, error);
	return courier->listen != NULL && courier->whereabouts != NULL ? 0 : -ENOMEM;
}

static int start_threads(struct courier *courier)
{
	int error = whereabouts_follow(courier->whereabouts) ? 0 : EAGAIN;
	for (int lane = 0; lane < FLEET_LANES && error == 0; lane++) {
		struct courier_lane *work = &courier->lanes[lane];
		error = pthread_create(&work->thread, NULL, courier_carry, work);
		courier->threads += error == 0;
	}
	if (error == 0) {
		error = pthread_create(&courier->asker, NULL, courier_ask_on, courier);
		courier->threads += error == 0;
	}
	return -error;
}

struct courier *courier_open(const struct courier_options *options,
			     char error[static LINK_ERROR_MAX])
{
	struct courier *courier = calloc(1, sizeof(*courier));
	if (courier == NULL) {
		snprintf(error, LINK_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	init(courier, options);
	int failed = open_descriptors(courier);
	if (failed != 0)
		snprintf(error, LINK_ERROR_MAX, "%s", strerror(-failed));
	else
		failed = open_link(courier, options, error);
	if (failed == 0 && (failed = start_threads(courier)) != 0)
		snprintf(error, LINK_ERROR_MAX, "no thread: %s", strerror(-failed));
	if (failed == 0)
		return courier;
	courier_close(courier);
	return NULL;
}

static void close_descriptor(int fd)
{
	if (fd >= 0)
		close(fd);
}

void courier_close(struct courier *courier)
{
	if (courier == NULL)
		return;
	pthread_mutex_lock(&courier->lock);
	courier->ends = true;
	pthread_cond_broadcast(&courier->changed);
	pthread_mutex_unlock(&courier->lock);
	for (int i = 0; i < courier->threads; i++)
		pthread_join(i < FLEET_LANES ? courier->lanes[i].thread
					     : courier->asker,
			     NULL);
	link_listen_close(courier->listen);
	link_close(courier->link);
	whereabouts_close(courier->whereabouts);
	courier_forget_talk(courier);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		buf_free(&courier->lanes[lane].bytes);
	close_descriptor(courier->epoll);
	close_descriptor(courier->wake);
	close_descriptor(courier->inotify);
	pthread_cond_destroy(&courier->changed);
	pthread_mutex_destroy(&courier->lock);
	free(courier);
}

/* ---- the rest ---- */

int courier_fd(const struct courier *courier)
{
	return courier->epoll;
}

int courier_timeout_ms(const struct courier *courier)
{
	(void)courier;
	return LOOK_MS;
}

static bool take_connected(struct courier *courier)
{
	pthread_mutex_lock(&courier->lock);
	bool has = courier->has_connected;
	courier->has_connected = false;
	pthread_mutex_unlock(&courier->lock);
	return has;
}

static void tell_servers(struct courier *courier, const struct courier_output *output)
{
	struct server_addresses servers;
	int64_t now_us = clock_us(CLOCK_BOOTTIME);
	uint64_t changes = whereabouts_list(courier->whereabouts, &servers);
	bool is_due = now_us - courier->whereabouts_us >= WHEREABOUTS_S * US_PER_S;
	if (servers.count == 0 || (changes == courier->whereabouts_told && !is_due))
		return;
	courier->whereabouts_told = changes;
	courier->whereabouts_us = now_us;
	output->servers(output->self, &servers);
}

void courier_run(struct courier *courier, const struct courier_output *output)
{
	uint64_t ignored;
	while (read(courier->wake, &ignored, sizeof(ignored)) > 0)
		continue;
	if (courier->inotify >= 0) {
		courier_watch_read(courier);
		courier_watch_again(courier);
	}
	if (take_connected(courier))
		output->connected(output->self);
	courier_tell_heard(courier, output);
	tell_servers(courier, output);
}

void courier_counts(struct courier *courier, struct courier_counts *out)
{
	char trouble[LINK_ERROR_MAX];
	bool is_up = link_is_up(courier->link);
	link_trouble(courier->link, trouble);
	pthread_mutex_lock(&courier->lock);
	*out = courier->counts;
	out->is_up = is_up;
	/* Of lanes, the first: it is what matters most. */
	for (int lane = 0; lane < FLEET_LANES && (is_up && trouble[0] == '\0'); lane++)
		memcpy(trouble, courier->lanes[lane].trouble, sizeof(trouble));
	pthread_mutex_unlock(&courier->lock);
	memcpy(out->trouble, trouble, sizeof(out->trouble));
}
