/*
 * proven.c: see proven.h.
 */
#include "cli/proven.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Capture that loses more than a tenth proves nothing of what it does not see. */
enum { LOSS_SHARE = 10 };

static const char *const version_names[PROVEN_ROUNDS] = { "IPv4", "IPv6" };

struct verdict {
	const char *result;
	char text[256];
};

static struct verdict failed(const char *text)
{
	struct verdict verdict = { .result = "failed" };
	snprintf(verdict.text, sizeof(verdict.text), "%s", text);
	return verdict;
}

static struct verdict unknown(const char *text)
{
	struct verdict verdict = failed(text);
	verdict.result = "unknown";
	return verdict;
}

/* The machine has no such thing: there is nothing to test. */
static bool is_absent(const struct proven_round *round)
{
	int error = round->has_ended && round->ends.outcome == SELF_TEST_NO_NETWORK
			    ? round->ends.error
			    : 0;
	return error == -EAFNOSUPPORT || error == -EACCES || error == -EADDRNOTAVAIL;
}

static struct verdict no_network(int error)
{
	char text[192];
	if (error == -EADDRINUSE)
		return unknown("the addresses that are for tests are in use here");
	snprintf(text, sizeof(text),
		 "a network namespace with a link to it could not be made: %s",
		 strerror(-error));
	return unknown(text);
}

static struct verdict no_answer(const struct proven_round *round)
{
	return round->is_known ? unknown("packets were captured and got no answer: "
					 "another firewall, or rp_filter, stops what "
					 "comes by " SELF_TEST_LINK)
			       : unknown("packets did not reach the capture, and got "
					 "no answer");
}

static struct verdict not_taken(const struct wall_told *told)
{
	char text[192];
	if (told->outcome == WALL_TOO_MANY)
		return failed("detected and not blocked: as many as block.total are");
	snprintf(text, sizeof(text),
		 "detected and not blocked: the firewall did not take it: %s",
		 strerror(-told->error));
	return failed(text);
}

/* The first link of the chain that did not hold. */
static struct verdict not_stopped(const struct proven_round *round)
{
	char text[192];
	if (!round->is_known)
		return failed("packets did not reach the capture");
	if (round->decided_us == 0)
		return failed("the scan was captured and not detected");
	if (round->vetoed_by != NULL) {
		snprintf(text, sizeof(text), "detected and not blocked: %s",
			 round->vetoed_by);
		return failed(text);
	}
	if (!round->is_ordered)
		return failed("detected, and nothing came of it");
	if (round->told.outcome == 0)
		return failed("detected and not blocked: the process that keeps the "
			      "firewall did not answer");
	if (round->told.outcome != WALL_HELD)
		return not_taken(&round->told);
	return failed("blocked, as the firewall says, and packets still came through");
}

/* What was stopped at all: was it stopped well? */
static struct verdict stopped(const struct proven_round *round)
{
	const struct self_test_event *ends = &round->ends;
	char text[192];
	if (round->decided_us == 0)
		return failed("packets stopped to arrive, and nothing was detected");
	if (ends->passed > 0) {
		snprintf(text, sizeof(text),
			 "%u packets came through while it was blocked", ends->passed);
		return failed(text);
	}
	if (ends->session_ended == 0)
		return failed("a connection that was there before went on");
	if (ends->outcome == SELF_TEST_NOT_BACK)
		return failed("after the block had been taken back packets still did "
			      "not arrive");
	if (round->wants_xdp && round->early == 0)
		return failed("nftables stopped its packets, and XDP, which is to be "
			      "in front of it (block.xdp), none");
	if (round->seen < ends->sent - ends->sent / LOSS_SHARE) {
		snprintf(text, sizeof(text), "the capture saw %llu of %u packets",
			 (unsigned long long)round->seen, ends->sent);
		return failed(text);
	}
	return (struct verdict){ .result = "passed" };
}

static struct verdict judge(const struct proven_round *round)
{
	if (!round->has_ended)
		return unknown("the process that tests did not come to an end");
	switch (round->ends.outcome) {
	case SELF_TEST_NO_NETWORK:
		return no_network(round->ends.error);
	case SELF_TEST_NO_ANSWER:
		return no_answer(round);
	case SELF_TEST_NOT_STOPPED:
		return not_stopped(round);
	default:
		return stopped(round);
	}
}

/* ---- both ---- */

static void add_to(uint64_t *sum, uint64_t more)
{
	*sum = (*sum == UNKNOWN_U64 ? 0 : *sum) + more;
}

static void at_least(uint64_t *most, uint64_t us)
{
	if (us != UNKNOWN_U64 && (*most == UNKNOWN_U64 || us > *most))
		*most = us;
}

/* A packet that waits in the kernel is stopped later than it was sent. */
static uint64_t us_between(int64_t decided_us, int64_t stopped_us, uint64_t least_us)
{
	uint64_t us = stopped_us > decided_us ? (uint64_t)(stopped_us - decided_us) : 0;
	return least_us != UNKNOWN_U64 && us < least_us ? least_us : us;
}

static void take_numbers(const struct proven_round *round, struct self_test_record *out)
{
	const struct self_test_event *ends = &round->ends;
	if (!round->has_ended || ends->outcome == SELF_TEST_NO_NETWORK)
		return;
	add_to(&out->sent, ends->sent);
	/* A service's packets may be counted twice, never ours that were not sent. */
	add_to(&out->seen, round->seen < ends->sent ? round->seen : ends->sent);
	add_to(&out->passed, ends->passed);
	if (round->decided_us == 0)
		return;
	at_least(&out->detect_us, round->detect_us);
	if (ends->stopped_us == 0)
		return;
	at_least(&out->block_us,
		 us_between(round->decided_us, ends->stopped_us, round->detect_us));
}

/* failed, before unknown, before passed */
static int weight(const char *result)
{
	return result == NULL                   ? 0
	       : strcmp(result, "passed") == 0  ? 1
	       : strcmp(result, "unknown") == 0 ? 2
						: 3;
}

static void take_verdict(const struct proven_round *round, const char *name,
			 struct self_test_record *out)
{
	const struct verdict verdict = judge(round);
	char text[sizeof(out->detail)];
	size_t len = strlen(out->versions);
	snprintf(out->versions + len, sizeof(out->versions) - len, "%s%s",
		 len > 0 ? ", " : "", name);
	if (weight(verdict.result) <= weight(out->result))
		return;
	out->result = verdict.result;
	snprintf(text, sizeof(text), "%s: %.240s", name, verdict.text);
	record_text(out->detail, sizeof(out->detail),
		    verdict.text[0] != '\0' ? text : "");
}

static void name_xdp(struct self_test_record *out)
{
	size_t len = strlen(out->versions);
	if (len > 0)
		snprintf(out->versions + len, sizeof(out->versions) - len, ", XDP");
}

void proven_judge(const struct proven_round rounds[static PROVEN_ROUNDS],
		  struct self_test_record *out)
{
	record_init(RECORD_self_test, out);
	for (size_t i = 0; i < PROVEN_ROUNDS; i++) {
		if (is_absent(&rounds[i]))
			continue;
		take_numbers(&rounds[i], out);
		take_verdict(&rounds[i], version_names[i], out);
	}
	if (rounds[0].wants_xdp)
		name_xdp(out);
	if (out->result != NULL)
		return;
	out->result = "unknown";
	record_text(out->detail, sizeof(out->detail),
		    "neither IPv4 nor IPv6 could be used");
}

void proven_words(const struct self_test_record *record, struct buf *out)
{
	if (strcmp(record->result, "passed") != 0) {
		buf_text(out, record->detail);
		return;
	}
	buf_printf(out,
		   "detected in %llu ms, blocked in %llu ms, %llu of %llu packets lost",
		   (unsigned long long)(record->detect_us + 999) / 1000,
		   (unsigned long long)(record->block_us + 999) / 1000,
		   (unsigned long long)(record->sent - record->seen),
		   (unsigned long long)record->sent);
}
