/*
 * recorder_ring.c: see recorder_ring.h.
 *
 * Positions count all bytes ever put, and never come again: what is before `tail` is
 * gone.  An entry lies in one piece; what is left at the end of memory is passed over.
 */
#include "probe/recorder_ring.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* ---- whose a packet is ---- */

static int order_of(const struct addr *one, uint16_t one_port, const struct addr *other,
		    uint16_t other_port)
{
	if (one_port != other_port)
		return one_port < other_port ? -1 : 1;
	return memcmp(one, other, sizeof(*one));
}

void ends_set(struct ends *ends, uint8_t protocol, const struct addr *one,
	      uint16_t one_port, const struct addr *other, uint16_t other_port)
{
	bool swap = order_of(one, one_port, other, other_port) < 0;
	memset(ends, 0, sizeof(*ends)); /* padding, too: it is hashed */
	ends->protocol = protocol;
	ends->addr[swap] = *one;
	ends->port[swap] = one_port;
	ends->addr[!swap] = *other;
	ends->port[!swap] = other_port;
}

bool ends_equal(const struct ends *a, const struct ends *b)
{
	return a->protocol == b->protocol && a->port[0] == b->port[0] &&
	       a->port[1] == b->port[1] && addr_equal(&a->addr[0], &b->addr[0]) &&
	       addr_equal(&a->addr[1], &b->addr[1]);
}

struct ip {
	struct addr src, dst;
	uint8_t protocol;
	size_t len; /* of its header */
};

static bool read_ip(struct bytes at, struct ip *ip)
{
	if (at.len >= 20 && at.at[0] >> 4 == 4) {
		ip->src = addr_v4(at.at + 12);
		ip->dst = addr_v4(at.at + 16);
		ip->protocol = at.at[9];
		ip->len = (at.at[0] & 15u) * 4u;
		bool is_first = ((at.at[6] & 0x1f) | at.at[7]) == 0;
		return is_first && ip->len >= 20 && ip->len <= at.len;
	}
	if (at.len < 40 || at.at[0] >> 4 != 6)
		return false;
	ip->src = addr_v6(at.at + 8);
	ip->dst = addr_v6(at.at + 24);
	ip->protocol = at.at[6];
	ip->len = 40;
	return true;
}

static uint16_t u16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t u32_at(const uint8_t *at)
{
	return (uint32_t)u16_at(at) << 16 | u16_at(at + 2);
}

static bool is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static bool is_error(uint8_t protocol, uint8_t type)
{
	return protocol == IPPROTO_ICMP ? type == 3 || type == 11 || type == 12
					: type >= 1 && type <= 4;
}

/* Behind the IP header there are so many bytes that the ports are in. */
static bool read_ends(const struct ip *ip, struct bytes behind, struct ends *ends)
{
	uint16_t src = 0, dst = 0;
	if (is_icmp(ip->protocol) && behind.len >= 8) {
		src = dst = u16_at(behind.at + 4);
	} else if ((ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) &&
		   behind.len >= 4) {
		src = u16_at(behind.at);
		dst = u16_at(behind.at + 2);
	} else {
		return false;
	}
	ends_set(ends, ip->protocol, &ip->src, src, &ip->dst, dst);
	return true;
}

static bool look_at_icmp(struct bytes behind, struct packet_view *view)
{
	struct ip quoted;
	if (behind.len < 8)
		return false;
	view->icmp_type = behind.at[0];
	view->icmp_code = behind.at[1];
	view->payload += 8;
	view->is_error = is_error(view->protocol, view->icmp_type);
	if (!view->is_error)
		return true;
	bytes_take(&behind, 8);
	if (!read_ip(behind, &quoted))
		return false;
	bytes_take(&behind, quoted.len);
	return read_ends(&quoted, behind, &view->ends);
}

static bool look_at_tcp(struct bytes behind, struct packet_view *view)
{
	if (behind.len < 20)
		return false;
	view->seq = u32_at(behind.at + 4);
	view->ack = u32_at(behind.at + 8);
	view->tcp_flags = behind.at[13];
	view->payload += (behind.at[12] >> 4) * 4u;
	return true;
}

bool packet_look(struct bytes packet, struct packet_view *view)
{
	struct ip ip;
	*view = (struct packet_view){ 0 };
	if (!read_ip(packet, &ip))
		return false;
	bytes_take(&packet, ip.len);
	view->src = ip.src;
	view->dst = ip.dst;
	view->protocol = ip.protocol;
	view->payload = ip.len;
	if (!read_ends(&ip, packet, &view->ends))
		return false;
	if (is_icmp(ip.protocol))
		return look_at_icmp(packet, view);
	view->src_port = u16_at(packet.at);
	view->dst_port = u16_at(packet.at + 2);
	if (ip.protocol == IPPROTO_TCP)
		return look_at_tcp(packet, view);
	view->payload += 8;
	return true;
}

bool packet_asks_neighbour(struct bytes packet, struct ends *ends)
{
	enum { ARP_LEN = 28, SOLICITATION = 135 };
	const struct addr none = addr_unset();
	struct ip ip;
	struct addr wanted;
	static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	if (packet.len >= ARP_LEN && memcmp(packet.at, request, sizeof(request)) == 0) {
		wanted = addr_v4(packet.at + 24);
	} else if (read_ip(packet, &ip) && ip.protocol == IPPROTO_ICMPV6 &&
		   packet.len >= ip.len + 24 && packet.at[ip.len] == SOLICITATION) {
		wanted = addr_v6(packet.at + ip.len + 8);
	} else {
		return false;
	}
	ends_set(ends, 0, &wanted, 1, &none, 0);
	return true;
}

/* ---- the ring ---- */

enum { HEADS = 8192 };

struct entry {
	struct recorded recorded;
	struct ends ends;
	uint64_t before; /* the one before with that hash, behind its place; 0: none */
	uint32_t span;   /* to the next entry */
	bool is_gap;     /* nothing: memory ends behind it */
};

struct recorder_ring {
	uint8_t *at;
	size_t size;
	uint64_t head, tail; /* positions of the next and of the oldest */
	struct hash_key key;
	uint64_t heads[HEADS]; /* position + 1; 0: none */
};

struct recorder_ring *recorder_ring_new(size_t bytes)
{
	struct recorder_ring *ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return NULL;
	/* A gap at its end has room for an entry's head: all are multiples of one. */
	ring->size = bytes / sizeof(struct entry) * sizeof(struct entry);
	ring->at = malloc(ring->size);
	ring->key = hash_key_random();
	if (ring->at != NULL)
		return ring;
	free(ring);
	return NULL;
}

void recorder_ring_free(struct recorder_ring *ring)
{
	if (ring == NULL)
		return;
	free(ring->at);
	free(ring);
}

static struct entry *entry_at(const struct recorder_ring *ring, uint64_t position)
{
	return (struct entry *)(void *)(ring->at + position % ring->size);
}

static size_t slot_of(const struct recorder_ring *ring, const struct ends *ends)
{
	uint64_t words[5];
	memcpy(words, ends->addr, sizeof(ends->addr));
	words[4] = (uint64_t)ends->port[0] << 32 | (uint64_t)ends->port[1] << 16 |
		   ends->protocol;
	return hash_words(&ring->key, words, 5) % HEADS;
}

static void make_room(struct recorder_ring *ring, size_t span)
{
	while (ring->head + span - ring->tail > ring->size)
		ring->tail += entry_at(ring, ring->tail)->span;
}

/* What is left at the end of memory becomes a gap if the entry does not fit there. */
static void pass_the_end(struct recorder_ring *ring, size_t span)
{
	size_t left = ring->size - ring->head % ring->size;
	if (left >= span)
		return;
	make_room(ring, left);
	*entry_at(ring, ring->head) =
		(struct entry){ .span = (uint32_t)left, .is_gap = true };
	ring->head += left;
}

void recorder_ring_put(struct recorder_ring *ring, const struct ends *ends,
		       const struct recorded *recorded, const uint8_t *at)
{
	size_t unit = sizeof(struct entry);
	size_t span = (unit + recorded->len + unit - 1) / unit * unit;
	if (span > ring->size)
		return;
	pass_the_end(ring, span);
	make_room(ring, span);
	uint64_t *head = &ring->heads[slot_of(ring, ends)];
	struct entry *entry = entry_at(ring, ring->head);
	*entry = (struct entry){ .recorded = *recorded,
				 .ends = *ends,
				 .before = *head,
				 .span = (uint32_t)span };
	memcpy(entry + 1, at, recorded->len);
	*head = ring->head + 1;
	ring->head += span;
}

uint64_t recorder_ring_mark(const struct recorder_ring *ring)
{
	return ring->head;
}

bool recorder_ring_has_lost(const struct recorder_ring *ring, uint64_t mark)
{
	return mark < ring->tail;
}

void recorder_ring_each(const struct recorder_ring *ring, const struct ends *ends,
			uint64_t mark, recorder_emit emit, void *to)
{
	uint64_t from = mark > ring->tail ? mark : ring->tail;
	uint64_t next = ring->heads[slot_of(ring, ends)];
	while (next != 0 && next - 1 >= from) {
		const struct entry *entry = entry_at(ring, next - 1);
		if (ends_equal(&entry->ends, ends) &&
		    !emit(to, &entry->recorded, (const uint8_t *)(entry + 1)))
			return;
		next = entry->before;
	}
}
