/*
 * hub_follow.c: see hub_follow.h.
 */
#include "cli/hub_follow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ring.h"
#include "fleet/batch.h"
#include "fleet/take.h"
#include "fleet/whole.h"

enum {
	RING_BYTES = 16 << 20,
	PATIENCE_MS = 5,
	LANES = 3,
	EVIDENCE = 2, /* of them: only while it is wanted */
};

/* In the ring, before the record. */
struct message_head {
	uint8_t is_own;
	_Alignas(16) char record[];
};

/* One lane's: the library's thread writes, the loop reads. */
struct lane {
	struct hub_follow *of;
	enum fleet_lane lane;
	struct link_follow *follow;
	struct ring *ring;
	struct board_came came; /* of the batch that is read */
	bool is_own;
	/* The loop's: */
	bool is_ending;    /* follow was told to, and not waited for */
	bool begins_again; /* ... as soon as it has */
	int64_t since_us;  /* what begins again */
};

struct hub_follow {
	struct hub_follow_options options;
	struct lane lanes[LANES];
	int event;
	int64_t began_us; /* on the wall: what is stored later is no repetition */
	atomic_bool stops;
	atomic_ullong records, unshown, unread, holes;
	atomic_llong last_us;
};

static void nap(void)
{
	const struct timespec some = { .tv_nsec = PATIENCE_MS * 1000000L };
	nanosleep(&some, NULL);
}

static void wake(const struct hub_follow *follow)
{
	const uint64_t one = 1;
	/* It can't fail: the counter is far from its end. */
	ssize_t written = write(follow->event, &one, sizeof(one));
	(void)written;
}

/* ---- on the library's threads ---- */

/* False: it is not wanted, or the hub ends. */
static struct message_head *place(struct lane *lane, enum record_kind kind, size_t size)
{
	struct hub_follow *follow = lane->of;
	struct message_head *at = NULL;
	size_t len = sizeof(*at) + size;
	while ((at = ring_reserve(lane->ring, (uint16_t)kind, len)) == NULL &&
	       lane->lane == LANE_EVENT && !atomic_load(&follow->stops)) {
		wake(follow);
		nap();
	}
	return at;
}

static bool take_record(void *to, enum record_kind kind, const void *record)
{
	struct lane *lane = to;
	size_t size = schemas[kind].size;
	if (!whole_record(kind, record)) {
		atomic_fetch_add(&lane->of->unread, 1);
		return true;
	}
	board_take(lane->of->options.board, kind, record, &lane->came);
	struct message_head *at = place(lane, kind, size);
	if (at == NULL) {
		atomic_fetch_add(&lane->of->unshown, 1);
		return !atomic_load(&lane->of->stops);
	}
	at->is_own = lane->is_own;
	memcpy(at->record, record, size);
	ring_commit(lane->ring);
	atomic_fetch_add(&lane->of->records, 1);
	return true;
}

/* Who lies about its name is refused by who keeps it, and is not shown either. */
static bool is_right(const struct lane *lane, const struct link_message *message,
		     struct batch_head *head)
{
	char sensor[FLEET_NAME_MAX], error[BATCH_ERROR_MAX];
	enum fleet_lane of;
	return take_subject(message->subject, sensor, &of) &&
	       batch_read_head(message->bytes, message->len, head, error) &&
	       strcmp(head->id.sensor, sensor) == 0 && head->id.lane == lane->lane;
}

static void take_message(void *self, const struct link_message *message)
{
	struct lane *lane = self;
	struct hub_follow *follow = lane->of;
	char error[BATCH_ERROR_MAX];
	struct batch_head head;
	if (!is_right(lane, message, &head)) {
		atomic_fetch_add(&follow->unread, 1);
		return;
	}
	lane->came =
		(struct board_came){ .stored_us = message->stored_us,
				     .made_us = head.made_us,
				     .now_us = clock_us(CLOCK_MONOTONIC),
				     .is_live = message->stored_us > follow->began_us };
	lane->is_own = strcmp(head.id.sensor, FLEET_HUB) == 0 &&
		       head.id.epoch == follow->options.own_epoch;
	if (!batch_read(message->bytes, message->len, take_record, lane, error))
		atomic_fetch_add(&follow->unread, 1);
	if (lane->lane == LANE_EVENT)
		atomic_store(&follow->last_us, message->stored_us);
	wake(follow);
}

/* Ports tell each minute again, and evidence is of the moment: what is open is events'.
 */
static void note_missed(void *self, int64_t since_us)
{
	const struct lane *lane = self;
	struct hub_follow *follow = lane->of;
	atomic_fetch_add(&follow->holes, 1);
	if (lane->lane == LANE_EVENT)
		follow->options.missed(follow->options.self, since_us);
}

/* ---- in the loop ---- */

static void end_lane(struct lane *lane)
{
	link_follow_close(lane->follow);
	lane->follow = NULL;
	lane->is_ending = false;
}

static bool start_lane(struct lane *lane, int64_t since_us)
{
	char error[LINK_ERROR_MAX];
	if (lane->follow == NULL)
		lane->follow = link_follow(lane->of->options.link, lane->lane, since_us,
					   take_message, note_missed, lane, error);
	return lane->follow != NULL;
}

static bool open_lane(struct lane *lane, int64_t since_us)
{
	lane->ring = ring_new(RING_BYTES);
	return lane->ring != NULL &&
	       (lane->lane == LANE_EVIDENCE || start_lane(lane, since_us));
}

void hub_follow_evidence(struct hub_follow *follow, bool wanted, int64_t since_us)
{
	struct lane *lane = &follow->lanes[EVIDENCE];
	lane->begins_again = wanted && lane->is_ending;
	lane->since_us = since_us;
	if (wanted && !lane->is_ending) {
		start_lane(lane, since_us);
	} else if (!wanted && lane->follow != NULL) {
		link_follow_stop(lane->follow);
		lane->is_ending = true;
	}
}

struct hub_follow *hub_follow_start(const struct hub_follow_options *options)
{
	static const enum fleet_lane followed[LANES] = { LANE_EVENT, LANE_PORT,
							 LANE_EVIDENCE };
	struct hub_follow *follow = calloc(1, sizeof(*follow));
	if (follow == NULL)
		return NULL;
	follow->options = *options;
	follow->began_us = clock_us(CLOCK_REALTIME);
	atomic_store(&follow->last_us, UNKNOWN_TIME);
	follow->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bool has_begun = follow->event >= 0;
	for (size_t i = 0; i < LANES; i++) {
		follow->lanes[i] = (struct lane){ .of = follow, .lane = followed[i] };
		has_begun =
			has_begun && open_lane(&follow->lanes[i], options->since_us);
	}
	if (has_begun)
		return follow;
	hub_follow_stop(follow);
	return NULL;
}

int hub_follow_fd(const struct hub_follow *follow)
{
	return follow->event;
}

static int take_from(struct lane *lane, int most,
		     void (*take)(void *self, const struct hub_heard *heard),
		     void *self)
{
	uint16_t kind;
	size_t len;
	int count = 0;
	for (const struct message_head *at;
	     count < most && (at = ring_peek(lane->ring, &kind, &len)) != NULL;
	     count++) {
		const struct hub_heard heard = { .kind = (enum record_kind)kind,
						 .record = at->record,
						 .is_own = at->is_own };
		take(self, &heard);
		ring_pop(lane->ring);
	}
	return count;
}

bool hub_follow_take(struct hub_follow *follow, int most,
		     void (*take)(void *self, const struct hub_heard *heard),
		     void *self)
{
	uint64_t count;
	bool has_more = false;
	ssize_t len = read(follow->event, &count, sizeof(count));
	(void)len; /* nothing: nobody has woken us, and there may be more all the same
		    */
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &follow->lanes[i];
		has_more |= take_from(lane, most, take, self) == most;
		if (lane->is_ending && link_follow_has_ended(lane->follow)) {
			end_lane(lane);
			if (lane->begins_again)
				start_lane(lane, lane->since_us);
			lane->begins_again = false;
		}
	}
	if (has_more)
		wake(follow);
	return has_more;
}

void hub_follow_count(struct hub_follow *follow, struct hub_follow_counts *out)
{
	*out = (struct hub_follow_counts){ .last_us = UNKNOWN_TIME };
	if (follow == NULL)
		return;
	*out = (struct hub_follow_counts){ .records = atomic_load(&follow->records),
					   .unshown = atomic_load(&follow->unshown),
					   .unread = atomic_load(&follow->unread),
					   .holes = atomic_load(&follow->holes),
					   .last_us = atomic_load(&follow->last_us) };
}

void hub_follow_stop(struct hub_follow *follow)
{
	if (follow == NULL)
		return;
	atomic_store(&follow->stops, true);
	for (size_t i = 0; i < LANES; i++)
		link_follow_stop(follow->lanes[i].follow);
	for (size_t i = 0; i < LANES; i++) {
		link_follow_close(follow->lanes[i].follow);
		ring_free(follow->lanes[i].ring);
	}
	if (follow->event >= 0)
		close(follow->event);
	free(follow);
}
