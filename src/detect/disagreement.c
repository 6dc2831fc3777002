/*
 * disagreement.c: the probe of a service is answered, and its clients fail; or the
 * other way round.
 *
 * A probe asks one thing, from one place: a page that works says nothing of the one
 * that users want, loopback nothing of the firewall.  Their own connections do.
 */
#include <stdio.h>
#include <string.h>

#include "detect/inside.h"

enum {
	SAMPLES_MIN = 20, /* a share of less is chance */
	FAILING_PERCENT = 20,
	WORSE_PERCENT = 50,
	/* One source that fails may be an attacker, or broken itself. */
	SOURCES_MIN = 3,
	/* It is over when the last ten seconds are well, so that it does not flicker:
	 * with less than half of what raised it. */
	CALM_SLOTS = 2,
	CALM_MIN = 10,
	CALM_PERCENT = 10,
};
#define HOLD_US      (120 * SECOND_US) /* goes on by evidence, after a restart, too */
#define SAY_AGAIN_US (10 * SECOND_US)
#define STALE_US     (2 * 86400 * SECOND_US) /* the longest interval, twice */

/* ---- whose ---- */

/* Where it is served: an address of ours stands for the listener that has it. */
static struct addr service_ip(struct detect *detect, const char *transport,
			      const struct addr *ip, uint32_t port)
{
	const struct place *place =
		home_holds(&detect->own, ip) || addr_is_loopback(ip)
			? places_serving(&detect->places, transport, ip, port)
			: NULL;
	return place != NULL && place->open > 0 ? place->ip : *ip;
}

static struct users *bucket_of(struct detect *detect, const struct addr *ip,
			       uint32_t port)
{
	uint64_t words[3] = { 0, 0, port };
	memcpy(words, ip, sizeof(*ip));
	return detect->users
		.at[hash_words(&detect->findings.key, words, 3) % USERS_BUCKETS];
}

static bool is_of(const struct users *users, const char *transport,
		  const struct addr *ip, uint32_t port)
{
	return users->target[0] != '\0' && users->port == port &&
	       addr_equal(&users->ip, ip) && strcmp(users->transport, transport) == 0;
}

/* A place for the target: its own, a free one, or that of who was asked longest ago. */
static struct users *users_of(struct detect *detect, const struct probe_record *answer)
{
	struct addr ip =
		service_ip(detect, answer->transport, &answer->ip, answer->port);
	struct users *bucket = bucket_of(detect, &ip, answer->port);
	struct users *oldest = &bucket[0];
	for (unsigned i = 0; i < USERS_WAYS; i++) {
		if (is_of(&bucket[i], answer->transport, &ip, answer->port) &&
		    strcmp(bucket[i].target, answer->target) == 0)
			return &bucket[i];
		if (bucket[i].asked_us < oldest->asked_us)
			oldest = &bucket[i];
	}
	detect->users.count += oldest->target[0] == '\0';
	*oldest = (struct users){ .transport = answer->transport,
				  .ip = ip,
				  .port = answer->port };
	record_text(oldest->target, sizeof(oldest->target), answer->target);
	return oldest;
}

static struct finding *finding_of(struct detect *detect, const struct users *users,
				  struct finding_record *evidence, int64_t now_us)
{
	const struct place place = { .ip = users->ip,
				     .netns = UNKNOWN_U64,
				     .transport = users->transport,
				     .port = users->port,
				     .pid = UNKNOWN_U32 };
	detect_begin(evidence, "users_failing", NULL, &place, now_us);
	return findings_find(&detect->findings, evidence);
}

static void end_finding(struct detect *detect, struct users *users, int64_t now_us)
{
	struct finding_record key;
	struct finding *finding = finding_of(detect, users, &key, now_us);
	if (users->disagrees && finding != NULL)
		findings_close(&detect->findings, finding, now_us);
	users->disagrees = false;
}

/* ---- what comes ---- */

void detect_users_flow(struct detect *detect, const struct flow_record *flow)
{
	enum users_outcome outcome = users_outcome(flow);
	if (detect->users.count == 0 || outcome == USERS_NONE ||
	    flow->transport == NULL || addr_is_unset(&flow->server_ip))
		return;
	struct addr ip = service_ip(detect, flow->transport, &flow->server_ip,
				    flow->server_port);
	struct users *bucket = bucket_of(detect, &ip, flow->server_port);
	for (unsigned i = 0; i < USERS_WAYS; i++)
		if (is_of(&bucket[i], flow->transport, &ip, flow->server_port))
			users_add(&bucket[i], flow, outcome);
}

static void forget(struct detect *detect, const char *target, int64_t now_us)
{
	for (unsigned i = 0; i < USERS_BUCKETS * USERS_WAYS; i++) {
		struct users *users = &detect->users.at[0][0] + i;
		if (strcmp(users->target, target) != 0)
			continue;
		end_finding(detect, users, now_us);
		*users = (struct users){ 0 };
		detect->users.count--;
	}
}

static bool fails(const struct users_sum *sum, unsigned percent, uint32_t samples)
{
	uint32_t total = users_total(sum);
	return total >= samples && users_failures(sum) * 100ull >= total * percent;
}

/* It is down for us only. */
static void add_served(struct probe_record *answer, const struct users_sum *sum)
{
	size_t len = strlen(answer->detail);
	uint32_t total = users_total(sum);
	if (total < CALM_MIN || fails(sum, FAILING_PERCENT, CALM_MIN))
		return;
	snprintf(answer->detail + len, sizeof(answer->detail) - len,
		 "%s%u of %u connections of clients in the last minute were served",
		 len > 0 ? "; yet " : "", sum->by[USERS_WELL], total);
}

void detect_probe(struct detect *detect, struct probe_record *answer)
{
	if (answer->state == NULL) {
		if (detect->users.count > 0)
			forget(detect, answer->target, answer->at);
		return;
	}
	bool was_asked = answer->by != NULL && strcmp(answer->by, "probe") == 0;
	if (!was_asked || answer->transport == NULL || answer->port == UNKNOWN_U32 ||
	    addr_is_unset(&answer->ip))
		return;
	struct users *users = users_of(detect, answer);
	users->state = probe_state_of(answer->state);
	users->total_us = answer->total_us;
	users->asked_us = answer->at;
	const struct users_sum sum = users_sum(users, detect->now_us, USERS_SLOTS);
	if (users->state == PROBE_down)
		add_served(answer, &sum);
}

/* ---- the finding ---- */

static void put_failures(struct buf *out, const struct users_sum *sum)
{
	static const char *const words[USERS_OUTCOMES] = {
		[USERS_REJECTED] = "refused",
		[USERS_UNANSWERED] = "not answered",
		[USERS_RESET] = "reset",
		[USERS_ERRORS] = "answered with errors",
	};
	const char *mark = ": ";
	for (unsigned k = USERS_REJECTED; k < USERS_OUTCOMES; k++) {
		if (sum->by[k] == 0)
			continue;
		buf_printf(out, "%s%u %s", mark, sum->by[k], words[k]);
		mark = ", ";
	}
}

static void raise(struct detect *detect, struct users *users,
		  const struct users_sum *sum, int64_t now_us)
{
	struct finding_record evidence;
	struct buf *out = &detect->reason;
	uint32_t failures = users_failures(sum);
	finding_of(detect, users, &evidence, now_us);
	evidence.detector = "disagreement";
	evidence.confidence = 0.9;
	evidence.proof = "handshake";
	evidence.attempts =
		users->disagrees ? users->failed - users->told_failed : failures;
	buf_clear(out);
	buf_json_text(out, users->target);
	buf_printf(out,
		   ": the probe is answered in %.1f ms, yet %u of %u connections of "
		   "clients in the last minute failed",
		   (double)users->total_us / 1000, failures, users_total(sum));
	put_failures(out, sum);
	buf_char(out, '.');
	const char *text = buf_cstr(out);
	record_text(evidence.summary, sizeof(evidence.summary),
		    text != NULL ? text : "");
	bool is_worse = fails(sum, WORSE_PERCENT, SAMPLES_MIN);
	findings_take(&detect->findings, &evidence,
		      is_worse ? SEVERITY_HIGH : SEVERITY_MEDIUM, HOLD_US);
	users->disagrees = true;
	users->told_us = now_us;
	users->told_failed = users->failed;
}

static bool is_up(const struct users *users, int64_t now_us)
{
	return (users->state == PROBE_up || users->state == PROBE_degraded) &&
	       now_us - users->asked_us < STALE_US;
}

static bool is_calm(const struct users *users, const struct users_sum *minute,
		    int64_t now_us)
{
	const struct users_sum last = users_sum(users, now_us, CALM_SLOTS);
	bool is_well =
		users_total(&last) >= CALM_MIN && !fails(&last, CALM_PERCENT, CALM_MIN);
	return is_well || users_failures(minute) == 0;
}

/* Two targets of one service are one finding. */
static bool is_told_by_another(struct detect *detect, const struct users *users)
{
	const struct users *bucket = bucket_of(detect, &users->ip, users->port);
	for (unsigned i = 0; i < USERS_WAYS; i++)
		if (&bucket[i] != users && bucket[i].disagrees &&
		    is_of(&bucket[i], users->transport, &users->ip, users->port))
			return true;
	return false;
}

static void judge(struct detect *detect, struct users *users, int64_t now_us)
{
	const struct users_sum sum = users_sum(users, now_us, USERS_SLOTS);
	if (users->disagrees) {
		if (!is_up(users, now_us) || is_calm(users, &sum, now_us))
			end_finding(detect, users, now_us);
		else if (users->failed > users->told_failed &&
			 now_us - users->told_us >= SAY_AGAIN_US)
			raise(detect, users, &sum, now_us);
		return;
	}
	if (is_up(users, now_us) && fails(&sum, FAILING_PERCENT, SAMPLES_MIN) &&
	    !is_calm(users, &sum, now_us) &&
	    users_failing_sources(users, now_us) >= SOURCES_MIN &&
	    !is_told_by_another(detect, users))
		raise(detect, users, &sum, now_us);
}

void detect_users_tick(struct detect *detect, int64_t now_us)
{
	for (unsigned i = 0; detect->users.count > 0 && i < USERS_BUCKETS * USERS_WAYS;
	     i++) {
		struct users *users = &detect->users.at[0][0] + i;
		if (users->target[0] != '\0')
			judge(detect, users, now_us);
	}
}

/* ---- for who decides whom to ask ---- */

void detect_each_proof(struct detect *detect, detect_emit_proof emit, void *to)
{
	for (unsigned i = 0; detect->users.count > 0 && i < USERS_BUCKETS * USERS_WAYS;
	     i++) {
		struct users *users = &detect->users.at[0][0] + i;
		const struct users_sum sum =
			users_sum(users, detect->now_us, USERS_SLOTS);
		bool fails_now = fails(&sum, FAILING_PERCENT, 1);
		if (users->target[0] == '\0' ||
		    (!users->was_well && fails_now == users->fails))
			continue;
		const struct detect_proof proof = { .target = users->target,
						    .connect_us = users->connect_us,
						    .first_byte_us =
							    users->first_byte_us,
						    .is_well = users->was_well,
						    .fails = fails_now };
		if (!emit(to, &proof))
			return;
		users->was_well = false;
		users->fails = fails_now;
	}
}
