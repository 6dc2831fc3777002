/*
 * alike.c: see alike.h.
 */
#include "store/alike.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SECOND_US 1000000LL

void alike_open(struct alike *alike)
{
	*alike = (struct alike){ 0 };
	alike->at = calloc(ALIKE_PLACES, sizeof(*alike->at));
}

void alike_close(struct alike *alike)
{
	free(alike->at);
}

static size_t place_of(const struct flow_record *flow)
{
	static const struct hash_key fixed; /* who collides is kept more often */
	uint64_t words[5];
	memcpy(words, flow->client_ip.ip6, 2 * sizeof(words[0]));
	memcpy(words + 2, flow->server_ip.ip6, 2 * sizeof(words[0]));
	words[4] = flow->server_port;
	return hash_words(&fixed, words, 5) % ALIKE_PLACES;
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether the client said anything, and was answered, is what differs. */
static bool is_alike(const struct flow_record *a, const struct flow_record *b)
{
	return addr_equal(&a->client_ip, &b->client_ip) &&
	       addr_equal(&a->server_ip, &b->server_ip) &&
	       a->server_port == b->server_port &&
	       is_same(a->transport, b->transport) && is_same(a->state, b->state) &&
	       is_same(a->end_reason, b->end_reason) &&
	       (a->client_payload_bytes == 0) == (b->client_payload_bytes == 0) &&
	       (a->responses == 0) == (b->responses == 0);
}

static void give(struct alike *alike, struct alike_flows *at, alike_take take, void *to)
{
	if (at->flow.flows == 0)
		return;
	alike->waiting--;
	take(to, &at->flow);
	at->flow.flows = 0;
}

bool alike_keeps(struct alike *alike, const struct flow_record *flow, alike_take take,
		 void *to)
{
	int64_t second = flow->end / SECOND_US;
	if (alike->at == NULL)
		return true;
	struct alike_flows *at = &alike->at[place_of(flow)];
	if (at->second != second || !is_alike(&at->flow, flow)) {
		if (at->second != 0)
			give(alike, at, take, to);
		*at = (struct alike_flows){ .flow = *flow, .second = second };
		at->flow.flows = 0;
	}
	if (at->each < ALIKE_EACH) {
		at->each++;
		return true;
	}
	uint64_t flows = at->flow.flows;
	alike->waiting += flows == 0;
	at->flow = *flow;
	at->flow.flows = flows + 1;
	return false;
}

void alike_flush(struct alike *alike, int64_t before_us, alike_take take, void *to)
{
	for (size_t i = 0; i < ALIKE_PLACES && alike->waiting > 0; i++)
		if (alike->at[i].second < before_us / SECOND_US)
			give(alike, &alike->at[i], take, to);
}
