/*
 * community_id.c: Community ID version 1, the flow's name in other tools.
 *
 * Base64 of SHA-1 over seed, addresses, protocol, a zero byte and ports, in network
 * order, the smaller endpoint first.  ICMP's ports are the type and the type that
 * answers it; a type that nothing answers keeps its direction and has its code.
 * Protocols without ports leave them out.
 */
#include <netinet/in.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "record/identity.h"

enum { SHA1_LEN = 20, INPUT_MAX = 2 + 16 + 16 + 2 + 4 };

/* One context per thread: making one costs more than the hash. */
static pthread_key_t context_key;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void make_key(void)
{
	if (pthread_key_create(&context_key, free_context) != 0)
		abort();
}

/* NULL without memory. */
static EVP_MD_CTX *new_context(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (context != NULL && (EVP_DigestInit_ex(context, EVP_sha1(), NULL) != 1 ||
				pthread_setspecific(context_key, context) != 0)) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	return context;
}

static bool sha1(const void *at, size_t len, uint8_t out[static SHA1_LEN])
{
	pthread_once(&context_once, make_key);
	EVP_MD_CTX *context = pthread_getspecific(context_key);
	if (context == NULL)
		context = new_context();
	/* No type: the one of before, without looking it up again. */
	return context != NULL && EVP_DigestInit_ex(context, NULL, NULL) == 1 &&
	       EVP_DigestUpdate(context, at, len) == 1 &&
	       EVP_DigestFinal_ex(context, out, NULL) == 1;
}

struct tuple {
	const struct addr *src, *dst;
	uint16_t sport, dport;
	uint8_t protocol;
	bool has_ports, has_direction;
};

static bool has_ports(int protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6;
}

/* False if too little is known of the flow. */
static bool tuple_of(const struct flow_record *flow, struct tuple *out)
{
	int protocol = flow_protocol(flow);
	if (protocol < 0 || protocol > UINT8_MAX || addr_is_unset(&flow->client_ip) ||
	    addr_is_unset(&flow->server_ip))
		return false;
	*out = (struct tuple){
		.src = &flow->client_ip,
		.dst = &flow->server_ip,
		.sport = (uint16_t)flow->client_port,
		.dport = (uint16_t)flow->server_port,
		.protocol = (uint8_t)protocol,
		.has_ports = has_ports(protocol),
	};
	if (!out->has_ports)
		return true;
	if (flow_is_icmp(flow)) {
		int counter = icmp_counter_type(protocol, flow->client_port);
		out->has_direction = counter < 0;
		if (counter >= 0)
			out->dport = (uint16_t)counter;
	}
	return flow->client_port <= UINT16_MAX && flow->server_port <= UINT16_MAX;
}

static void order(struct tuple *t)
{
	int by_addr = memcmp(t->src, t->dst, sizeof(*t->src));
	bool is_ordered = by_addr < 0 || (by_addr == 0 && t->sport <= t->dport);
	if (t->has_direction || is_ordered)
		return;
	const struct addr *src = t->src;
	uint16_t sport = t->sport;
	t->src = t->dst;
	t->sport = t->dport;
	t->dst = src;
	t->dport = sport;
}

static size_t put(uint8_t *out, size_t len, const void *at, size_t more)
{
	memcpy(out + len, at, more);
	return len + more;
}

static size_t put_addr(uint8_t *out, size_t len, const struct addr *addr)
{
	if (addr_is_v4(addr))
		return put(out, len, addr->ip6 + 12, 4);
	return put(out, len, addr->ip6, sizeof(addr->ip6));
}

static size_t hash_input(const struct tuple *t, uint16_t seed,
			 uint8_t out[static INPUT_MAX])
{
	uint16_t ports[2] = { htons(t->sport), htons(t->dport) };
	uint16_t net_seed = htons(seed);
	size_t len = put(out, 0, &net_seed, sizeof(net_seed));
	len = put_addr(out, len, t->src);
	len = put_addr(out, len, t->dst);
	len = put(out, len, (uint8_t[]){ t->protocol, 0 }, 2);
	return t->has_ports ? put(out, len, ports, sizeof(ports)) : len;
}

void record_community_id(struct flow_record *flow, uint16_t seed)
{
	struct tuple tuple;
	uint8_t input[INPUT_MAX], hash[SHA1_LEN];
	memset(flow->community_id, 0, sizeof(flow->community_id));
	if (!tuple_of(flow, &tuple))
		return;
	order(&tuple);
	if (!sha1(input, hash_input(&tuple, seed, input), hash))
		return;
	unsigned char text[sizeof(flow->community_id) - 2];
	int len = EVP_EncodeBlock(text, hash, SHA1_LEN);
	memcpy(flow->community_id, "1:", 2);
	memcpy(flow->community_id + 2, text, (size_t)len);
}
