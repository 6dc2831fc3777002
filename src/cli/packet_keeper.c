/*
 * packet_keeper.c: see packet_keeper.h.
 */
#include "cli/packet_keeper.h"

#include <netinet/in.h>
#include <string.h>

#include "probe/recorder_ring.h"

enum {
	FIRST = 32,
	MORE = 16,
	/* A question costs a worker a walk over what it keeps: a fraction of a ms. */
	QUESTIONS_PER_S = 4,
	QUESTIONS_AT_ONCE = 64,
	/* About 200 octets each on disk: of both kinds, 7 MB in the worst hour. */
	PACKETS_PER_S = 2,
	PACKETS_AT_ONCE = 2048,
	AGAIN_US = 1000000,
};

static bool take_one(struct allowance *a, double per_s, double most, int64_t now_us)
{
	if (a->at_us == 0)
		a->left = most;
	else if (now_us > a->at_us)
		a->left += (double)(now_us - a->at_us) / 1e6 * per_s;
	if (a->left > most)
		a->left = most;
	a->at_us = now_us;
	if (a->left < 1)
		return false;
	a->left--;
	return true;
}

/* ---- asking ---- */

static struct kept_of *find(struct packet_keeper *keeper, const char *id)
{
	for (size_t i = 0; i < KEEPER_FINDINGS; i++)
		if (strcmp(keeper->at[i].id, id) == 0)
			return &keeper->at[i];
	return NULL;
}

static struct kept_of *find_or_begin(struct packet_keeper *keeper,
				     const struct finding_record *f)
{
	struct kept_of *of = find(keeper, f->id);
	if (of != NULL)
		return of;
	of = &keeper->at[keeper->next++ % KEEPER_FINDINGS];
	*of = (struct kept_of){ .asked_us = INT64_MIN, .since_us = INT64_MIN };
	memcpy(of->id, f->id, sizeof(of->id));
	if (f->packets != UNKNOWN_U64) { /* of the last run, or asked of long ago */
		of->kept = (uint32_t)f->packets;
		of->since_us = f->last;
	}
	return of;
}

static uint8_t proto_of(const struct finding_record *f)
{
	if (f->transport == NULL)
		return 0;
	return strcmp(f->transport, "tcp") == 0   ? IPPROTO_TCP
	       : strcmp(f->transport, "udp") == 0 ? IPPROTO_UDP
						  : 0;
}

/* False if nothing says whose packets these would be. */
static bool describe(const struct finding_record *f, const struct kept_of *of,
		     struct packets_wanted *w)
{
	*w = (struct packets_wanted){ .has_source = !addr_is_unset(&f->client_ip),
				      .has_port = f->port != UNKNOWN_U32,
				      .target = f->server_ip,
				      .proto = proto_of(f),
				      .since_us = of->since_us };
	memcpy(w->id, f->id, sizeof(w->id));
	if (w->has_port)
		w->port = (uint16_t)f->port;
	if (addr_is_unspecified(&w->target))
		w->target = addr_unset();
	if (w->has_source) {
		w->source.addr = f->client_ip;
		w->source.len = addr_is_v4(&f->client_ip) ? 128 : 64;
	}
	uint32_t left = of->kept < KEEPER_MOST ? KEEPER_MOST - of->kept : 0;
	w->max = of->kept == 0 ? FIRST : MORE;
	if (w->max > left)
		w->max = left;
	return w->max > 0 && (w->has_source || !addr_is_unset(&w->target));
}

static bool matters(const struct finding_record *f)
{
	return record_severity(f->severity) >= SEVERITY_MEDIUM ||
	       (f->proof != NULL && strcmp(f->proof, "unsolicited") != 0);
}

void packet_keeper_finding(struct packet_keeper *keeper, const struct finding_record *f)
{
	struct packets_wanted wanted;
	/* Only attacks are in an incident. */
	if (keeper->ask == NULL || f->incident[0] == '\0' ||
	    strcmp(f->state, "open") != 0)
		return;
	keeper->now_us = f->at;
	struct kept_of *of = find_or_begin(keeper, f);
	of->matters = matters(f);
	if (!describe(f, of, &wanted) ||
	    (of->asked_us != INT64_MIN && f->at - of->asked_us < AGAIN_US) ||
	    !take_one(&keeper->questions, QUESTIONS_PER_S, QUESTIONS_AT_ONCE, f->at))
		return;
	of->asked_us = f->at;
	keeper->ask(keeper->self, &wanted);
}

/* ---- keeping ---- */

static bool has_room(struct packet_keeper *keeper, const struct kept_of *of)
{
	int64_t now_us = keeper->now_us;
	return (of->matters && take_one(&keeper->packets_that_matter, PACKETS_PER_S,
					PACKETS_AT_ONCE, now_us)) ||
	       take_one(&keeper->packets, PACKETS_PER_S, PACKETS_AT_ONCE, now_us);
}

static uint8_t is_sent(const struct packet_keeper *keeper,
		       const struct packet_record *packet)
{
	struct packet_view view;
	if (!packet_look(bytes_of(packet->data.at, packet->data.len), &view))
		return UNKNOWN_FLAG;
	return home_holds(keeper->own, &view.src);
}

void packet_keeper_take(struct packet_keeper *keeper,
			const struct packet_record *packet)
{
	struct kept_of *of = find(keeper, packet->id);
	struct packet_record known = *packet;
	/* Each worker gives as many as were asked for. */
	if (of == NULL || of->kept >= KEEPER_MOST || !has_room(keeper, of))
		return;
	known.number = ++of->kept;
	known.sent = is_sent(keeper, packet);
	if (packet->at >= of->since_us)
		of->since_us = packet->at + 1;
	keeper->keep(keeper->self, &known);
	detect_kept(keeper->detect, packet->id, of->kept);
}
