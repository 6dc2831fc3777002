/*
 * words.c: the answer in sentences.
 *
 * Texts of records (names of processes, units) are strangers' words: they are written
 * as they are, and whoever prints them escapes.
 */
#include <math.h>
#include <string.h>

#include "explain/inside.h"

enum { CHANGES_TOLD = 5 };
#define SECOND_US 1000000LL
#define NEAR_US   (10 * 60 * SECOND_US)

static const char *const names[EXPLAIN_CAUSES] = {
	[EXPLAIN_NOT_LISTENING] = "nobody listens",
	[EXPLAIN_OTHER_ADDRESS] = "listens on another address",
	[EXPLAIN_FLOODED] = "under attack",
	[EXPLAIN_QUEUE_FULL] = "accept queue full",
	[EXPLAIN_BUFFER_FULL] = "receive buffer full",
	[EXPLAIN_HANGS] = "application does not answer",
	[EXPLAIN_UNANSWERED] = "connections unanswered",
	[EXPLAIN_REFUSES] = "connections fail",
	[EXPLAIN_ERRORS] = "application errors",
	[EXPLAIN_SLOW_NETWORK] = "slow network",
	[EXPLAIN_LOSSY_NETWORK] = "lossy network",
	[EXPLAIN_SLOW_APPLICATION] = "slow application",
	[EXPLAIN_SLOWER_THAN_USUAL] = "slower than usual",
	[EXPLAIN_PROBE_FAILS] = "its probe fails",
	[EXPLAIN_WELL] = "well",
	[EXPLAIN_IDLE] = "idle",
	[EXPLAIN_UNKNOWN] = "unknown",
};

const char *explain_cause_name(enum explain_cause cause)
{
	return names[cause];
}

/* "4.1 ms", "250 ms", "2.3 s". */
static void put_duration(struct buf *out, double us)
{
	if (us < 1000)
		buf_printf(out, "%.0f us", us);
	else if (us < 10e3)
		buf_printf(out, "%.1f ms", us / 1e3);
	else if (us < 1e6)
		buf_printf(out, "%.0f ms", us / 1e3);
	else
		buf_printf(out, "%.1f s", us / 1e6);
}

static void put_share(struct buf *out, double share)
{
	buf_printf(out, share < 0.01 ? "%.2f %%" : "%.1f %%", share * 100);
}

static void put_count(struct buf *out, double count, const char *one, const char *many)
{
	buf_printf(out, "%.0f %s", count, count > 0.5 && count < 1.5 ? one : many);
}

/* "nginx (pid 812, nginx.service)". */
static void put_process(struct buf *out, const struct listener_record *l)
{
	buf_text(out, l->process[0] != '\0' ? l->process : "a process not seen");
	if (l->pid == UNKNOWN_U32)
		return;
	buf_printf(out, " (pid %u", l->pid);
	if (l->unit[0] != '\0')
		buf_printf(out, ", %s", l->unit);
	buf_char(out, ')');
}

static void put_address(struct buf *out, const struct addr *addr, uint32_t port)
{
	char text[ADDR_TEXT_MAX];
	addr_text(addr, text);
	buf_printf(out, addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", text, port);
}

void explain_put_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	buf_printf(out, "%.10s %.8s UTC", text, text + 11);
}

static void put_usual(struct buf *out, double usual_us, double now_us)
{
	if (isnan(usual_us) || usual_us <= 0)
		return;
	buf_text(out, "; usual is ");
	put_duration(out, usual_us);
	if (now_us > usual_us * EXPLAIN_SLOWER)
		buf_printf(out, ", so it is %.0f times as slow", now_us / usual_us);
}

/* ---- why ---- */

static void say_not_listening(const struct explain_facts *facts,
			      const struct explain_figures *now, struct buf *out)
{
	const struct listener_record *last =
		facts->change_count > 0 ? &facts->changes[0] : NULL;
	buf_printf(out, "Nobody listens on port %u", facts->port);
	if (last != NULL && last->change != NULL &&
	    strcmp(last->change, "closed") == 0) {
		buf_text(out, " since ");
		explain_put_time(out, last->at);
		buf_text(out, ", when ");
		put_process(out, last);
		buf_text(out, " closed it");
	}
	buf_text(out, ". ");
	if (now->rejected > 0) {
		put_count(out, now->rejected, "connection was refused",
			  "connections were refused");
		buf_printf(out, " in the last %.0f s.", now->interval_s);
	} else {
		buf_text(out, now->flows > 0 ? "Nobody has come since."
					     : "No client came in the last minute.");
	}
}

static void say_other_address(const struct explain_facts *facts, struct buf *out)
{
	const struct port_record *missed = explain_missed(facts);
	const struct listener_record *l = &facts->listeners[0];
	put_process(out, l);
	buf_text(out, " listens on ");
	put_address(out, &l->ip, l->port);
	buf_printf(out, "/%s, but clients go to ", l->transport);
	put_address(out, &missed->server_ip, missed->port);
	buf_printf(out, "/%s and are refused.", missed->transport);
}

static void put_dropped(struct buf *out, const struct listener_record *l)
{
	if (l->overflows != UNKNOWN_U64 && l->overflows > 0)
		buf_printf(out, ", %llu were dropped since it listens",
			   (unsigned long long)l->overflows);
	if (l->overflow_at != UNKNOWN_TIME) {
		buf_text(out, ", the last at ");
		explain_put_time(out, l->overflow_at);
	}
}

static void say_queue_full(const struct explain_facts *facts, struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, EXPLAIN_QUEUE_FULL);
	put_process(out, l);
	buf_text(out, " accepts connections slower than clients come");
	if (l->backlog != UNKNOWN_U64 && l->backlog_max != UNKNOWN_U64)
		buf_printf(out, ": %llu wait in a queue for %llu",
			   (unsigned long long)l->backlog,
			   (unsigned long long)l->backlog_max);
	put_dropped(out, l);
	buf_text(out, ". Neither network nor firewall drops them; the kernel does.");
}

static void say_buffer_full(const struct explain_facts *facts, struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, EXPLAIN_BUFFER_FULL);
	put_process(out, l);
	buf_text(out, " reads slower than datagrams come");
	if (l->backlog != UNKNOWN_U64)
		buf_printf(out, ": %llu octets wait to be read",
			   (unsigned long long)l->backlog);
	put_dropped(out, l);
	buf_text(out, ". Neither network nor firewall drops them; the kernel does.");
}

static void say_hangs(const struct explain_facts *facts,
		      const struct explain_figures *now, struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, EXPLAIN_HANGS);
	buf_text(out, "Clients connect and ask, and ");
	if (l != NULL)
		put_process(out, l);
	else
		buf_text(out, "the server");
	buf_text(out, " answers nothing");
	if (now->backlog > 0)
		buf_printf(out, "; %.0f connections are not even accepted",
			   now->backlog);
	buf_text(out,
		 ". The kernel still completes handshakes, so the port looks open.");
}

static void say_errors(const struct explain_facts *facts,
		       const struct explain_figures *now, bool silent, struct buf *out)
{
	put_share(out, now->failed);
	buf_text(out, " of the connections that ended failed (limit ");
	put_share(out, facts->limit_errors);
	buf_text(out, "): ");
	if (silent) {
		put_count(out, now->unanswered, "attempt", "attempts");
		buf_text(out, " got no answer at all. ");
		buf_text(out, facts->listener_count > 0
				      ? "A socket listens, so a filter drops the "
					"packets or the answers do not get back."
				      : "A filter drops them, or the host is away.");
		return;
	}
	put_count(out, now->rejected, "was refused", "were refused");
	buf_text(out, ", ");
	put_count(out, now->unanswered, "got no answer", "got no answer");
	buf_text(out, ", the rest was broken off by the server.");
	if (explain_is_rejected_by_filter(facts, now))
		buf_text(out, " A socket listens there, so the refusals are a "
			      "firewall's (REJECT), not the process's.");
}

/* What its errors are called, by protocol. */
static const char *errors_of(const struct explain_facts *facts)
{
	static const struct {
		const char *protocol, *errors;
	} known[] = {
		{ "http", "HTTP 5xx" },
		{ "http2", "HTTP 5xx" },
		{ "dns", "SERVFAIL, or no answer at all" },
		{ "ntp", "it does not know the time, or does not answer" },
		{ "smtp", "4xx and 5xx replies" },
		{ "ftp", "4xx and 5xx replies" },
		{ "sip", "5xx responses" },
		{ "mysql", "SQL errors" },
		{ "postgresql", "SQL errors" },
		{ "tls", "handshakes it broke off" },
	};
	for (size_t r = 0; r < facts->now_count; r++) {
		const struct port_record *row = &facts->now[r];
		if (row->answer_errors == UNKNOWN_U64 || row->answer_errors == 0)
			continue;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strcmp(row->protocol, known[i].protocol) == 0)
				return known[i].errors;
	}
	return NULL;
}

static void say_answer_errors(const struct explain_facts *facts,
			      const struct explain_figures *now, struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, EXPLAIN_ERRORS);
	const char *errors = errors_of(facts);
	if (l != NULL)
		put_process(out, l);
	else
		buf_text(out, "The application");
	buf_printf(out, " answers with errors of its own: %.0f of %.0f answers",
		   now->answer_errors, now->answers);
	if (errors != NULL)
		buf_printf(out, " (%s)", errors);
	buf_text(out, ", limit ");
	put_share(out, facts->limit_errors);
	buf_text(out, ". Connections are well: neither network nor queue is the "
		      "reason.");
}

static void say_slow_network(const struct explain_answer *a, struct buf *out)
{
	const struct explain_figures *now = &a->now;
	buf_text(out, "The network is slow: a TCP handshake takes ");
	put_duration(out, now->network_us);
	put_usual(out, a->usual_handshake_us, now->network_us);
	buf_text(out, ". ");
	if (!isnan(now->application_us)) {
		buf_text(out, "The application answers within ");
		put_duration(out, now->application_us);
		buf_text(out, " once it was asked.");
	}
}

static void say_lossy_network(const struct explain_facts *facts,
			      const struct explain_figures *now, struct buf *out)
{
	buf_text(out, "The network loses packets: ");
	if (!isnan(now->retransmits)) {
		put_share(out, now->retransmits);
		buf_text(out, " of the segments were sent again, ");
	}
	put_share(out, isnan(now->loss) ? 0 : now->loss);
	buf_text(out, " of the payload was lost before here (limit ");
	put_share(out, facts->limit_loss);
	buf_text(out, ").");
}

static void say_slow_application(const struct explain_facts *facts,
				 const struct explain_answer *a, struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, a->cause);
	const struct explain_figures *now = &a->now;
	if (l != NULL)
		put_process(out, l);
	else
		buf_text(out, "The application");
	buf_text(out, " is slow: 95 of 100 answers come within ");
	put_duration(out, now->response_p95_us);
	put_usual(out, a->usual_response_us, now->response_p95_us);
	buf_text(out, ".");
	if (isnan(now->network_us))
		return;
	buf_text(out, " The network is not the reason: a handshake takes ");
	put_duration(out, now->network_us);
	buf_text(out, now->backlog <= 0 ? ", and nobody waits to be accepted." : ".");
}

static void say_well(const struct explain_facts *facts, const struct explain_answer *a,
		     struct buf *out)
{
	const struct explain_figures *now = &a->now;
	if (a->cause == EXPLAIN_SLOWER_THAN_USUAL)
		buf_text(out, "Within its limits, but slower than usual: ");
	else
		buf_text(out, "Well: ");
	put_count(out, now->flows, "connection", "connections");
	buf_printf(out, " in the last %.0f s", now->interval_s);
	if (!isnan(now->response_p95_us)) {
		buf_text(out, ", 95 of 100 answers within ");
		put_duration(out, now->response_p95_us);
		put_usual(out, a->usual_response_us, now->response_p95_us);
	}
	buf_text(out, ", limit ");
	put_duration(out, facts->limit_response_us);
	buf_char(out, '.');
}

static void say_unseen(const struct explain_facts *facts, struct buf *out)
{
	buf_text(out, facts->sockets_seen ? "nobody listens, and "
					  : "sockets can't be seen, and ");
	buf_text(out,
		 facts->packets_seen ? "no packet came." : "packets are not watched.");
}

static void say_nothing_comes(const struct explain_facts *facts,
			      const struct explain_answer *a, struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, a->cause);
	if (!explain_is_heard(facts)) {
		explain_say_unheard(facts, out);
		return;
	}
	if (l == NULL) {
		buf_printf(out, "Nothing is known of port %u: ", facts->port);
	} else {
		put_process(out, l);
		buf_printf(out, " listens on port %u. ", facts->port);
	}
	if (facts->sensor_count > 0)
		explain_say_untold(facts, l != NULL, a->usual_flows_per_s > 0, out);
	else if (l == NULL)
		say_unseen(facts, out);
	else if (!facts->packets_seen)
		buf_text(out, "Packets are not watched, so who comes is not known.");
	else if (a->usual_flows_per_s > 0)
		buf_text(out, "No client came in the last minute, though clients "
			      "usually do.");
	else
		buf_text(out, "No client came in the last minute.");
}

static void say_probe_fails(const struct explain_facts *facts,
			    const struct explain_answer *a, struct buf *out)
{
	const struct probe_record *probe = explain_failing_probe(facts);
	buf_printf(out, "Its probe %s is down", probe->target);
	if (probe->hard_since != UNKNOWN_TIME) {
		buf_text(out, " since ");
		explain_put_time(out, probe->hard_since);
	}
	if (probe->detail[0] != '\0')
		buf_printf(out, ": %s", probe->detail);
	else if (probe->reason != NULL)
		buf_printf(out, ": %s", probe->reason);
	buf_text(out, ". ");
	if (facts->now_count > 0)
		buf_text(out, "What clients of the last minute got was well.");
	else
		say_nothing_comes(facts, a, out);
}

static void say_flooded(const struct finding_record *flood, struct buf *out)
{
	buf_printf(out, "It is attacked: %s", flood->summary);
	if (flood->evidence[0] != '\0')
		buf_printf(out, " (%s)", flood->evidence);
	if (flood->advice[0] != '\0')
		buf_printf(out, " %s", flood->advice);
}

static void say_why(const struct explain_facts *facts, struct explain_answer *a)
{
	struct buf *out = &a->why;
	switch (a->cause) {
	case EXPLAIN_NOT_LISTENING:
		say_not_listening(facts, &a->now, out);
		break;
	case EXPLAIN_OTHER_ADDRESS:
		say_other_address(facts, out);
		break;
	case EXPLAIN_FLOODED:
		say_flooded(explain_flood(facts), out);
		break;
	case EXPLAIN_QUEUE_FULL:
		say_queue_full(facts, out);
		break;
	case EXPLAIN_BUFFER_FULL:
		say_buffer_full(facts, out);
		break;
	case EXPLAIN_HANGS:
		say_hangs(facts, &a->now, out);
		break;
	case EXPLAIN_UNANSWERED:
	case EXPLAIN_REFUSES:
		say_errors(facts, &a->now, a->cause == EXPLAIN_UNANSWERED, out);
		break;
	case EXPLAIN_ERRORS:
		say_answer_errors(facts, &a->now, out);
		break;
	case EXPLAIN_SLOW_NETWORK:
		say_slow_network(a, out);
		break;
	case EXPLAIN_LOSSY_NETWORK:
		say_lossy_network(facts, &a->now, out);
		break;
	case EXPLAIN_SLOW_APPLICATION:
		say_slow_application(facts, a, out);
		break;
	case EXPLAIN_SLOWER_THAN_USUAL:
	case EXPLAIN_WELL:
		say_well(facts, a, out);
		break;
	case EXPLAIN_PROBE_FAILS:
		say_probe_fails(facts, a, out);
		break;
	case EXPLAIN_IDLE:
	case EXPLAIN_UNKNOWN:
	case EXPLAIN_CAUSES:
		say_nothing_comes(facts, a, out);
		break;
	}
}

/* ---- what changed ---- */

static bool is_near(int64_t at_us, int64_t worse_us)
{
	return worse_us != UNKNOWN_TIME && at_us > worse_us - NEAR_US &&
	       at_us < worse_us + NEAR_US;
}

static void say_changes(const struct explain_facts *facts, struct explain_answer *a)
{
	struct buf *out = &a->change;
	unsigned told = 0;
	for (size_t i = 0; i < facts->change_count && told < CHANGES_TOLD; i++) {
		const struct listener_record *l = &facts->changes[i];
		if (!is_near(l->at, a->worse_us) || l->change == NULL)
			continue;
		explain_put_time(out, l->at);
		buf_text(out, ": ");
		put_process(out, l);
		buf_printf(out, " %s ", l->change);
		put_address(out, &l->ip, l->port);
		buf_char(out, '\n');
		told++;
	}
	for (size_t i = 0; i < facts->gap_count && told < CHANGES_TOLD; i++) {
		const struct gap_record *gap = &facts->gaps[i];
		if (!is_near(gap->start, a->worse_us) || gap->reason == NULL)
			continue;
		explain_put_time(out, gap->start);
		buf_printf(out, ": not everything was watched (%s)\n", gap->reason);
		told++;
	}
}

/* ---- what next ---- */

static void next_of_process(const struct explain_facts *facts, enum explain_cause cause,
			    struct buf *out)
{
	const struct listener_record *l = explain_culprit(facts, cause);
	if (l == NULL)
		return;
	if (l->unit[0] != '\0')
		buf_printf(out, "journalctl -u %s --since -1h\n", l->unit);
	if (l->pid != UNKNOWN_U32)
		buf_printf(out, "top -H -p %u\n", l->pid);
}

static void next_of_closed(const struct explain_facts *facts, struct buf *out)
{
	const struct listener_record *last =
		facts->change_count > 0 ? &facts->changes[0] : NULL;
	if (last != NULL && last->unit[0] != '\0')
		buf_printf(out, "systemctl status %s\njournalctl -u %s --since -1h\n",
			   last->unit, last->unit);
	else
		buf_printf(out, "breakwater flows --port %u\n", facts->port);
}

static void say_next(const struct explain_facts *facts, struct explain_answer *a)
{
	struct buf *out = &a->next;
	unsigned port = facts->port;
	switch (a->cause) {
	case EXPLAIN_NOT_LISTENING:
	case EXPLAIN_OTHER_ADDRESS:
		next_of_closed(facts, out);
		break;
	case EXPLAIN_FLOODED:
		buf_printf(out, "breakwater findings %.8s\n", explain_flood(facts)->id);
		break;
	case EXPLAIN_QUEUE_FULL:
		next_of_process(facts, a->cause, out);
		buf_printf(out, "ss -ltn 'sport = :%u'\nsysctl net.core.somaxconn\n",
			   port);
		break;
	case EXPLAIN_BUFFER_FULL:
		next_of_process(facts, a->cause, out);
		buf_printf(out, "ss -lunm 'sport = :%u'\nsysctl net.core.rmem_max\n",
			   port);
		break;
	case EXPLAIN_HANGS:
	case EXPLAIN_REFUSES:
	case EXPLAIN_ERRORS:
	case EXPLAIN_SLOW_APPLICATION:
		if (explain_is_rejected_by_filter(facts, &a->now))
			buf_text(out, "nft list ruleset\n");
		next_of_process(facts, a->cause, out);
		buf_printf(out, "breakwater flows --port %u --sort resp\n", port);
		break;
	case EXPLAIN_UNANSWERED:
		buf_text(out, "nft list ruleset\n");
		buf_printf(out, "breakwater flows --port %u\n", port);
		break;
	case EXPLAIN_SLOW_NETWORK:
	case EXPLAIN_LOSSY_NETWORK:
		buf_printf(out, "breakwater flows --port %u --sort rtt\n", port);
		buf_printf(out, "ss -tin '%s = :%u'\n",
			   facts->listener_count > 0 ? "sport" : "dport", port);
		break;
	case EXPLAIN_PROBE_FAILS:
		buf_printf(out, "breakwater probe --last-failure '%s'\n",
			   explain_failing_probe(facts)->target);
		break;
	case EXPLAIN_SLOWER_THAN_USUAL:
	case EXPLAIN_WELL:
	case EXPLAIN_IDLE:
	case EXPLAIN_UNKNOWN:
	case EXPLAIN_CAUSES:
		buf_printf(out, "breakwater flows --port %u\n", port);
		break;
	}
	if (facts->finding_count > 0)
		buf_printf(out, "breakwater findings --port %u\n", port);
}

void explain_words(const struct explain_facts *facts, struct explain_answer *out)
{
	explain_speech(facts, &out->speaks);
	say_why(facts, out);
	if (out->why.len > 0 && out->why.at[0] == 'a' && out->why.at[1] == ' ')
		out->why.at[0] = 'A'; /* "a process not seen", not a process's name */
	say_changes(facts, out);
	say_next(facts, out);
	explain_say_ask(facts, &out->ask);
}

void explain(const struct explain_facts *facts, struct explain_answer *out)
{
	struct explain_scope scope;
	explain_scope_open(facts, &scope);
	explain_figures(&scope.facts, out);
	out->cause = explain_decide(&scope.facts, out);
	if (out->cause > EXPLAIN_SLOWER_THAN_USUAL)
		out->worse_us = UNKNOWN_TIME;
	explain_words(&scope.facts, out);
	explain_scope_close(&scope);
}

void explain_free(struct explain_answer *answer)
{
	buf_free(&answer->speaks);
	buf_free(&answer->why);
	buf_free(&answer->change);
	buf_free(&answer->next);
	buf_free(&answer->ask);
}
