/*
 * shield.c: what the watch knows of the packet filter, and when it looks again; see
 * watch.h.
 *
 * The kernel tells that rules have changed, not what that means for whom: so they are
 * read anew, and every listener of ours is judged again.  While there is no CPU time
 * for that, nothing is claimed.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/firewall.h"
#include "host/watch.h"
#include "record/record.h"

enum {
	COALESCE_US = 500000,
	BLIND_US = 2000000,
	LEGACY_US = 2000000,
	SHARE = 1000,
	BURST_US = 400000,
};
#define TELL_US (86400 * INT64_C(1000000)) /* also what has not changed */

static void wait_for_changes(struct host_watch *watch, bool waits)
{
	struct epoll_event event = { .events = waits ? EPOLLIN : 0 };
	epoll_ctl(watch->epoll, EPOLL_CTL_MOD, watch->shield.fd, &event);
}

bool shield_open(struct host_watch *watch)
{
	struct shield *shield = &watch->shield;
	struct epoll_event event = { .events = EPOLLIN };
	shield->round = 1;
	shield->fd = firewall_listen();
	/* Without, nobody's state is known: that needs no message of its own. */
	if (shield->fd < 0)
		return true;
	shield->has_changed = true;
	return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, shield->fd, &event) == 0;
}

void shield_close(struct host_watch *watch)
{
	ruleset_free(watch->shield.rules);
	if (watch->shield.fd >= 0)
		close(watch->shield.fd);
}

/* ---- judging ---- */

static bool is_loopback(const struct addr *addr)
{
	static const struct addr loopback6 = { .ip6 = { [15] = 1 } };
	return addr_is_v4(addr) ? addr->ip6[12] == 127 : addr_equal(addr, &loopback6);
}

static bool can_pay(struct host_watch *watch)
{
	return credit_has(&watch->shield.credit, watch->now_us, SHARE, BURST_US);
}

uint8_t shield_judge(struct host_watch *watch, struct watched *w)
{
	struct shield *shield = &watch->shield;
	if (w->judged == shield->round)
		return w->firewalled;
	w->firewalled = UNKNOWN_FLAG;
	bool is_ours = w->netns == 0 && !is_loopback(&w->addr);
	if (is_ours && shield->rules != NULL && !can_pay(watch)) {
		shield->is_judging = true;
		return w->firewalled;
	}
	w->judged = shield->round;
	if (!is_ours || shield->rules == NULL)
		return w->firewalled;
	const struct firewall_door door = {
		.addr = w->addr, .port = w->port, .proto = w->proto, .dual = w->dual
	};
	int64_t began = watch_cost_us();
	w->firewalled = firewall_judge(shield->rules, &door);
	credit_pay(&shield->credit, began);
	return w->firewalled;
}

/* As many as there is time for; of the others nothing is claimed any more. */
static void judge_all(struct host_watch *watch)
{
	struct shield *shield = &watch->shield;
	shield->is_judging = false;
	for (size_t i = 0; i < watch->listeners.count; i++) {
		struct watched *w = &watch->listeners.at[i];
		uint8_t before = w->firewalled;
		if (w->judged != shield->round && shield_judge(watch, w) != before &&
		    w->is_told)
			tell_listener(watch, w);
	}
}

/* ---- telling ---- */

/* facts NULL: they can't be read. */
static void tell_rules(struct host_watch *watch, const struct firewall_facts *facts)
{
	struct shield *shield = &watch->shield;
	struct host_rules now = { .is_readable = facts != NULL };
	if (facts != NULL) {
		now.drops_unnamed = facts->drops_unnamed;
		memcpy(now.sha256, facts->sha256, sizeof(now.sha256));
		now.tables = facts->tables;
		now.chains = facts->chains;
		now.rules = facts->rules;
	}
	bool is_as_told =
		shield->told_us != 0 && now.is_readable == shield->told.is_readable &&
		memcmp(now.sha256, shield->told.sha256, sizeof(now.sha256)) == 0;
	if (is_as_told && watch->now_us < shield->told_us + TELL_US)
		return;
	if (facts != NULL) {
		struct firewall_counts counts = firewall_count();
		now.counted_packets = counts.packets;
		now.counted_bytes = counts.bytes;
	}
	struct host_event event = { .kind = HOST_RULES };
	event.rules = shield->told = now;
	shield->told_us = watch->now_us;
	watch_send(watch, &event);
}

/* ---- reading ---- */

static void take(struct host_watch *watch, struct ruleset *rules)
{
	struct shield *shield = &watch->shield;
	ruleset_free(shield->rules);
	shield->rules = rules;
	shield->round++;
	judge_all(watch);
}

static void read_again(struct host_watch *watch)
{
	struct shield *shield = &watch->shield;
	int64_t began = watch_cost_us();
	/* What changes from here on shows again. */
	firewall_has_changed(shield->fd);
	shield->has_changed = false;
	struct firewall_facts facts;
	struct ruleset *rules = shield->is_legacy ? NULL : firewall_read(&facts);
	tell_rules(watch, rules != NULL ? &facts : NULL);
	credit_pay(&shield->credit, began);
	wait_for_changes(watch, true);
	take(watch, rules);
}

static void note_change(struct host_watch *watch)
{
	struct shield *shield = &watch->shield;
	if (shield->has_changed)
		return;
	shield->has_changed = true;
	shield->due_us = watch->now_us + COALESCE_US;
	wait_for_changes(watch, false);
}

static void look_for_legacy(struct host_watch *watch)
{
	struct shield *shield = &watch->shield;
	bool is_legacy = firewall_is_legacy();
	shield->legacy_due_us = watch->now_us + LEGACY_US;
	if (is_legacy != shield->is_legacy)
		note_change(watch);
	shield->is_legacy = is_legacy;
}

int64_t shield_due_us(const struct host_watch *watch)
{
	const struct shield *shield = &watch->shield;
	if (shield->fd < 0)
		return INT64_MAX;
	int64_t due = shield->legacy_due_us;
	if (!shield->has_changed && !shield->is_judging)
		return due;
	int64_t wanted = shield->is_judging ? 0 : shield->due_us;
	int64_t affordable = shield->credit.earned_us - (shield->credit.us - 1) * SHARE;
	if (shield->credit.us > 0 || affordable < wanted)
		affordable = wanted;
	return affordable < due ? affordable : due;
}

void shield_run(struct host_watch *watch)
{
	struct shield *shield = &watch->shield;
	if (shield->fd < 0) {
		tell_rules(watch, NULL);
		return;
	}
	if (!shield->has_changed && shield->told_us + TELL_US <= watch->now_us)
		note_change(watch);
	if (shield->legacy_due_us <= watch->now_us)
		look_for_legacy(watch);
	if (!shield->has_changed && firewall_has_changed(shield->fd))
		note_change(watch);
	bool is_due = shield->has_changed && shield->due_us <= watch->now_us;
	if (is_due && can_pay(watch))
		read_again(watch);
	else if (is_due && shield->rules != NULL &&
		 shield->due_us + BLIND_US <= watch->now_us)
		take(watch, NULL);
	if (shield->is_judging && can_pay(watch))
		judge_all(watch);
}
