/*
 * heard.c: see heard.h.
 */
#include "flow/heard.h"

#include <netinet/in.h>
#include <string.h>

#include "flow/state.h"

enum {
	SPOKEN_S = 900,
	SYSTEM_PORTS = 1024, /* RFC 6335 6: below */
	SERVES = 255, /* in place of a transport: UDP as a server, not as a client */
};

static uint64_t end_hash(const struct flows *f, const struct addr *addr, uint16_t port,
			 uint8_t proto)
{
	uint64_t words[3];
	memcpy(words, addr->ip6, sizeof(addr->ip6));
	words[2] = (uint64_t)port << 8 | proto;
	return hash_words(&f->options.key, words, 3);
}

/* The address has sent, from that port; port and transport 0: from any. */
static void note_end(struct flows *f, const struct addr *addr, uint16_t port,
		     uint8_t proto, int64_t at_us)
{
	recent_note(&f->contacts.speakers, end_hash(f, addr, port, proto), at_us);
}

static bool has_service(const struct body *b)
{
	return b->service != SERVICE_NONE && b->service != SERVICE_OTHER;
}

/* Its service remembers that for it; the address needs to be noted but seldom. */
void heard_server(struct flows *f, const struct body *b, int64_t at_us)
{
	uint32_t now_s = (uint32_t)(at_us / SECOND_US);
	/* A datagram that nobody asked for makes no server of its port. */
	if (b->proto == IPPROTO_UDP && b->side[CLIENT].packets == 0) {
		note_end(f, &b->key.addr[SERVER], 0, 0, at_us);
		return;
	}
	struct service *service =
		has_service(b) ? services_at(f->services, b->service) : NULL;
	if (service == NULL || now_s - service->spoke_s > SPOKEN_S / 2) {
		note_end(f, &b->key.addr[SERVER], 0, 0, at_us);
		note_end(f, &b->key.addr[SERVER], b->key.port[SERVER], SERVES, at_us);
	}
	if (service != NULL)
		service->spoke_s = now_s;
}

static bool has_spoken(const struct flows *f, const struct addr *addr, uint16_t port,
		       uint8_t proto, int64_t at_us)
{
	return recent_has(&f->contacts.speakers, end_hash(f, addr, port, proto), at_us,
			  SPOKEN_S);
}

bool heard_service(const struct flows *f, const struct body *b, int64_t at_us)
{
	uint32_t now_s = (uint32_t)(at_us / SECOND_US);
	if (has_service(b)) {
		uint32_t spoke_s = services_peek(f->services, b->service)->spoke_s;
		if (spoke_s != 0 && now_s - spoke_s <= SPOKEN_S)
			return true;
	}
	return b->proto == IPPROTO_UDP &&
	       has_spoken(f, &b->key.addr[SERVER], b->key.port[SERVER], IPPROTO_UDP,
			  at_us);
}

/*
 * Who serves asks others of his kind, at his port or another that users may have; at
 * the ports of systems it is a scan from a port that is served, such as 53.
 */
bool heard_peer(const struct flows *f, const struct body *b, int64_t at_us)
{
	bool may_be_peer = b->key.port[SERVER] >= SYSTEM_PORTS ||
			   b->key.port[SERVER] == b->key.port[CLIENT];
	return may_be_peer &&
	       has_spoken(f, &b->key.addr[CLIENT], b->key.port[CLIENT], SERVES, at_us);
}

bool heard_address(const struct flows *f, const struct body *b, int64_t at_us)
{
	return has_spoken(f, &b->key.addr[SERVER], 0, 0, at_us);
}

void heard_datagram(struct flows *f, const struct addr *src, uint16_t port,
		    int64_t at_us)
{
	note_end(f, src, port, IPPROTO_UDP, at_us);
}
