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
#include <sys/mman.h>
#include <sys/random.h>

#include "base/clock.h"
#include "guard/wall_hosts.h"
#include "guard/wall_links.h"
#include "guard/wall_xdp_wire.h"

#define SECOND_US 1000000LL

enum {
	IP6_SOURCE = 64,
	HOST = 128,
	/* Of the hosts' lines that are read at a time: an order waits for no more. */
	LINES_AT_ONCE = 4096,
	/* Reading those of a hundred thousand takes long: at most a 30th of the time.
	 */
	READ_SHARE = 30,
	IDLE_TURNS = 3, /* after the last block, until all is told */
	NONE = -1,
};

struct wall_xdp {
	struct wall_xdp_sink sink;
	struct bpf_object *object;
	struct wall_links *links;
	int state, services, talkers, trie;
	struct wall_xdp_state now;
	uint32_t processors;
	int error; /* of the last change that could not be made */
	struct wall_hosts hosts;
	/* Behind the hosts' lines each prefix has its own; len 0: nobody has it. */
	struct wall_xdp_prefix prefixes[WALL_XDP_PREFIXES];
	/* reading: of services and talkers in turns, of blocks some lines at a time */
	struct wall_xdp_bucket *buckets;          /* of one place, by processor */
	struct wall_xdp_talkers *heard, *silence; /* by processor; none */
	int64_t next_turn_us; /* INT64_MAX: nothing can be dropped */
	int idle_turns;
	bool has_dropped;   /* since the blocks' counters were read */
	uint32_t next_line; /* to be read; line_count(): none */
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

static uint32_t line_count(const struct wall_xdp *xdp)
{
	return xdp->hosts.mask + 1 + WALL_XDP_PREFIXES;
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
	xdp->hosts.mask = wall_hosts_lines(blocks_max) - 1;
	bpf_map__set_max_entries(bpf_object__find_map_by_name(xdp->object, "hosts"),
				 line_count(xdp));
	return bpf_object__load(xdp->object);
}

static int find_map(const struct wall_xdp *xdp, const char *name)
{
	return bpf_object__find_map_fd_by_name(xdp->object, name);
}

static int find_maps(struct wall_xdp *xdp)
{
	xdp->trie = find_map(xdp, "prefixes");
	xdp->state = find_map(xdp, "state");
	xdp->services = find_map(xdp, "services");
	xdp->talkers = find_map(xdp, "talkers");
	xdp->hosts.lines =
		mmap(NULL, line_count(xdp) * sizeof(*xdp->hosts.lines),
		     PROT_READ | PROT_WRITE, MAP_SHARED, find_map(xdp, "hosts"), 0);
	if (xdp->hosts.lines != MAP_FAILED)
		return 0;
	xdp->hosts.lines = NULL;
	return -errno;
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
	xdp->buckets = calloc(xdp->processors, sizeof(*xdp->buckets));
	xdp->heard = calloc(xdp->processors, sizeof(*xdp->heard));
	xdp->silence = calloc(xdp->processors, sizeof(*xdp->silence));
	if (xdp->buckets == NULL || xdp->heard == NULL || xdp->silence == NULL)
		return -ENOMEM;
	int error = load(xdp, blocks_max);
	if (error == 0)
		error = find_maps(xdp);
	if (error != 0)
		return error;
	if (getrandom(xdp->hosts.secret, sizeof(xdp->hosts.secret), 0) < 0)
		return -errno;
	memcpy(xdp->now.secret, xdp->hosts.secret, sizeof(xdp->now.secret));
	xdp->now.mask = xdp->hosts.mask;
	xdp->now.turn = 1;
	xdp->next_line = line_count(xdp);
	return tell_program(xdp);
}

struct wall_xdp *wall_xdp_open(const struct config_names *interfaces,
			       uint32_t blocks_max, const struct wall_xdp_sink *sink)
{
	struct wall_xdp *xdp = calloc(1, sizeof(*xdp));
	if (xdp == NULL)
		return NULL;
	xdp->sink = *sink;
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
	if (xdp->hosts.lines != NULL)
		munmap(xdp->hosts.lines, line_count(xdp) * sizeof(*xdp->hosts.lines));
	bpf_object__close(xdp->object);
	free(xdp->silence);
	free(xdp->heard);
	free(xdp->buckets);
	free(xdp);
}

/* ---- blocks ---- */

/* Of whole hosts, all they send: the rest is nftables'. */
static bool is_ours(const struct wall_change *change)
{
	return change->error == 0 && change->key.action == WALL_DROP &&
	       change->key.port == 0 && change->key.proto == 0;
}

static int kind_of(const struct wall_key *key)
{
	bool is_v4 = addr_is_v4(&key->address);
	if (is_v4 && key->prefix_len == HOST)
		return WALL_XDP_HOSTS4;
	return !is_v4 && key->prefix_len == IP6_SOURCE ? WALL_XDP_HOSTS6
						       : WALL_XDP_TRIE;
}

static uint64_t host_key(const struct wall_key *key)
{
	uint32_t four;
	uint64_t half;
	memcpy(&four, key->address.ip6 + 12, sizeof(four));
	memcpy(&half, key->address.ip6, sizeof(half));
	return kind_of(key) == WALL_XDP_HOSTS4 ? wall_xdp_key4(four) : half;
}

static struct wall_key key_of(const struct wall_xdp *xdp, uint64_t host)
{
	struct wall_key key = { .action = WALL_DROP, .prefix_len = IP6_SOURCE };
	uint32_t upper = (uint32_t)(host >> 32);
	if ((uint32_t)host == WALL_XDP_KEY4) {
		key.address = addr_v4((const uint8_t *)&upper);
		key.prefix_len = HOST;
	} else if ((uint32_t)host == WALL_XDP_KEY_PREFIX) {
		const struct wall_xdp_prefix *prefix =
			&xdp->prefixes[upper % WALL_XDP_PREFIXES];
		key.address = addr_v6(prefix->addr);
		key.prefix_len = (uint8_t)prefix->len;
	} else {
		memcpy(key.address.ip6, &host, sizeof(host));
	}
	return key;
}

static void note_error(struct wall_xdp *xdp, int error)
{
	if (error != 0)
		xdp->error = error;
}

static struct wall_xdp_prefix prefix_of(const struct wall_key *key)
{
	struct wall_xdp_prefix prefix = { .len = key->prefix_len };
	memcpy(prefix.addr, key->address.ip6, sizeof(prefix.addr));
	return prefix;
}

/* NONE: there is no such one. */
static int find_prefix(const struct wall_xdp *xdp, const struct wall_xdp_prefix *prefix)
{
	for (int i = 0; i < WALL_XDP_PREFIXES; i++)
		if (memcmp(&xdp->prefixes[i], prefix, sizeof(*prefix)) == 0)
			return i;
	return NONE;
}

static uint32_t number_of_line(const struct wall_xdp *xdp, int prefix)
{
	return xdp->hosts.mask + 1 + (uint32_t)prefix;
}

static int add_prefix(struct wall_xdp *xdp, const struct wall_xdp_prefix *prefix,
		      uint32_t until)
{
	const struct wall_xdp_prefix nobody = { 0 };
	int number = find_prefix(xdp, prefix);
	if (number == NONE)
		number = find_prefix(xdp, &nobody);
	if (number == NONE)
		return -ENOSPC;
	uint32_t at = number_of_line(xdp, number);
	struct wall_xdp_line *line = &xdp->hosts.lines[at];
	if (line->until[0] != 0) {
		wall_line_prolong(line, 0, until);
		return 0;
	}
	if (bpf_map_update_elem(xdp->trie, prefix, &at, BPF_ANY) != 0)
		return -errno;
	xdp->prefixes[number] = *prefix;
	wall_line_put(line, 0, (uint64_t)number << 32 | WALL_XDP_KEY_PREFIX, until);
	return 1;
}

static bool remove_prefix(struct wall_xdp *xdp, const struct wall_xdp_prefix *prefix)
{
	int number = find_prefix(xdp, prefix);
	if (number == NONE)
		return false;
	struct wall_xdp_line *line = &xdp->hosts.lines[number_of_line(xdp, number)];
	bool was_there = line->until[0] != 0;
	wall_line_clear(line, 0);
	/* What the trie still names is nobody else's, who would stop this one, too. */
	if (bpf_map_delete_elem(xdp->trie, prefix) != 0 && errno != ENOENT)
		note_error(xdp, -errno);
	else
		xdp->prefixes[number] = (struct wall_xdp_prefix){ 0 };
	return was_there;
}

/* The end of the unit of time in which it ends. */
static uint32_t until_of(int64_t end_us)
{
	return (uint32_t)(((uint64_t)end_us * 1000 >> WALL_XDP_TIME_SHIFT) + 1);
}

static void add(struct wall_xdp *xdp, const struct wall_change *change,
		int64_t monotonic_us)
{
	int kind = kind_of(&change->key);
	uint32_t until = until_of(monotonic_us + change->left_us);
	const struct wall_xdp_prefix prefix = prefix_of(&change->key);
	int added =
		kind == WALL_XDP_TRIE
			? add_prefix(xdp, &prefix, until)
			: wall_hosts_put(&xdp->hosts, host_key(&change->key), until);
	if (added < 0)
		note_error(xdp, added);
	else
		xdp->now.held[kind] += (uint32_t)added;
}

static void remove_one(struct wall_xdp *xdp, const struct wall_change *change)
{
	int kind = kind_of(&change->key);
	const struct wall_xdp_prefix prefix = prefix_of(&change->key);
	bool was_there =
		kind == WALL_XDP_TRIE
			? remove_prefix(xdp, &prefix)
			: wall_hosts_remove(&xdp->hosts, host_key(&change->key));
	xdp->now.held[kind] -= was_there;
}

static bool holds_any(const struct wall_xdp *xdp)
{
	uint32_t any = 0;
	for (int kind = 0; kind < WALL_XDP_KINDS; kind++)
		any |= xdp->now.held[kind];
	return any != 0;
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
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (!is_ours(&changes[i]))
			continue;
		any = true;
		if (changes[i].op == WALL_OP_REMOVE)
			remove_one(xdp, &changes[i]);
		else
			add(xdp, &changes[i], monotonic_us);
	}
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
		for (int way = 0; way < WALL_XDP_SERVICES; way++)
			if (xdp->buckets[i].at[way].turn == turn)
				tell_service(xdp, &xdp->buckets[i].at[way]);
}

static void tell_stopped(struct wall_xdp *xdp, uint64_t host, uint64_t stopped)
{
	const struct wall_key key = key_of(xdp, host);
	xdp->sink.stopped(xdp->sink.self, &key, stopped >> WALL_XDP_PACKETS_SHIFT,
			  stopped & ((UINT64_C(1) << WALL_XDP_PACKETS_SHIFT) - 1));
}

static void tell_talkers(struct wall_xdp *xdp, uint32_t half)
{
	if (bpf_map_lookup_elem(xdp->talkers, &half, xdp->heard) != 0)
		return;
	note_error(xdp,
		   bpf_map_update_elem(xdp->talkers, &half, xdp->silence, BPF_ANY));
	for (uint32_t i = 0; i < xdp->processors; i++)
		for (uint32_t place = 0; place < WALL_XDP_TALKERS; place++) {
			const struct wall_xdp_talker *one = &xdp->heard[i].at[place];
			if (one->stopped != 0)
				tell_stopped(xdp, one->key, one->stopped);
		}
}

/* The last turn's half is written no more: it is read, and is the next turn's. */
static void take_turn(struct wall_xdp *xdp, int64_t now_us)
{
	uint32_t last = xdp->now.turn - 1;
	for (uint32_t place = 0; place < WALL_XDP_PLACES; place++)
		tell_place(xdp, last % 2 * WALL_XDP_PLACES + place, last);
	tell_talkers(xdp, last % 2);
	xdp->now.turn++;
	note_error(xdp, tell_program(xdp));
	xdp->idle_turns = holds_any(xdp) ? 0 : xdp->idle_turns + 1;
	xdp->next_turn_us =
		xdp->idle_turns < IDLE_TURNS ? now_us + SECOND_US : INT64_MAX;
}

static void tell_line(struct wall_xdp *xdp, struct wall_xdp_line *line)
{
	for (int way = 0; way < WALL_XDP_WAYS; way++) {
		uint64_t stopped = wall_line_take(line, way);
		if (stopped != 0)
			tell_stopped(xdp, line->key[way], stopped);
	}
}

static bool is_reading(const struct wall_xdp *xdp)
{
	return xdp->next_line < line_count(xdp);
}

static void begin_reading(struct wall_xdp *xdp, int64_t now_us)
{
	xdp->has_dropped = false;
	xdp->next_line = 0;
	xdp->read_us = now_us;
}

static void go_on_reading(struct wall_xdp *xdp, int64_t now_us)
{
	for (int i = 0; i < LINES_AT_ONCE && is_reading(xdp); i++)
		tell_line(xdp, &xdp->hosts.lines[xdp->next_line++]);
	if (is_reading(xdp))
		return;
	int64_t pause_us = (now_us - xdp->read_us) * READ_SHARE;
	xdp->next_read_us = now_us + (pause_us > SECOND_US ? pause_us : SECOND_US);
}

int wall_xdp_fd(const struct wall_xdp *xdp)
{
	return wall_links_fd(xdp->links);
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
