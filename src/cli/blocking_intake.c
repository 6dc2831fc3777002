/*
 * blocking_intake.c: what respond is given, and who is spared; see blocking.h.
 *
 * A record from before the clock was set back would be one of the future, and end
 * blocks before their time: no record is later than now.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/blocking_inside.h"
#include "cli/store_look.h"

enum {
	READER_S = 3600, /* who reads the page is here for so long */
	LOGIN_DAYS = 30,
	READ_MS = 3000, /* the store, at the start; what is newest comes first */
};
#define SECOND_US 1000000LL
#define LOGIN_US  (LOGIN_DAYS * 86400LL * SECOND_US)

static int64_t not_later(int64_t at_us, int64_t now_us)
{
	return at_us != UNKNOWN_TIME && at_us > now_us ? now_us : at_us;
}

static bool is_word(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

void blocking_finding(struct blocking *b, const struct finding_record *finding)
{
	if (b->respond == NULL)
		return;
	struct finding_record known = *finding;
	int64_t now_us = blocking_now_us(b);
	known.at = not_later(finding->at, now_us);
	known.first = not_later(finding->first, now_us);
	known.last = not_later(finding->last, now_us);
	respond_finding(b->respond, &known);
	blocking_flush(b);
}

/*
 * Only what comes to this machine proves something: of connections between others both
 * ends may be one and the same stranger's.
 */
void blocking_contact(struct blocking *b, const struct contact_record *contact)
{
	bool may_prove = is_word(contact->outcome, "handshake") ||
			 is_word(contact->outcome, "unused") ||
			 is_word(contact->outcome, "slow");
	bool is_to_us = home_holds(b->own, &contact->server_ip);
	if (b->respond == NULL || !may_prove ||
	    (!is_to_us && !home_holds(b->own, &contact->client_ip)))
		return;
	struct contact_record known = *contact;
	known.at = not_later(contact->at, blocking_now_us(b));
	if (is_to_us)
		respond_contact(b->respond, &known);
	else
		respond_own_contact(b->respond, &known);
	blocking_flush(b);
}

void blocking_flow(struct blocking *b, const struct flow_record *flow)
{
	bool is_to_us = home_holds(b->own, &flow->server_ip);
	if (b->respond == NULL || (!is_to_us && !home_holds(b->own, &flow->client_ip)))
		return;
	struct flow_record known = *flow;
	int64_t now_us = blocking_now_us(b);
	known.start = not_later(flow->start, now_us);
	known.end = not_later(flow->end, now_us);
	if (is_to_us)
		respond_flow(b->respond, &known);
	else
		respond_own_flow(b->respond, &known);
	blocking_flush(b);
}

void blocking_share(struct blocking *b, const struct respond_shared *shared)
{
	if (b->respond == NULL)
		return;
	struct respond_shared known = *shared;
	int64_t now_us = blocking_now_us(b);
	known.seen_us = not_later(shared->seen_us, now_us);
	respond_share(b->respond, &known, now_us);
	blocking_flush(b);
}

void blocking_unshare(struct blocking *b, const struct addr *address,
		      const char *finding)
{
	if (b->respond == NULL)
		return;
	respond_unshare(b->respond, address, finding, blocking_now_us(b));
	blocking_flush(b);
}

/* ---- logins ---- */

/*
 * That it was let in is the log's word alone: sizes on the wire are a stranger's to
 * choose.
 */
static bool is_by_ssh(const struct login_record *login)
{
	return is_word(login->outcome, "success") && login->source[0] != '\0' &&
	       strcmp(login->protocol, "ssh") == 0;
}

/* An IPv6 address stands for its /64, as everywhere. */
static void spare(struct blocking *b, const struct addr *who, enum never_reason reason,
		  int64_t left_us)
{
	const struct spared spared = {
		.prefix = { addr_source(who), addr_is_v4(who) ? 128 : 64 },
		.reason = reason,
		.left_us = left_us,
	};
	if (!addr_is_unset(who) && !addr_is_loopback(who) &&
	    !addr_is_unspecified(who) && left_us > 0)
		blocking_spare(b, &spared);
}

void blocking_login(struct blocking *b, const struct login_record *login)
{
	if (b->respond == NULL || !is_by_ssh(login))
		return;
	spare(b, &login->client_ip, NEVER_ssh, LOGIN_US);
	blocking_flush(b);
}

/* A log need not say which address of ours it was. */
void blocking_attempt(struct blocking *b, const struct login_record *login)
{
	bool is_ours = addr_is_unset(&login->server_ip) ||
		       home_holds(b->own, &login->server_ip);
	if (b->respond == NULL || !is_ours)
		return;
	struct login_record known = *login;
	known.at = not_later(login->at, blocking_now_us(b));
	respond_login(b->respond, &known);
	blocking_login(b, login);
}

void blocking_reader(struct blocking *b, const struct addr *reader)
{
	if (b->respond == NULL)
		return;
	spare(b, reader, NEVER_dashboard, READER_S * SECOND_US);
	blocking_flush(b);
}

void blocking_spare_server(struct blocking *b, const struct addr *server,
			   int64_t left_us)
{
	if (b->respond == NULL)
		return;
	spare(b, server, NEVER_fleet, left_us);
	blocking_flush(b);
}

/* ---- of the store ---- */

struct known_logins {
	struct blocking *blocking;
	int64_t now_us;
};

static bool take_row(void *self, const struct store_value *values, size_t count)
{
	const struct known_logins *known = self;
	char text[ADDR_TEXT_MAX];
	struct addr who;
	if (count != 2 || values[0].type != STORE_TEXT ||
	    values[0].len >= sizeof(text) || values[1].type != STORE_INTEGER)
		return true;
	memcpy(text, values[0].bytes, values[0].len);
	text[values[0].len] = '\0';
	if (addr_parse(text, &who))
		spare(known->blocking, &who, NEVER_ssh,
		      LOGIN_US - (known->now_us - values[1].integer));
	return true;
}

void blocking_spare_known(struct blocking *b)
{
	struct known_logins known = { b, blocking_now_us(b) };
	int64_t clear_us = b->config->privacy_pseudonyms_after * SECOND_US;
	/* What is older may be a pseudonym, which is nobody's address. */
	int64_t back_us = clear_us > 0 && clear_us < LOGIN_US ? clear_us : LOGIN_US;
	const struct store_sql sql = { .self = &known, .row = take_row };
	char text[256];
	snprintf(text, sizeof(text),
		 "SELECT client_ip,max(at) FROM login WHERE at>%lld AND "
		 "protocol='ssh' AND outcome='success' AND source IS NOT NULL "
		 "GROUP BY client_ip ORDER BY 2 DESC LIMIT 2048",
		 (long long)(known.now_us - back_us));
	store_look_sql(b->config->state, text, READ_MS, &sql);
}
