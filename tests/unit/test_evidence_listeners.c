/*
 * test_evidence_listeners.c: E1 tells of each socket that listened in the time, as it
 * was last seen, with the entry of the register that was in force at the end.
 */
#include "evidence_scene.h"

static union scene_record record;

/* Since when it listens, if nobody says: before the time. */
#define BEFORE (START_US - DAY)

static void put_listener(struct store *store, uint32_t port, const char *exe,
			 int64_t at, const char *change, uint8_t authorized,
			 const char *approval)
{
	PUT(listener, r->at = at; r->transport = "tcp"; r->ip = scene_addr("0.0.0.0");
	    r->port = port; TEXT(process, "daemon"); TEXT(exe, exe); TEXT(user, "root");
	    TEXT(unit, "daemon.service"); r->reach = "outside"; r->since = BEFORE;
	    r->sockets = strcmp(change, "closed") == 0 ? 0 : UNKNOWN_U32;
	    r->change = change; r->authorized = authorized; TEXT(approval, approval));
}

/* One of several sockets closes, the port stays open. */
static void put_half_closed(struct store *store)
{
	PUT(listener, r->at = START_US + HOUR; r->transport = "tcp";
	    r->ip = scene_addr("10.0.0.1"); r->port = 32; TEXT(exe, "/several");
	    r->since = BEFORE; r->sockets = 1; r->change = "closed"; r->authorized = 1);
}

/* Two programs of one port, and what differs between them: neither took it over. */
static void put_beside(struct store *store, uint32_t port, const char *ip,
		       const char *transport, uint64_t netns, int64_t since,
		       const char *change)
{
	PUT(listener, r->at = BEFORE; r->transport = "tcp"; r->ip = scene_addr("::");
	    r->port = port; TEXT(exe, "/one"); r->since = BEFORE; r->change = "opened";
	    r->authorized = 1);
	PUT(listener, r->at = START_US + HOUR; r->transport = transport;
	    r->ip = scene_addr(ip); r->port = port; r->netns = netns; TEXT(exe, "/two");
	    r->since = since; r->change = change; r->authorized = 1);
}

static void put_listeners(struct store *store)
{
	put_listener(store, 22, "/sshd", BEFORE, "opened", 1, "fine");
	put_listener(store, 22, "/other", UNTIL + HOUR, "changed", 0, "");
	put_listener(store, 23, "/gone", BEFORE, "opened", 1, "fine");
	put_listener(store, 23, "/gone", START_US - HOUR, "closed", 1, "fine");
	put_listener(store, 24, "/ended", BEFORE, "opened", 1, "short");
	put_listener(store, 24, "/ended", START_US + HOUR, "closed", 1, "short");
	put_listener(store, 25, "/later", UNTIL + 1, "opened", 1, "fine");
	put_listener(store, 26, "/forbidden", BEFORE, "opened", 0, "");
	put_listener(store, 27, "/unknown", BEFORE, "opened", UNKNOWN_FLAG, "");
	put_listener(store, 28, "/nameless", BEFORE, "opened", 1, "nameless");
	put_listener(store, 29, "/overdue", BEFORE, "opened", 1, "overdue");
	put_listener(store, 30, "/expired", BEFORE, "opened", 1, "short");
	put_listener(store, 31, "/before", BEFORE, "opened", 1, "fine");
	put_listener(store, 31, "/after", START_US + HOUR, "changed", 1, "fine");
	put_half_closed(store);
	/* As it was last seen. */
	put_listener(store, 33, "/twice", BEFORE, "opened", 1, "fine");
	put_listener(store, 33, "/twice", START_US + HOUR, "changed", 0, "");
	put_beside(store, 34, "::1", "tcp", UNKNOWN_U64, BEFORE, "changed");
	put_beside(store, 35, "::", "udp", UNKNOWN_U64, BEFORE, "changed");
	put_beside(store, 36, "::", "tcp", 7, BEFORE, "changed");
	put_beside(store, 37, "::", "tcp", UNKNOWN_U64, START_US, "changed");
	put_beside(store, 38, "::", "tcp", UNKNOWN_U64, BEFORE, "opened");
}

static void put_approval(struct store *store, const char *id, int64_t at,
			 const char *owner, int64_t expires, int64_t review)
{
	PUT(approval, r->at = at; TEXT(id, id); r->state = "approved";
	    TEXT(owner, owner); TEXT(reason, owner[0] != '\0' ? "work" : "");
	    TEXT(approver, owner[0] != '\0' ? "eve" : ""); r->expires = expires;
	    r->review = review; r->reviewed = at; TEXT(reviewer, "zoe"));
}

static void put_approvals(struct store *store)
{
	put_approval(store, "fine", BEFORE, "first", UNKNOWN_TIME, UNKNOWN_TIME);
	put_approval(store, "fine", START_US + HOUR, "ada", UNTIL + 1, UNTIL + 1);
	put_approval(store, "fine", UNTIL + 1, "too late", START_US, START_US);
	put_approval(store, "short", BEFORE, "ada", START_US + DAY, UNKNOWN_TIME);
	put_approval(store, "nameless", BEFORE, "", UNKNOWN_TIME, UNKNOWN_TIME);
	put_approval(store, "overdue", BEFORE, "ada", UNKNOWN_TIME, UNTIL);
}

static int fill(void **state)
{
	if (new_folder(state) != 0 || open_compliance(state) != 0)
		return -1;
	struct store *store = store_open(folder, &store_no_limits);
	put_listeners(store);
	put_approvals(store);
	wait_written(store);
	store_close(store);
	return 0;
}

static int forget(void **state)
{
	compliance_free(compliance);
	return remove_folder(state);
}

#define T_BEFORE "2026-01-30T00:00:00.000000Z"
#define T_HOUR   "2026-01-31T01:00:00.000000Z"
#define T_AFTER  "2026-02-10T00:00:00.000001Z"
#define HEAD                                                                           \
	"transport,ip,port,service,process,exe,user,unit,reach,since,closed,"          \
	"authorized,owner,reason,approver,expires,review,reviewed,reviewer,"           \
	"deviation\r\n"
#define LINE(port, exe, closed, authorized, approval, deviation)                       \
	"tcp,0.0.0.0," port ",,daemon," exe ",root,daemon.service,outside," T_BEFORE   \
	"," closed "," authorized "," approval "," deviation "\r\n"
#define BESIDE(transport, ip, port, exe, since)                                        \
	transport "," ip "," port ",,," exe ",,,," since ",,yes," NONE ",\r\n"
/* Owner, reason and approver; when it expires and is due; who reviewed it when. */
#define FINE    "ada,work,eve," T_AFTER "," T_AFTER "," T_HOUR ",zoe"
#define SHORT   "ada,work,eve,2026-02-01T00:00:00.000000Z,," T_BEFORE ",zoe"
#define OVERDUE "ada,work,eve,,2026-02-10T00:00:00.000000Z," T_BEFORE ",zoe"
#define NONE    ",,,,,,"

/* clang-format off */
static const char expected[] =
	HEAD
	LINE("22", "/sshd", "", "yes", FINE, "")
	LINE("24", "/ended", T_HOUR, "yes", SHORT, "")
	LINE("26", "/forbidden", "", "no", NONE, "the register does not allow it")
	LINE("27", "/unknown", "", "", NONE,
	     "\"nobody approved it: there is no register, or it could not be told "
	     "whose it is\"")
	LINE("28", "/nameless", "", "yes", ",,,,," T_BEFORE ",zoe",
	     "its approval says no owner reason approver")
	LINE("29", "/overdue", "", "yes", OVERDUE,
	     "the review of its approval is overdue")
	LINE("30", "/expired", "", "yes", SHORT, "its approval has expired")
	LINE("31", "/after", "", "yes", FINE, "")
	"tcp,10.0.0.1,32,,,/several,,,," T_BEFORE ",,yes," NONE ",\r\n"
	LINE("33", "/twice", "", "no", NONE, "the register does not allow it")
	BESIDE("tcp", "::", "34", "/one", T_BEFORE)
	BESIDE("tcp", "::1", "34", "/two", T_BEFORE)
	BESIDE("tcp", "::", "35", "/one", T_BEFORE)
	BESIDE("tcp", "::", "36", "/one", T_BEFORE)
	BESIDE("tcp", "::", "36", "/two", T_BEFORE)
	BESIDE("tcp", "::", "37", "/one", T_BEFORE)
	BESIDE("tcp", "::", "37", "/two", "2026-01-31T00:00:00.000000Z")
	BESIDE("tcp", "::", "38", "/one", T_BEFORE)
	BESIDE("tcp", "::", "38", "/two", T_BEFORE)
	BESIDE("udp", "::", "35", "/two", T_BEFORE);
/* clang-format on */

static void each_socket_of_the_time_has_its_entry_or_deviates(void **state)
{
	(void)state;
	expect_rows("E1", expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_socket_of_the_time_has_its_entry_or_deviates),
	};
	return cmocka_run_group_tests(tests, fill, forget);
}
