/*
 * wall.c: see wall.h.  The process: what it is told becomes changes of the table, all
 * that wait go to the kernel at once, and what the kernel holds is looked at again and
 * again, a piece at a time, so that no order waits for it.
 */
#include "guard/wall.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "guard/machine.h"
#include "guard/sessions.h"
#include "guard/wall_nft.h"
#include "guard/wall_table.h"
#include "guard/wall_xdp.h"

#define SECOND_US 1000000LL

enum {
	/*
	 * The kernel takes thousands nearly as fast as one: who has just waited for it
	 * lets as many come meanwhile as there are, but not for longer than that.
	 */
	CHANGES_MAX = 16384,
	PAUSE_US = 20000,
	PAUSE_SHARE = 4,
	FILLS = 256,
	/* A look every 2 s, to 30 s where it takes long: at most a 30th of the time. */
	LOOK_LEAST_US = 2 * SECOND_US,
	LOOK_MOST_US = 30 * SECOND_US,
	LOOK_SHARE = 30,
	STATE_US = 10 * SECOND_US,
	STATE_LEAST_US = SECOND_US / 10,
	/* A table without elements costs each packet little, but is one more. */
	EMPTY_US = 60 * SECOND_US,
	RETRY_US = SECOND_US,
	PATIENCE_MS = 2000, /* with a daemon that does not read */
	FOREIGN_MAX = 256,  /* in a look; the rest in the next one */
};

struct wall {
	struct config config;
	struct wall_past *past; /* shared by all that follow each other; or NULL */
	struct wall_table *table;
	struct wall_nft *nft;
	struct wall_xdp *xdp; /* NULL: not asked for, or it can't be */
	struct machine *machine;
	struct sessions *sessions;
	int epoll;
	int open_error;
	struct wall_event tells, dropped; /* not sent yet */
	int64_t next_flush_us;
	int64_t empty_since_us;
	/* looking */
	bool looks;
	int64_t look_us, next_look_us;
	uint32_t seen;
	struct wall_key foreign[FOREIGN_MAX];
	size_t foreign_count;
	/* telling */
	bool is_unheard; /* the daemon did not take the last event */
	bool owes_never;
	struct wall_state state, told_state;
	int64_t told_state_us;
};

static int64_t now(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

/* ---- telling ---- */

/*
 * A daemon that does not read, stopped or in others' hands, must not keep blocks from
 * their end and addresses from being spared: what it did not take is counted, and it
 * asks for all of it again.
 */
static void emit(struct wall *wall, const struct wall_event *event)
{
	bool is_heard = guard_try_emit(event, sizeof(*event),
				       wall->is_unheard ? 0 : PATIENCE_MS);
	wall->is_unheard = !is_heard;
	wall->state.untold += !is_heard;
	wall->owes_never |= !is_heard && event->kind == WALL_NEVER;
}

static void send_tells(struct wall *wall)
{
	if (wall->tells.count == 0)
		return;
	wall->tells.kind = WALL_TELLS;
	emit(wall, &wall->tells);
	wall->tells = (struct wall_event){ 0 };
}

static void take_told(void *self, const struct wall_told *told)
{
	struct wall *wall = self;
	wall->tells.told[wall->tells.count++] = *told;
	if (wall->tells.count == WALL_TOLD)
		send_tells(wall);
}

static void send_dropped(struct wall *wall)
{
	if (wall->dropped.count == 0)
		return;
	wall->dropped.kind = WALL_DROPPED;
	emit(wall, &wall->dropped);
	wall->dropped = (struct wall_event){ 0 };
}

static void take_dropped(void *self, const struct wall_dropped *dropped)
{
	struct wall *wall = self;
	wall->dropped.dropped[wall->dropped.count++] = *dropped;
	if (wall->dropped.count == WALL_TOLD)
		send_dropped(wall);
}

static void take_stopped(void *self, const struct wall_key *key, uint64_t packets,
			 uint64_t bytes)
{
	struct wall *wall = self;
	wall_table_stopped(wall->table, key, packets, bytes);
}

static void tell_never(struct wall *wall)
{
	struct wall_event event = { 0 };
	size_t at = 0;
	while (machine_tell(wall->machine, &at, &event))
		emit(wall, &event);
}

/* The list as a whole: half of one says nothing. */
static void tell_owed(struct wall *wall)
{
	if (wall->is_unheard || !wall->owes_never)
		return;
	wall->owes_never = false;
	tell_never(wall);
}

static void fill_state(struct wall *wall)
{
	const struct never *never = machine_never(wall->machine);
	wall->state.held = (uint32_t)wall_table_count(wall->table);
	wall->state.wanted = (uint32_t)wall_table_elements(wall->table);
	wall->state.never = (uint32_t)never->count;
	wall->state.never_left_out =
		never->left_out < UINT32_MAX ? (uint32_t)never->left_out : UINT32_MAX;
	wall->state.repairs = wall_table_repairs(wall->table);
	wall->state.is_owned = wall->nft != NULL && wall_nft_is_owned(wall->nft);
	if (wall->xdp != NULL)
		wall_xdp_state(wall->xdp, &wall->state);
}

/* When it was looked is no change by itself. */
static bool has_changed(const struct wall *wall)
{
	struct wall_state before = wall->told_state;
	before.looked_us = wall->state.looked_us;
	return memcmp(&before, &wall->state, sizeof(before)) != 0;
}

static int64_t next_state_us(const struct wall *wall)
{
	return wall->told_state_us + (has_changed(wall) ? STATE_LEAST_US : STATE_US);
}

static void tell_state(struct wall *wall, int64_t now_us)
{
	fill_state(wall);
	if (now_us < next_state_us(wall))
		return;
	const struct wall_event event = { .kind = WALL_STATE,
					  .count = 1,
					  .state = wall->state };
	emit(wall, &event);
	wall->told_state = wall->state;
	wall->told_state_us = now_us;
}

/* ---- doing ---- */

static bool ends_sessions(const struct wall_change *change)
{
	return change->begins && change->error == 0 && change->key.action != WALL_LIMIT;
}

static void end_sessions(struct wall *wall, struct wall_change *changes, size_t count)
{
	size_t wanted = 0, i, at = 0;
	for (i = 0; i < count; i++)
		wanted += ends_sessions(&changes[i]);
	if (wanted == 0 || wall->sessions == NULL)
		return;
	struct session_target *targets = calloc(wanted, sizeof(*targets));
	if (targets == NULL)
		return;
	for (i = 0; i < count; i++)
		if (ends_sessions(&changes[i]))
			targets[at++] = (struct session_target){
				.prefix = { changes[i].key.address,
					    changes[i].key.prefix_len },
				.port = changes[i].key.port,
				.proto = changes[i].key.proto,
			};
	sessions_end(wall->sessions, targets, wanted);
	for (i = 0, at = 0; i < count; i++)
		if (ends_sessions(&changes[i]))
			changes[i].sessions = targets[at++].ended;
	free(targets);
}

static int apply(struct wall *wall, struct wall_change *changes, size_t count)
{
	int error = wall->open_error;
	for (size_t i = 0; i < count && wall->nft == NULL; i++)
		changes[i].error = error;
	if (wall->nft != NULL)
		error = wall_nft_apply(wall->nft, changes, count);
	if (wall->xdp != NULL)
		wall_xdp_apply(wall->xdp, changes, count);
	return error;
}

static void count_elements(struct wall *wall, const struct wall_change *changes,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (changes[i].error != 0 || changes[i].key.action == WALL_RESET)
			continue;
		if (changes[i].op == WALL_OP_ADD)
			wall->state.in_kernel++;
		else if (changes[i].op == WALL_OP_REMOVE && wall->state.in_kernel > 0)
			wall->state.in_kernel--;
	}
}

/* The table is another one now: all that was held is to be added again. */
static void mend_if_lost(struct wall *wall, int64_t now_us)
{
	if (wall->nft == NULL || !wall_nft_is_lost(wall->nft))
		return;
	wall->looks = false;
	wall->state.in_kernel = 0;
	wall_table_lost(wall->table, now_us);
}

static void note_pause(struct wall *wall, int64_t begun_us)
{
	int64_t ended_us = now(), pause_us = (ended_us - begun_us) * PAUSE_SHARE;
	wall->next_flush_us = ended_us + (pause_us < PAUSE_US ? pause_us : PAUSE_US);
}

static bool flush(struct wall *wall, int64_t now_us)
{
	size_t count;
	struct wall_change *changes = wall_table_changes(wall->table, &count);
	if (count == 0)
		return false;
	wall->state.error = apply(wall, changes, count);
	count_elements(wall, changes, count);
	end_sessions(wall, changes, count);
	wall_table_done(wall->table, now_us);
	note_pause(wall, now_us);
	/* A look at what is filled says nothing. */
	if (count > FILLS)
		wall->next_look_us = now_us + LOOK_LEAST_US;
	return wall->state.error != 0;
}

/* An error may be that the table has gone. */
static void do_all(struct wall *wall, int64_t now_us)
{
	if (flush(wall, now_us)) {
		mend_if_lost(wall, now_us);
		flush(wall, now_us);
	}
	send_tells(wall);
}

static void remove_if_empty(struct wall *wall, int64_t now_us)
{
	if (wall->nft == NULL || !wall_nft_has_table(wall->nft) ||
	    wall_table_count(wall->table) > 0) {
		wall->empty_since_us = 0;
		return;
	}
	if (wall->empty_since_us == 0)
		wall->empty_since_us = now_us;
	if (now_us - wall->empty_since_us < EMPTY_US)
		return;
	wall->looks = false;
	wall->empty_since_us = now_us;
	wall->state.error = wall_nft_remove_table(wall->nft);
	if (wall->state.error == 0)
		wall->state.in_kernel = 0;
}

/* ---- looking ---- */

static void take_element(void *self, const struct wall_element *element)
{
	struct wall *wall = self;
	wall->seen++;
	if (!wall_table_seen(wall->table, &element->key, element->packets,
			     element->bytes) &&
	    wall->foreign_count < FOREIGN_MAX)
		wall->foreign[wall->foreign_count++] = element->key;
}

/* What waits to be done would be missed. */
static void begin_look(struct wall *wall, int64_t now_us)
{
	size_t waiting;
	wall_table_changes(wall->table, &waiting);
	if (wall->nft == NULL || wall->looks || waiting > 0 ||
	    now_us < wall->next_look_us)
		return;
	wall->next_look_us = now_us + LOOK_LEAST_US;
	wall->look_us = now_us;
	wall->seen = 0;
	wall->foreign_count = 0;
	wall_table_look_begin(wall->table, now_us);
	wall->looks = wall_nft_look_begin(wall->nft);
}

static void end_look(struct wall *wall, int64_t now_us)
{
	int64_t pause_us = (now_us - wall->look_us) * LOOK_SHARE;
	if (pause_us < LOOK_LEAST_US)
		pause_us = LOOK_LEAST_US;
	wall->next_look_us =
		now_us + (pause_us < LOOK_MOST_US ? pause_us : LOOK_MOST_US);
	wall->state.in_kernel = wall->seen;
	wall->state.looked_us = (uint64_t)now_us;
	for (size_t i = 0; i < wall->foreign_count; i++)
		wall_table_foreign(wall->table, &wall->foreign[i]);
	/* What is added again was not seen. */
	wall_table_look_end(wall->table, now_us);
}

static void go_on_looking(struct wall *wall, int64_t now_us)
{
	if (!wall->looks)
		return;
	enum wall_look look = wall_nft_look_step(wall->nft, take_element, wall);
	if (look == WALL_LOOK_GOES_ON)
		return;
	wall->looks = false;
	if (look == WALL_LOOK_IS_WHOLE) {
		end_look(wall, now_us);
		return;
	}
	wall->next_look_us = now_us + RETRY_US;
	mend_if_lost(wall, now_us);
}

/* Who owns the table only asks whether it is there; else anything may have changed. */
static void take_events(struct wall *wall, int64_t now_us)
{
	if (wall->nft == NULL || !wall_nft_take_events(wall->nft))
		return;
	mend_if_lost(wall, now_us);
	if (!wall_nft_is_owned(wall->nft) && wall->next_look_us > now_us + RETRY_US)
		wall->next_look_us = now_us + RETRY_US;
}

/* ---- orders ---- */

static void spare(struct wall *wall, const struct wall_order *order, int64_t now_us)
{
	if (!machine_spare(wall->machine, order))
		return;
	wall_table_veto(wall->table, machine_never(wall->machine), now_us);
	tell_never(wall);
}

static void take_order(struct wall *wall, uint32_t kind, const struct wall_order *order,
		       int64_t now_us)
{
	if (kind == WALL_ADD)
		wall_table_add(wall->table, order, machine_never(wall->machine),
			       now_us);
	else if (kind == WALL_REMOVE)
		wall_table_remove(wall->table, order->id);
	else
		spare(wall, order, now_us);
}

/* What no daemon of ours sends is passed over: the blocks are to outlive it. */
static void take(void *self, const void *bytes, size_t len)
{
	struct wall *wall = self;
	struct wall_message message;
	size_t waiting;
	if (!wall_message_parse(bytes, len, &message))
		return;
	int64_t now_us = now();
	if (message.kind == WALL_READY)
		wall_table_ready(wall->table);
	for (uint32_t i = 0; i < message.count; i++)
		take_order(wall, message.kind, &message.at[i], now_us);
	wall_table_changes(wall->table, &waiting);
	if (waiting >= CHANGES_MAX ||
	    (waiting > 0 && now_us > wall->next_flush_us + PAUSE_US))
		do_all(wall, now_us);
}

/* ---- the process ---- */

static void listen_to(const struct wall *wall, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	if (fd >= 0)
		epoll_ctl(wall->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Without it there is nftables. */
static void open_xdp(struct wall *wall)
{
	const struct wall_xdp_sink sink = { wall, take_stopped, take_dropped };
	if (wall->config.block_xdp.count == 0)
		return;
	wall->xdp =
		wall_xdp_open(&wall->config.block_xdp, wall->config.block_total, &sink);
	if (wall->xdp == NULL)
		wall->state.xdp_error = -errno;
}

static bool open_all(struct wall *wall)
{
	const struct wall_bounds bounds = { wall->config.block_total,
					    wall->config.block_new, wall->past };
	const struct wall_table_sink sink = { wall, take_told };
	wall->table = wall_table_new(&bounds, &sink);
	wall->machine = machine_open(&wall->config);
	wall->epoll = epoll_create1(EPOLL_CLOEXEC);
	wall->sessions = sessions_open();
	wall->nft = wall_nft_open();
	wall->open_error = wall->nft == NULL ? -errno : 0;
	wall->state.error = wall->open_error;
	open_xdp(wall);
	return wall->table != NULL && wall->machine != NULL && wall->epoll >= 0;
}

static bool begin(void *self)
{
	struct wall *wall = self;
	if (!open_all(wall))
		return false;
	listen_to(wall, machine_fd(wall->machine));
	if (wall->nft != NULL) {
		listen_to(wall, wall_nft_events_fd(wall->nft));
		listen_to(wall, wall_nft_look_fd(wall->nft));
	}
	if (wall->xdp != NULL)
		listen_to(wall, wall_xdp_fd(wall->xdp));
	tell_never(wall);
	tell_state(wall, now());
	return true;
}

static int wait_for(void *self)
{
	const struct wall *wall = self;
	return wall->epoll;
}

static void sooner(int64_t *next_us, int64_t at_us)
{
	if (at_us < *next_us)
		*next_us = at_us;
}

static int timeout_ms(void *self)
{
	struct wall *wall = self;
	size_t waiting;
	wall_table_changes(wall->table, &waiting);
	int64_t now_us = now(), next_us = next_state_us(wall);
	if (wall->tells.count > 0)
		return 0;
	if (waiting > 0)
		sooner(&next_us, wall->next_flush_us);
	sooner(&next_us, wall_table_next_us(wall->table));
	if (wall->nft != NULL && wall_nft_has_table(wall->nft) && !wall->looks)
		sooner(&next_us, wall->next_look_us);
	if (wall->xdp != NULL)
		sooner(&next_us, wall_xdp_next_us(wall->xdp));
	int ms = next_us <= now_us ? 0 : (int)((next_us - now_us) / 1000) + 1;
	int machine_ms = machine_timeout_ms(wall->machine);
	return machine_ms >= 0 && machine_ms < ms ? machine_ms : ms;
}

static void run_machine(struct wall *wall, int64_t now_us)
{
	if (!machine_run(wall->machine))
		return;
	wall_table_veto(wall->table, machine_never(wall->machine), now_us);
	tell_never(wall);
}

static void run_xdp(struct wall *wall, int64_t now_us)
{
	if (wall->xdp == NULL)
		return;
	wall_xdp_run(wall->xdp, now_us);
	send_dropped(wall);
}

static void run(void *self)
{
	struct wall *wall = self;
	int64_t now_us = now();
	wall_table_tick(wall->table, now_us);
	if (now_us >= wall->next_flush_us)
		do_all(wall, now_us);
	run_machine(wall, now_us);
	take_events(wall, now_us);
	go_on_looking(wall, now_us);
	run_xdp(wall, now_us);
	send_tells(wall);
	remove_if_empty(wall, now_us);
	begin_look(wall, now_us);
	tell_state(wall, now_us);
	tell_owed(wall);
}

/* As whoever the daemon is. */
static void prepare(void *self)
{
	struct wall *wall = self;
	void *past = mmap(NULL, sizeof(*wall->past), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	wall->past = past != MAP_FAILED ? past : NULL;
	if (wall->config.block_xdp.count > 0)
		wall_xdp_prepare();
}

static size_t count_paths(const char *const *paths)
{
	size_t count = 0;
	while (paths[count] != NULL)
		count++;
	return count;
}

struct guard_task wall_task(const struct config *config)
{
	static struct wall wall; /* that process has a copy */
	wall.config = *config;
	return (struct guard_task){ .kind = GUARD_WALL,
				    .user = wall.config.user,
				    .readable = machine_paths(),
				    .readable_count = count_paths(machine_paths()),
				    .needs_bpf = config->block_xdp.count > 0,
				    .self = &wall,
				    .prepare = prepare,
				    .open = begin,
				    .fd = wait_for,
				    .timeout_ms = timeout_ms,
				    .run = run,
				    .take = take };
}
