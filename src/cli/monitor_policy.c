/*
 * monitor_policy.c: the register of a running monitor: put in force, remembered as
 * records, and what follows for listeners when it or the time moves on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/monitor.h"

/* How often limits look at when reviews are due. */
enum { REVIEW_LOOK_S = 10 };

/* ---- its entries ---- */

/* "443/tcp" */
static void say_port(char *out, size_t size, const struct approval_record *approval)
{
	const char *transport = approval->transport != NULL ? approval->transport : "?";
	if (approval->port_last == approval->port)
		snprintf(out, size, "%u/%s", approval->port, transport);
	else
		snprintf(out, size, "%u-%u/%s", approval->port, approval->port_last,
			 transport);
}

static void audit_expiry(struct monitor *m, const struct approval_record *approval)
{
	char subject[64], expires[TIME_TEXT_MAX];
	say_port(subject, sizeof(subject), approval);
	record_time_text(approval->expires, expires);
	monitor_audit(m, "policy_expire", "breakwater", subject, expires, "");
}

/* An alert is of a target: of what is allowed to whom, and who answers for it. */
static void take_approval(void *to, const struct approval_record *now,
			  const struct approval_record *before)
{
	struct monitor *m = to;
	bool is_other = before != NULL && strcmp(before->target, now->target) != 0;
	if (is_other || now->review == UNKNOWN_TIME)
		alerting_gone(&m->alerting,
			      before != NULL ? before->target : now->target, now->at);
	monitor_keep(m, RECORD_approval, now);
	if (strcmp(now->state, "expired") == 0)
		audit_expiry(m, now);
}

bool monitor_read_register(struct monitor *m)
{
	char error[STORE_ERROR_MAX];
	bool was_unread = m->approvals.is_unread;
	bool ok = approvals_open(&m->approvals, m->config.state, error);
	if (m->approvals.is_unread && !was_unread)
		fprintf(stderr,
			"breakwater: what the register said before can't be read, "
			"which is tried again: %s\n",
			error);
	return ok;
}

/* False: changes of the register are told when it can be read what they change. */
static bool is_read(struct monitor *m)
{
	if (m->approvals.is_unread)
		monitor_read_register(m);
	return !m->approvals.is_unread;
}

static void settle(struct monitor *m, const struct approvals_review *review,
		   int64_t now_us)
{
	if (!is_read(m))
		return;
	m->approvals.interval_s = m->config.policy_review;
	if (!approvals_settle(&m->approvals, m->policy.policy, review, now_us,
			      take_approval, m))
		fprintf(stderr, "breakwater: not enough memory to keep what the "
				"register says\n");
}

/* ---- listeners ---- */

struct marking {
	struct monitor *monitor;
	const struct policy *before;
	int64_t before_us, now_us;
};

/* What the register says of it is another than before. */
static void mark(void *to, const struct listener_record *listener)
{
	const struct marking *marking = to;
	struct monitor *m = marking->monitor;
	struct listener_record was = *listener, now = *listener;
	struct buf reason = { 0 };
	if (proving_is_pid(&m->proving, listener->pid) ||
	    decoys_is_pid(&m->decoys, listener->pid))
		return;
	policy_mark(marking->before, &was, marking->before_us, &reason);
	policy_mark(m->policy.policy, &now, marking->now_us, &reason);
	buf_free(&reason);
	if (was.authorized == now.authorized && strcmp(was.approval, now.approval) == 0)
		return;
	now.at = marking->now_us;
	now.change = "changed";
	monitor_keep(m, RECORD_listener, &now);
}

/* ---- in force ---- */

void monitor_begin_register(struct monitor *m)
{
	settle(m, NULL, clock_us(CLOCK_REALTIME));
}

int monitor_apply_policy(struct monitor *m, const struct policy_change *change,
			 const char *actor, struct buf *message)
{
	struct policy *old;
	char before[POLICY_DIGEST_MAX];
	if (change->review != NULL && !is_read(m)) {
		buf_text(message, "the store can't be read now, so nobody could say of "
				  "when the last review was; ask again");
		return -EIO;
	}
	snprintf(before, sizeof(before), "%s", m->policy.digest);
	int error =
		policy_file_apply(&m->policy, change->text, change->len, &old, message);
	if (error != 0)
		return error;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	monitor_audit(m, change->action, actor, change->subject, before,
		      m->policy.digest);
	settle(m, change->review, now_us);
	struct marking marking = { m, old, now_us, now_us };
	host_each(m->host, mark, &marking);
	detect_set_policy(m->detect, m->policy.policy, now_us);
	policy_free(old);
	return 0;
}

/* ---- as time goes by ---- */

static void see_approval(void *to, const struct approval_record *approval)
{
	struct monitor *m = to;
	alerting_see(&m->alerting, RECORD_approval, approval, clock_us(CLOCK_REALTIME));
}

void monitor_watch_register(struct monitor *m, int64_t now_us)
{
	bool is_due = m->ticks / TICKS_PER_SECOND % REVIEW_LOOK_S == 0;
	if (m->approvals.is_unread && is_due)
		settle(m, NULL, now_us);
	if (m->approvals.is_unread)
		return;
	if (now_us >= m->approvals.due_us) {
		struct marking marking = { m, m->policy.policy, m->approvals.due_us - 1,
					   now_us };
		settle(m, NULL, now_us);
		host_each(m->host, mark, &marking);
	} else if (m->approvals.interval_s != m->config.policy_review) {
		settle(m, NULL, now_us);
	}
	if (is_due)
		approvals_each(&m->approvals, see_approval, m);
}
