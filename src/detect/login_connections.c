/*
 * login_connections.c: guessing where neither packets nor logs tell of attempts.
 *
 * Of a login within TLS the connection is all there is to see: one that fails is short,
 * and like the one before (Vizváry and Vykopal, "Flow-based detection of RDP
 * brute-force attacks", 2013).  It is a guess, and says so.  Mail is fetched by short
 * connections that are alike, too: of mail services it is never more than a notice. Who
 * is known by any attempt that was told (login_attempts.h) is judged by that alone.
 */
#include <stdio.h>
#include <string.h>

#include "base/median.h"
#include "detect/detector.h"
#include "detect/guess.h"

enum {
	CALLERS_MAX = 4096,
	CALLS_MAX = 20, /* that are compared */
	CALLS = 20,     /* within ten minutes */
	CALLS_MAIL = 60,
	ALIKE_OF_TEN = 8, /* so many of ten, as some are cut short */
	/* A check whether the port is there says less; a login takes a handshake. */
	BYTES_MIN = 400,
	SLACK_BYTES = 64,   /* names and passwords differ in length */
	SESSION_TIMES = 10, /* a session is so much larger than a refusal */
};

#define MINUTE_US  (60 * SECOND_US)
#define WINDOW_US  (10 * MINUTE_US)
#define SHORT_US   (30 * SECOND_US)
#define SESSION_US MINUTE_US

struct call {
	int64_t at_us;
	uint64_t client_bytes, server_bytes;
};

/* A source and a service. */
struct caller {
	struct roster_entry head;
	struct call calls[CALLS_MAX];
	uint32_t next, count; /* of calls */
	uint64_t in_window;   /* short ones, since it began */
	int64_t window_us;
	int64_t told_us; /* 0: never */
	uint64_t untold;
};

struct callers {
	struct roster roster;
};

static bool open_callers(struct detect *detect, void *state)
{
	(void)detect;
	return roster_open(&((struct callers *)state)->roster, sizeof(struct caller),
			   CALLERS_MAX);
}

static void close_callers(void *state)
{
	roster_close(&((struct callers *)state)->roster);
}

/* ---- which services ---- */

/* submissions, imaps, pop3s */
static bool is_mail(uint32_t port)
{
	return port == 465 || port == 993 || port == 995;
}

/* SSH is none: its attempts are known by size, and programs use it all day. */
static bool is_login_service(const struct flow_record *flow)
{
	enum { FTPS = 990, TELNETS = 992, LDAPS = 636, RDP = 3389 };
	uint32_t port = flow->server_port;
	return port == RDP || port == FTPS || port == TELNETS || port == LDAPS ||
	       is_mail(port) || strcmp(flow->protocol, "rdp") == 0;
}

static bool is_of_interest(struct detect *detect, const struct flow_record *flow)
{
	return findings_same_word(flow->transport, "tcp") && flow->probe != 1 &&
	       flow->handshake_us != UNKNOWN_U64 && is_login_service(flow) &&
	       !findings_same_word(flow->end_reason, "aggregate") &&
	       !home_holds(&detect->friends, &flow->client_ip) &&
	       login_attempts_by(&detect->login_attempts, &flow->client_ip) == NULL;
}

/* ---- connections that are alike ---- */

static uint64_t median(const struct caller *caller, bool of_server)
{
	uint64_t values[CALLS_MAX] = { 0 };
	for (size_t i = 0; i < caller->count; i++)
		values[i] = of_server ? caller->calls[i].server_bytes
				      : caller->calls[i].client_bytes;
	return median_u64(values, caller->count);
}

static bool is_near(uint64_t value, uint64_t median)
{
	uint64_t slack = median / 10 + SLACK_BYTES;
	return value + slack >= median && value <= median + slack;
}

static bool are_alike(const struct caller *caller)
{
	uint64_t client = median(caller, false), server = median(caller, true);
	size_t alike = 0;
	for (size_t i = 0; i < caller->count; i++)
		alike += is_near(caller->calls[i].client_bytes, client) &&
			 is_near(caller->calls[i].server_bytes, server);
	return client >= BYTES_MIN && server >= BYTES_MIN &&
	       10 * alike >= ALIKE_OF_TEN * (size_t)caller->count;
}

static void note_call(struct caller *caller, const struct flow_record *flow)
{
	if (flow->end - caller->window_us > WINDOW_US) {
		caller->window_us = flow->end;
		caller->in_window = caller->count = caller->next = 0;
	}
	caller->calls[caller->next] =
		(struct call){ flow->end, flow->client_payload_bytes,
			       flow->server_payload_bytes };
	caller->next = (caller->next + 1) % CALLS_MAX;
	if (caller->count < CALLS_MAX)
		caller->count++;
	caller->in_window++;
	caller->untold++;
}

static bool is_guessing(const struct caller *caller, const struct flow_record *flow)
{
	unsigned wanted = is_mail(flow->server_port) ? CALLS_MAIL : CALLS;
	return caller->in_window >= wanted && are_alike(caller);
}

/* ---- what is said ---- */

static void begin_evidence(const struct flow_record *flow, const char *kind,
			   struct finding_record *evidence)
{
	detect_attack(evidence, kind, "connections", flow->end);
	detect_attacker(evidence, &flow->client_ip);
	evidence->server_ip = flow->server_ip;
	evidence->port = flow->server_port;
	evidence->transport = "tcp";
	evidence->confidence = is_mail(flow->server_port) ? 0.3 : 0.5;
	evidence->proof = "dialogue";
	evidence->detector = "login_connections";
}

static void tell_guessing(struct detect *detect, struct caller *caller,
			  const struct flow_record *flow)
{
	struct finding_record evidence;
	char who[ADDR_TEXT_MAX + 4], where[100];
	bool is_weak = is_mail(flow->server_port);
	begin_evidence(flow, "brute_force", &evidence);
	evidence.attempts = caller->untold;
	guess_who(&evidence, who, sizeof(who));
	guess_where(&evidence, flow->protocol, where, sizeof(where));
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%s makes many short connections to %.96s that are alike, as who "
		 "guesses passwords does.",
		 who, where);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "%llu connections in ten minutes, of about %llu bytes there and %llu "
		 "back",
		 (unsigned long long)caller->in_window,
		 (unsigned long long)median(caller, false),
		 (unsigned long long)median(caller, true));
	record_text(evidence.advice, sizeof(evidence.advice),
		    "Look into the service's own log: what is encrypted says no more.");
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1110.001");
	caller->told_us = flow->end;
	caller->untold = 0;
	findings_take(&detect->findings, &evidence,
		      is_weak ? SEVERITY_NOTICE : SEVERITY_LOW, GUESS_HOLD_US);
}

/* One of the connections became a session: the password was found. */
static void tell_session(struct detect *detect, const struct caller *caller,
			 const struct flow_record *flow)
{
	struct finding_record evidence;
	char who[ADDR_TEXT_MAX + 4], where[100];
	begin_evidence(flow, "login_after_failures", &evidence);
	guess_who(&evidence, who, sizeof(who));
	guess_where(&evidence, flow->protocol, where, sizeof(where));
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "After many short connections, %s has a long one to %.96s: it may "
		 "have got in.",
		 who, where);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "%llu bytes back in %lld s; about %llu in each of those before",
		 (unsigned long long)flow->server_payload_bytes,
		 (long long)((flow->end - flow->start) / SECOND_US),
		 (unsigned long long)median(caller, true));
	record_text(evidence.advice, sizeof(evidence.advice),
		    "See in the service's own log who it is; if it is nobody of yours, "
		    "end the session.");
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1078");
	findings_take(&detect->findings, &evidence, SEVERITY_HIGH, GUESS_HOLD_US);
}

static bool is_told(const struct caller *caller, int64_t at_us)
{
	return caller->told_us != 0 && at_us - caller->told_us <= GUESS_HOLD_US;
}

static bool is_session(const struct caller *caller, const struct flow_record *flow)
{
	return is_told(caller, flow->end) && !is_mail(flow->server_port) &&
	       flow->end - flow->start >= SESSION_US &&
	       flow->server_payload_bytes > SESSION_TIMES * median(caller, true);
}

static struct roster_key key_of(const struct flow_record *flow)
{
	return (struct roster_key){ .first = addr_source(&flow->client_ip),
				    .second = flow->server_ip,
				    .rest = flow->server_port };
}

static void see_flow(struct detect *detect, void *state, const struct flow_record *flow)
{
	struct callers *callers = state;
	const struct roster_key key = key_of(flow);
	if (!is_of_interest(detect, flow))
		return;
	struct caller *caller = roster_take(&callers->roster, &key);
	if (is_session(caller, flow)) {
		tell_session(detect, caller, flow);
		return;
	}
	if (findings_same_word(flow->end_reason, "active") ||
	    flow->end - flow->start > SHORT_US)
		return;
	note_call(caller, flow);
	if (caller->count > 1)
		roster_rank(&callers->roster, caller, 1);
	if (is_told(caller, flow->end) || is_guessing(caller, flow))
		tell_guessing(detect, caller, flow);
}

const struct detector detector_login_connections = {
	.name = "login_connections",
	.state_size = sizeof(struct callers),
	.open = open_callers,
	.close = close_callers,
	.flow = see_flow,
};
