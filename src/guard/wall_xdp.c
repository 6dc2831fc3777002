/*
 * wall_xdp.c: see wall_xdp.h.
 */
#include "guard/wall_xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "guard/wall_links.h"
#include "guard/wall_xdp_wire.h"

#define SECOND_US 1000000LL

enum {
	IP6_SOURCE = 64,
	HOST = 128,
	BATCH = 1024, /* entries that the kernel is given, or gives, at a time */
	/* Reading a hundred thousand takes long: at most a 30th of the time. */
	READ_SHARE = 30,
	IDLE_TURNS = 3, /* after the last block, until all is told */
	KEY_BYTES = sizeof(struct wall_xdp_prefix),
};

struct block_map {
	int fd;
	uint32_t key_bytes;
};

struct wall_xdp {
	struct wall_xdp_sink sink;
	struct bpf_object *object;
	struct wall_links *links;
	struct block_map blocks[WALL_XDP_MAPS];
	int state, services;
	struct wall_xdp_state now;
	uint32_t processors;
	int error; /* of the last change that could not be made */
	/* entries on their way, all of one map */
	uint8_t (*keys)[KEY_BYTES];
	struct wall_xdp_block *values;
	uint32_t waiting;
	int waiting_for;
	/* reading: of services in turns, of blocks a batch at a time */
	struct wall_xdp_bucket *buckets; /* of one place, by processor */
	int64_t next_turn_us;            /* INT64_MAX: nothing can be dropped */
	int idle_turns;
	bool has_dropped; /* since the blocks' counters were read */
	int reads;        /* which map; WALL_XDP_MAPS: none */
	bool goes_on;
	uint8_t place[KEY_BYTES]; /* where it does */
	int64_t read_us, next_read_us;
};

/* As libbpf remembers it, from before the file that says so is out of reach. */
void wall_xdp_prepare(void)
{
	libbpf_num_possible_cpus();
}

/* ---- opening ---- */

/* What went wrong is told by whoever loads. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list list)
{
	(void)level;
	(void)format;
	(void)list;
	return 0;
}

static int load(struct wall_xdp *xdp, uint32_t blocks_max)
{
	const struct bpf_object_open_opts options = { .sz = sizeof(options),
						      .object_name = "breakwater" };
	size_t size =
		(size_t)((uintptr_t)wall_xdp_object_end - (uintptr_t)wall_xdp_object);
	libbpf_set_print(say_nothing);
	xdp->object = bpf_object__open_mem(wall_xdp_object, size, &options);
	if (xdp->object == NULL)
		return -errno;
	bpf_map__set_max_entries(bpf_object__find_map_by_name(xdp->object, "hosts4"),
				 blocks_max);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(xdp->object, "hosts6"),
				 blocks_max);
	return bpf_object__load(xdp->object);
}

static int find_map(const struct wall_xdp *xdp, const char *name)
{
	return bpf_object__find_map_fd_by_name(xdp->object, name);
}

static void find_maps(struct wall_xdp *xdp)
{
	xdp->blocks[WALL_XDP_HOSTS4] =
		(struct block_map){ .fd = find_map(xdp, "hosts4"),
				    .key_bytes = sizeof(uint32_t) };
	xdp->blocks[WALL_XDP_HOSTS6] =
		(struct block_map){ .fd = find_map(xdp, "hosts6"),
				    .key_bytes = sizeof(uint64_t) };
	xdp->blocks[WALL_XDP_TRIE] =
		(struct block_map){ .fd = find_map(xdp, "prefixes"),
				    .key_bytes = KEY_BYTES };
	xdp->state = find_map(xdp, "state");
	xdp->services = find_map(xdp, "services");
}

static int tell_program(const struct wall_xdp *xdp)
{
	const uint32_t only = 0;
	return bpf_map_update_elem(xdp->state, &only, &xdp->now, BPF_ANY);
}

static int begin(struct wall_xdp *xdp, uint32_t blocks_max)
{
	int processors = libbpf_num_possible_cpus();
	if (processors < 0)
		return processors;
	xdp->processors = (uint32_t)processors;
	xdp->keys = calloc(BATCH, sizeof(*xdp->keys));
	xdp->values = calloc(BATCH, sizeof(*xdp->values));
	xdp->buckets = calloc(xdp->processors, sizeof(*xdp->buckets));
	if (xdp->keys == NULL || xdp->values == NULL || xdp->buckets == NULL)
		return -ENOMEM;
	int error = load(xdp, blocks_max);
	if (error != 0)
		return error;
	find_maps(xdp);
	xdp->now.turn = 1;
	xdp->now.is_shared = xdp->processors > WALL_XDP_SHARES;
	if (getrandom(xdp->now.secret, sizeof(xdp->now.secret), 0) < 0)
		return -errno;
	return tell_program(xdp);
}

struct wall_xdp *wall_xdp_open(const struct config_names *interfaces,
			       uint32_t blocks_max, const struct wall_xdp_sink *sink)
{
	struct wall_xdp *xdp = calloc(1, sizeof(*xdp));
	if (xdp == NULL)
		return NULL;
	xdp->sink = *sink;
	xdp->reads = WALL_XDP_MAPS;
	xdp->next_turn_us = INT64_MAX;
	int error = begin(xdp, blocks_max);
	if (error == 0) {
		const struct bpf_program *program =
			bpf_object__find_program_by_name(xdp->object, "drop_blocked");
		xdp->links = wall_links_open(interfaces, bpf_program__fd(program));
		error = xdp->links == NULL ? -errno : 0;
	}
	if (error == 0)
		return xdp;
	wall_xdp_close(xdp);
	errno = -error;
	return NULL;
}

void wall_xdp_close(struct wall_xdp *xdp)
{
	if (xdp == NULL)
		return;
	wall_links_close(xdp->links);
	bpf_object__close(xdp->object);
	free(xdp->buckets);
	free(xdp->values);
	free(xdp->keys);
	free(xdp);
}

/* ---- blocks ---- */

/* Of whole hosts, all they send: the rest is nftables'. */
static bool is_ours(const struct wall_change *change)
{
	return change->error == 0 && change->key.action == WALL_DROP &&
	       change->key.port == 0 && change->key.proto == 0;
}

static int map_of(const struct wall_key *key)
{
	bool is_v4 = addr_is_v4(&key->address);
	if (is_v4 && key->prefix_len == HOST)
		return WALL_XDP_HOSTS4;
	return !is_v4 && key->prefix_len == IP6_SOURCE ? WALL_XDP_HOSTS6
						       : WALL_XDP_TRIE;
}

static void fill_key(const struct wall_key *key, uint8_t out[static KEY_BYTES])
{
	struct wall_xdp_prefix prefix = { .len = key->prefix_len };
	int map = map_of(key);
	if (map == WALL_XDP_HOSTS4) {
		memcpy(out, key->address.ip6 + 12, sizeof(uint32_t));
	} else if (map == WALL_XDP_HOSTS6) {
		memcpy(out, key->address.ip6, sizeof(uint64_t));
	} else {
		memcpy(prefix.addr, key->address.ip6, sizeof(prefix.addr));
		memcpy(out, &prefix, sizeof(prefix));
	}
}

static struct wall_key key_of(int map, const uint8_t in[static KEY_BYTES])
{
	struct wall_key key = { .action = WALL_DROP };
	if (map == WALL_XDP_HOSTS4) {
		key.address = addr_v4(in);
		key.prefix_len = HOST;
	} else if (map == WALL_XDP_HOSTS6) {
		memcpy(key.address.ip6, in, sizeof(uint64_t));
		key.prefix_len = IP6_SOURCE;
	} else {
		struct wall_xdp_prefix prefix;
		memcpy(&prefix, in, sizeof(prefix));
		key.address = addr_v6(prefix.addr);
		key.prefix_len = (uint8_t)prefix.len;
	}
	return key;
}

/* Keys in a batch follow each other without gaps. */
static uint8_t *key_at(const struct wall_xdp *xdp, uint32_t n)
{
	return xdp->keys[0] + (size_t)n * xdp->blocks[xdp->waiting_for].key_bytes;
}

static void note_error(struct wall_xdp *xdp, int error)
{
	if (error != 0)
		xdp->error = error;
}

/* The kernel stops at the first that it can't take; the others are tried. */
static void add_waiting(struct wall_xdp *xdp)
{
	const struct bpf_map_batch_opts options = { .sz = sizeof(options) };
	const struct block_map *map = &xdp->blocks[xdp->waiting_for];
	for (uint32_t at = 0, count; at < xdp->waiting; at += count) {
		count = xdp->waiting - at;
		int error = bpf_map_update_batch(map->fd, key_at(xdp, at),
						 &xdp->values[at], &count, &options);
		note_error(xdp, error);
		count += error != 0;
	}
	xdp->waiting = 0;
}

static void add(struct wall_xdp *xdp, const struct wall_change *change,
		int64_t monotonic_us)
{
	int which = map_of(&change->key);
	if (xdp->waiting == BATCH || (xdp->waiting > 0 && which != xdp->waiting_for))
		add_waiting(xdp);
	xdp->waiting_for = which;
	xdp->now.held[which] = 1;
	const struct block_map *map = &xdp->blocks[which];
	uint8_t key[KEY_BYTES];
	fill_key(&change->key, key);
	memcpy(key_at(xdp, xdp->waiting), key, map->key_bytes);
	xdp->values[xdp->waiting++] = (struct wall_xdp_block){
		.until_ns = (uint64_t)(monotonic_us + change->left_us) * 1000,
	};
}

static void remove_one(struct wall_xdp *xdp, const struct wall_change *change)
{
	uint8_t key[KEY_BYTES];
	add_waiting(xdp);
	fill_key(&change->key, key);
	if (bpf_map_delete_elem(xdp->blocks[map_of(&change->key)].fd, key) != 0 &&
	    errno != ENOENT)
		note_error(xdp, -errno);
}

/* The kernel does not say how many there are; whether there are any, it does. */
static uint32_t has_any(const struct wall_xdp *xdp, int which)
{
	uint8_t key[KEY_BYTES];
	return bpf_map_get_next_key(xdp->blocks[which].fd, NULL, key) == 0;
}

static bool holds_any(const struct wall_xdp *xdp)
{
	return xdp->now.held[WALL_XDP_HOSTS4] + xdp->now.held[WALL_XDP_HOSTS6] +
		       xdp->now.held[WALL_XDP_TRIE] >
	       0;
}

static void note_held(struct wall_xdp *xdp, int64_t now_us)
{
	note_error(xdp, tell_program(xdp));
	if (holds_any(xdp) && xdp->next_turn_us == INT64_MAX)
		xdp->next_turn_us = now_us + SECOND_US;
}

/* True if there was anything to do. */
static bool change_all(struct wall_xdp *xdp, const struct wall_change *changes,
		       size_t count)
{
	int64_t monotonic_us = clock_us(CLOCK_MONOTONIC);
	bool any = false, has_removed[WALL_XDP_MAPS] = { false };
	for (size_t i = 0; i < count; i++) {
		if (!is_ours(&changes[i]))
			continue;
		any = true;
		int which = map_of(&changes[i].key);
		has_removed[which] |= changes[i].op == WALL_OP_REMOVE;
		if (changes[i].op == WALL_OP_REMOVE)
			remove_one(xdp, &changes[i]);
		else
			add(xdp, &changes[i], monotonic_us);
	}
	add_waiting(xdp);
	/* An empty map takes long to look through. */
	for (int i = 0; i < WALL_XDP_MAPS; i++)
		if (has_removed[i])
			xdp->now.held[i] = has_any(xdp, i);
	return any;
}

void wall_xdp_apply(struct wall_xdp *xdp, const struct wall_change *changes,
		    size_t count)
{
	if (change_all(xdp, changes, count))
		note_held(xdp, clock_us(CLOCK_BOOTTIME));
}

/* ---- what was dropped ---- */

static void tell_service(struct wall_xdp *xdp, const struct wall_xdp_service *service)
{
	struct wall_dropped dropped = { .server = addr_unset(),
					.packets = service->packets,
					.bytes = service->bytes,
					.port = service->port,
					.proto = service->proto };
	if (service->proto != 0)
		dropped.server = addr_v6(service->addr);
	xdp->sink.dropped(xdp->sink.self, &dropped);
	xdp->has_dropped = true;
}

static void tell_place(struct wall_xdp *xdp, uint32_t place, uint32_t turn)
{
	if (bpf_map_lookup_elem(xdp->services, &place, xdp->buckets) != 0)
		return;
	for (uint32_t i = 0; i < xdp->processors; i++)
		for (int way = 0; way < WALL_XDP_WAYS; way++)
			if (xdp->buckets[i].at[way].turn == turn)
				tell_service(xdp, &xdp->buckets[i].at[way]);
}

/* The last turn's half is written no more: it is read, and is the next turn's. */
static void take_turn(struct wall_xdp *xdp, int64_t now_us)
{
	uint32_t last = xdp->now.turn - 1;
	for (uint32_t place = 0; place < WALL_XDP_PLACES; place++)
		tell_place(xdp, last % 2 * WALL_XDP_PLACES + place, last);
	xdp->now.turn++;
	note_error(xdp, tell_program(xdp));
	xdp->idle_turns = holds_any(xdp) ? 0 : xdp->idle_turns + 1;
	xdp->next_turn_us =
		xdp->idle_turns < IDLE_TURNS ? now_us + SECOND_US : INT64_MAX;
}

static struct wall_xdp_share sum_of(const struct wall_xdp_block *block)
{
	struct wall_xdp_share sum = { 0 };
	for (int i = 0; i < WALL_XDP_SHARES; i++) {
		sum.packets += block->at[i].packets;
		sum.bytes += block->at[i].bytes;
	}
	return sum;
}

static void tell_blocks(struct wall_xdp *xdp, int which, uint32_t count)
{
	uint32_t key_bytes = xdp->blocks[which].key_bytes;
	for (uint32_t i = 0; i < count; i++) {
		const struct wall_xdp_share sum = sum_of(&xdp->values[i]);
		if (sum.packets == 0)
			continue;
		const struct wall_key key =
			key_of(which, xdp->keys[0] + (size_t)i * key_bytes);
		xdp->sink.stopped(xdp->sink.self, &key, sum.packets, sum.bytes);
	}
}

static void begin_reading(struct wall_xdp *xdp, int64_t now_us)
{
	xdp->has_dropped = false;
	xdp->reads = WALL_XDP_HOSTS4;
	xdp->goes_on = false;
	xdp->read_us = now_us;
}

static void end_reading(struct wall_xdp *xdp, int64_t now_us)
{
	int64_t pause_us = (now_us - xdp->read_us) * READ_SHARE;
	xdp->next_read_us = now_us + (pause_us > SECOND_US ? pause_us : SECOND_US);
}

/* What can't be read is passed over, until the next time. */
static void go_on_reading(struct wall_xdp *xdp, int64_t now_us)
{
	const struct bpf_map_batch_opts options = { .sz = sizeof(options) };
	uint32_t count = BATCH;
	int error = bpf_map_lookup_batch(xdp->blocks[xdp->reads].fd,
					 xdp->goes_on ? xdp->place : NULL, xdp->place,
					 xdp->keys, xdp->values, &count, &options);
	if (error == 0 || error == -ENOENT)
		tell_blocks(xdp, xdp->reads, count);
	xdp->goes_on = error == 0;
	if (error == 0)
		return;
	if (++xdp->reads == WALL_XDP_MAPS)
		end_reading(xdp, now_us);
}

int wall_xdp_fd(const struct wall_xdp *xdp)
{
	return wall_links_fd(xdp->links);
}

static bool is_reading(const struct wall_xdp *xdp)
{
	return xdp->reads != WALL_XDP_MAPS;
}

void wall_xdp_run(struct wall_xdp *xdp, int64_t now_us)
{
	wall_links_run(xdp->links, now_us);
	if (now_us >= xdp->next_turn_us)
		take_turn(xdp, now_us);
	if (!is_reading(xdp) && xdp->has_dropped && now_us >= xdp->next_read_us)
		begin_reading(xdp, now_us);
	if (is_reading(xdp))
		go_on_reading(xdp, now_us);
}

int64_t wall_xdp_next_us(const struct wall_xdp *xdp)
{
	int64_t next_us = wall_links_next_us(xdp->links);
	if (is_reading(xdp))
		return 0;
	if (xdp->has_dropped && xdp->next_read_us < next_us)
		next_us = xdp->next_read_us;
	return xdp->next_turn_us < next_us ? xdp->next_turn_us : next_us;
}

void wall_xdp_state(const struct wall_xdp *xdp, struct wall_state *out)
{
	const struct wall_links_state links = wall_links_state(xdp->links);
	out->xdp = links.attached;
	out->xdp_generic = links.generic;
	out->xdp_error = links.error != 0 ? links.error : xdp->error;
}
