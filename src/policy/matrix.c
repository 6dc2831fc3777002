/*
 * matrix.c: see matrix.h.
 *
 * Rows stay for their day with nothing counted, so that the bound holds for the day and
 * not for what is told at once.  Slots are places of rows, open addressing.
 */
#include "policy/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "policy/entry.h"

enum {
	SLOTS = 4 * MATRIX_ROWS_MAX,
	/* What may be one side talking to itself, as a scan over UDP, takes no more. */
	UNANSWERED_MAX = MATRIX_ROWS_MAX / 2,
	ROWS_FIRST = 64,
	V4_BITS = 96,
	NETWORK_V4 = V4_BITS + 24,
	NETWORK_V6 = 64,
	HOST = 128,
	NO_PORT = 0,
};
#define DAY_US (86400 * INT64_C(1000000))

enum zone { ZONE_OWN, ZONE_HOME, ZONE_GROUP, ZONE_OUTSIDE, ZONE_OTHERS };
static const char *const zone_names[] = { "own", "home", "group", "outside", "others" };

struct side {
	enum zone zone;
	struct prefix network;
};

struct row {
	int64_t day;
	struct side client, server;
	uint32_t port;
	enum transport transport;
	/* since it was last told */
	uint64_t flows, disallowed, cleartext, client_bytes, server_bytes;
	int64_t first_us, last_us;
	bool is_judged, is_answered;
};

struct matrix {
	struct hash_key key;
	struct row *rows;
	size_t count, room, unanswered;
	int64_t day;           /* newest of the rows */
	uint16_t slots[SLOTS]; /* place of a row + 1; 0: empty */
	struct buf reason;
};
_Static_assert(MATRIX_ROWS_MAX + TRANSPORTS * 2 < UINT16_MAX, "a slot holds a place");

struct matrix *matrix_new(void)
{
	struct matrix *matrix = calloc(1, sizeof(*matrix));
	if (matrix == NULL)
		return NULL;
	matrix->key = hash_key_random();
	matrix->day = INT64_MIN;
	return matrix;
}

void matrix_free(struct matrix *matrix)
{
	if (matrix == NULL)
		return;
	free(matrix->rows);
	buf_free(&matrix->reason);
	free(matrix);
}

/* ---- sides ---- */

static struct side side_of(const struct matrix_zones *zones, const struct addr *addr)
{
	bool is_v4 = addr_is_v4(addr);
	if (home_holds(zones->own, addr))
		return (struct side){ ZONE_OWN, prefix_around(addr, HOST) };
	if (addr_is_group(addr))
		return (struct side){ ZONE_GROUP, prefix_around(addr, HOST) };
	if (home_holds(zones->home, addr))
		return (struct side){
			ZONE_HOME, prefix_around(addr, is_v4 ? NETWORK_V4 : NETWORK_V6)
		};
	return (struct side){ ZONE_OUTSIDE, prefix_around(addr, is_v4 ? V4_BITS : 0) };
}

static void side_text(const struct side *side, char *out, size_t size)
{
	char address[ADDR_TEXT_MAX];
	unsigned len = side->network.len;
	if (side->zone == ZONE_OTHERS) {
		snprintf(out, size, "others");
		return;
	}
	addr_text(&side->network.addr, address);
	if (len == HOST)
		snprintf(out, size, "%s", address);
	else if (addr_is_v4(&side->network.addr))
		snprintf(out, size, "%s/%u", address, len - V4_BITS);
	else
		snprintf(out, size, "%s/%u", address, len);
}

/* ---- rows ---- */

static bool is_same_side(const struct side *a, const struct side *b)
{
	return a->zone == b->zone && prefix_compare(&a->network, &b->network) == 0;
}

static bool is_same(const struct row *a, const struct row *b)
{
	return a->day == b->day && a->port == b->port && a->transport == b->transport &&
	       is_same_side(&a->client, &b->client) &&
	       is_same_side(&a->server, &b->server);
}

static uint64_t hash_of(const struct matrix *matrix, const struct row *row)
{
	uint64_t words[6];
	memcpy(&words[0], row->client.network.addr.ip6, 16);
	memcpy(&words[2], row->server.network.addr.ip6, 16);
	words[4] = (uint64_t)row->day;
	words[5] = (uint64_t)row->port << 32 | (uint64_t)row->transport << 24 |
		   (uint64_t)row->client.network.len << 8 | row->server.network.len;
	return hash_words(&matrix->key, words, 6);
}

/* The slot of that row, or the empty one where it would be. */
static uint16_t *slot_of(struct matrix *matrix, const struct row *row)
{
	size_t at = hash_of(matrix, row) % SLOTS;
	while (matrix->slots[at] != 0 &&
	       !is_same(&matrix->rows[matrix->slots[at] - 1], row))
		at = (at + 1) % SLOTS;
	return &matrix->slots[at];
}

static bool make_room(struct matrix *matrix)
{
	if (matrix->count < matrix->room)
		return true;
	size_t room = matrix->room == 0 ? ROWS_FIRST : 2 * matrix->room;
	struct row *rows = reallocarray(matrix->rows, room, sizeof(*rows));
	if (rows == NULL)
		return false;
	matrix->rows = rows;
	matrix->room = room;
	return true;
}

/* NULL: no memory. */
static struct row *add_row(struct matrix *matrix, uint16_t *slot, const struct row *row)
{
	if (!make_room(matrix))
		return NULL;
	matrix->rows[matrix->count] = *row;
	*slot = (uint16_t)++matrix->count;
	return &matrix->rows[matrix->count - 1];
}

static struct row *row_of(struct matrix *matrix, struct row *row)
{
	uint16_t *slot = slot_of(matrix, row);
	if (*slot != 0)
		return &matrix->rows[*slot - 1];
	bool is_full = matrix->count >= MATRIX_ROWS_MAX ||
		       (!row->is_answered && matrix->unanswered >= UNANSWERED_MAX);
	if (!is_full) {
		matrix->unanswered += !row->is_answered;
		return add_row(matrix, slot, row);
	}
	row->client = row->server = (struct side){ .zone = ZONE_OTHERS };
	row->port = NO_PORT;
	slot = slot_of(matrix, row);
	return *slot != 0 ? &matrix->rows[*slot - 1] : add_row(matrix, slot, row);
}

/* ---- connections ---- */

static uint64_t known(uint64_t value)
{
	return value == UNKNOWN_U64 ? 0 : value;
}

static bool is_of_interest(const struct flow_record *flow)
{
	return flow->probe != 1 && flow->end != UNKNOWN_TIME &&
	       flow->transport != NULL && transport_of(flow->transport) != TRANSPORTS &&
	       flow->server_port <= UINT16_MAX && !addr_is_unset(&flow->client_ip) &&
	       !addr_is_unset(&flow->server_ip) && policy_is_connection(flow) &&
	       !policy_is_itself(flow);
}

static void judge(struct matrix *matrix, const struct matrix_zones *zones,
		  const struct flow_record *flow, uint64_t flows, struct row *row)
{
	if (zones->policy == NULL || !home_holds(zones->own, &flow->server_ip))
		return;
	buf_clear(&matrix->reason);
	row->is_judged = true;
	if (policy_judge_flow(zones->policy, flow, flow->end, &matrix->reason) !=
	    POLICY_ALLOWED)
		row->disallowed += flows;
}

static void add(struct row *row, const struct flow_record *flow, uint64_t flows)
{
	int64_t start = flow->start != UNKNOWN_TIME ? flow->start : flow->end;
	if (row->flows == 0 || start < row->first_us)
		row->first_us = start;
	if (row->flows == 0 || flow->end > row->last_us)
		row->last_us = flow->end;
	row->flows += flows;
	row->client_bytes += known(flow->client_bytes);
	row->server_bytes += known(flow->server_bytes);
	if (flow->cleartext == 1)
		row->cleartext += flows;
}

void matrix_take(struct matrix *matrix, const struct matrix_zones *zones,
		 const struct flow_record *flow)
{
	if (!is_of_interest(flow))
		return;
	struct row wanted = {
		.day = flow->end / DAY_US,
		.client = side_of(zones, &flow->client_ip),
		.server = side_of(zones, &flow->server_ip),
		.port = flow->server_port,
		.transport = transport_of(flow->transport),
		.is_answered = known(flow->server_packets) > 0,
	};
	uint64_t flows = flow->flows == UNKNOWN_U64 ? 1 : flow->flows;
	struct row *row = row_of(matrix, &wanted);
	if (row == NULL)
		return;
	if (wanted.day > matrix->day)
		matrix->day = wanted.day;
	add(row, flow, flows);
	judge(matrix, zones, flow, flows, row);
}

/* ---- telling ---- */

static struct conversation_record record_of(const struct row *row)
{
	struct conversation_record out;
	record_init(RECORD_conversation, &out);
	out.start = row->day * DAY_US;
	out.client_zone = zone_names[row->client.zone];
	out.server_zone = zone_names[row->server.zone];
	side_text(&row->client, out.client_network, sizeof(out.client_network));
	side_text(&row->server, out.server_network, sizeof(out.server_network));
	out.port = row->port;
	out.transport = transport_names[row->transport];
	out.flows = row->flows;
	if (row->is_judged)
		out.disallowed = row->disallowed;
	out.cleartext = row->cleartext;
	out.client_bytes = row->client_bytes;
	out.server_bytes = row->server_bytes;
	out.first = row->first_us;
	out.last = row->last_us;
	return out;
}

static void forget_counts(struct row *row)
{
	row->flows = row->disallowed = row->cleartext = 0;
	row->client_bytes = row->server_bytes = 0;
	row->is_judged = false;
}

/* Connections that ended before midnight are told of after it, too. */
static void forget_days(struct matrix *matrix)
{
	size_t count = matrix->count;
	memset(matrix->slots, 0, sizeof(matrix->slots));
	matrix->count = matrix->unanswered = 0;
	for (size_t i = 0; i < count; i++) {
		if (matrix->rows[i].day < matrix->day)
			continue;
		const struct row row = matrix->rows[i];
		matrix->unanswered += !row.is_answered;
		add_row(matrix, slot_of(matrix, &row), &row);
	}
}

void matrix_tell(struct matrix *matrix,
		 void (*tell)(void *to, const struct conversation_record *row),
		 void *to)
{
	bool is_over = false;
	for (size_t i = 0; i < matrix->count; i++) {
		struct row *row = &matrix->rows[i];
		is_over = is_over || row->day < matrix->day;
		if (row->flows == 0)
			continue;
		const struct conversation_record record = record_of(row);
		tell(to, &record);
		forget_counts(row);
	}
	if (is_over)
		forget_days(matrix);
}
