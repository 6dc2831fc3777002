/*
 * test_block_screen.c: blocks in a table and one of them as a screen, as people see
 * them.
 */
#include "printed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/block_screen.h"
#include "cli/cells.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define BEGIN  (1700000000 * SECOND)

/* ---- a row ---- */

static void assert_cell(const char *column, const char *json, const char *text,
			enum tone tone)
{
	json_t *record = json_loads(json, 0, NULL);
	struct cell cell = { .tone = TONE_NORMAL };
	const struct limits limits = limits_of(NULL);
	const struct column *found = view_column(&view_blocks, column);
	assert_non_null(record);
	assert_non_null(found);
	found->show(record, &limits, &cell);
	if (strcmp(cell.text, text) != 0 || cell.tone != tone)
		fail_msg("%s of %s: \"%s\", tone %d", column, json, cell.text,
			 (int)cell.tone);
	json_decref(record);
}

static void a_row_tells_who_and_what_is_done(void **state)
{
	(void)state;
	assert_cell("SOURCE", "{\"address\":\"192.0.2.7\",\"prefix_len\":32}",
		    "192.0.2.7", TONE_STRONG);
	assert_cell("SOURCE", "{\"address\":\"192.0.2.0\",\"prefix_len\":24}",
		    "192.0.2.0/24", TONE_STRONG);
	assert_cell("SOURCE", "{\"address\":\"2001:db8::\",\"prefix_len\":64}",
		    "2001:db8::/64", TONE_STRONG);
	assert_cell("ACTION", "{\"action\":\"drop\"}", "drop", TONE_NORMAL);
	assert_cell("ACTION",
		    "{\"action\":\"limit\",\"port\":22,\"transport\":\"tcp\",\"rate\":"
		    "5}",
		    "limit 22/tcp 5/s", TONE_NORMAL);
	assert_cell("ID", "{\"id\":\"0123456789abcdef\"}", "01234567", TONE_QUIET);
	assert_cell("WHY", "{\"reason\":\"said \\u001b[2J\"}", "said ?[2J",
		    TONE_NORMAL);
	assert_cell("BY", "{\"actor\":\"ada\"}", "ada", TONE_NORMAL);
	assert_cell("BY", "{\"actor\":\"breakwater\"}", "breakwater", TONE_QUIET);
}

static void a_row_tells_whether_it_is_in_force(void **state)
{
	(void)state;
	char json[128], until[40];
	time_t in_ten_min = time(NULL) + 601;
	struct tm utc;
	gmtime_r(&in_ten_min, &utc);
	strftime(until, sizeof(until), "%FT%TZ", &utc);
	assert_cell("STATE", "{\"state\":\"active\"}", "active", TONE_NORMAL);
	assert_cell("STATE", "{\"state\":\"vetoed\",\"vetoed_by\":\"gateway\"}",
		    "vetoed: gateway", TONE_QUIET);
	assert_cell("STATE", "{\"state\":\"active\",\"vetoed_by\":\"nat\"}", "active",
		    TONE_NORMAL);
	assert_cell("STATE", "{\"state\":\"failed\"}", "!failed", TONE_OVER);
	assert_cell("STATE", "{\"state\":\"unconfirmed\"}", "!unconfirmed", TONE_OVER);
	snprintf(json, sizeof(json), "{\"state\":\"active\",\"until\":\"%s\"}", until);
	assert_cell("LEFT", json, "10 min", TONE_NORMAL);
	snprintf(json, sizeof(json), "{\"state\":\"removed\",\"until\":\"%s\"}", until);
	assert_cell("LEFT", json, "-", TONE_QUIET);
	assert_cell("CUTS", "{\"clients_cut\":2}", "!2", TONE_OVER);
	assert_cell("CUTS", "{\"clients_cut\":0}", "0", TONE_QUIET);
	assert_cell("STOPPED", "{\"packets\":1234}", "1,234", TONE_NORMAL);
}

/* ---- a screen ---- */

static struct block_facts made(const char *address, uint16_t len)
{
	struct block_facts facts;
	record_init(RECORD_block, &facts.block);
	record_init(RECORD_finding, &facts.finding);
	struct block_record *b = &facts.block;
	record_text(b->id, sizeof(b->id), "0123456789abcdef");
	assert_true(addr_parse(address, &b->address));
	b->prefix_len = len;
	b->at = b->start = BEGIN;
	b->until = BEGIN + 10 * MINUTE;
	b->action = "drop";
	b->state = "active";
	b->proof = "handshake";
	b->strike = 1;
	b->clients = 412;
	b->clients_cut = 0;
	b->latency_us = 1200;
	record_text(b->actor, sizeof(b->actor), "breakwater");
	record_text(b->reason, sizeof(b->reason), "port_scan: scanned \033[2J ports");
	return facts;
}

static const char *screen(const struct block_facts *facts)
{
	const struct look look = { .color = false, .width = 0 };
	catch_output();
	block_screen(&look, facts, BEGIN + MINUTE);
	return what_was_printed();
}

static void a_screen_tells_why_on_what_ground_and_for_how_long(void **state)
{
	(void)state;
	struct block_facts facts = made("192.0.2.7", 32);
	facts.block.packets = 1234;
	facts.block.bytes = 80000;
	facts.block.sessions = 1;
	struct finding_record *f = &facts.finding;
	record_text(f->id, sizeof(f->id), "a281196900000000");
	f->kind = "port_scan";
	f->technique = "syn";
	f->severity = "medium";
	f->state = "open";
	record_text(f->evidence, sizeof(f->evidence), "refused or silent: 200");
	const char *text = screen(&facts);
	assert_says(text, "drop of 192.0.2.7, active\n");
	assert_says(text, "scanned ?[2J ports");
	assert_says(text, "22:13:20, by breakwater; the kernel held it 1.20 ms\n");
	assert_says(text, "2023-11-14 22:23:20, in 9 min; by itself");
	assert_says(text, "a2811969  port_scan (syn), medium, open");
	assert_says(text, "refused or silent: 200");
	assert_says(text, "Proof        handshake: the source received");
	assert_says(text, "Against it   nothing\n");
	assert_says(text, "cuts 0 of 412 clients of the last 30 days");
	assert_says(text, "1,234 packets, 80.0 kB; 1 session ended");
	assert_says(text, "breakwater unblock 01234567\n");
	assert_says(text, "breakwater findings a2811969\n");
}

static void what_was_not_done_says_what_spoke_against_it(void **state)
{
	(void)state;
	struct block_facts facts = made("2001:db8::", 64);
	facts.block.state = "vetoed";
	facts.block.latency_us = UNKNOWN_U64;
	record_text(facts.block.vetoed_by, sizeof(facts.block.vetoed_by), "gateway");
	const char *text = screen(&facts);
	assert_says(text, "drop of 2001:db8::/64, vetoed\n");
	assert_says(text, "2001:db8::/64, a network of one customer");
	assert_says(text, "Against it   gateway: it is this machine's gateway");
	assert_says(text, "would have cut 0 of 412 clients");
	assert_null(strstr(text, "unblock"));
	assert_null(strstr(text, "Ends"));
}

static void what_is_not_confirmed_says_how_to(void **state)
{
	(void)state;
	struct block_facts facts = made("192.0.2.0", 24);
	facts.block.state = "unconfirmed";
	facts.block.action = "limit";
	facts.block.rate = 20;
	facts.block.port = 53;
	facts.block.transport = "udp";
	const char *text = screen(&facts);
	assert_says(text, "limit of 192.0.2.0/24 port 53/udp, unconfirmed\n");
	assert_says(text, "20 of its packets pass each second, to port 53/udp");
	assert_says(text, "Next         breakwater block --confirm 0123456789abcdef\n");
}

/* The words of vetoed_by in record.def. */
static void every_veto_has_a_meaning(void **state)
{
	static const char *const words[] = {
		"loopback",       "own",   "gateway",   "resolver", "ntp",
		"dhcp",           "ssh",   "dashboard", "never",    "group",
		"proof",          "mode",  "clients",   "prefix",   "nat",
		"new_per_minute", "total", "self_test", "site",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_non_null(veto_meaning(words[i]));
	assert_null(veto_meaning("whatever"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_tells_who_and_what_is_done),
		cmocka_unit_test(a_row_tells_whether_it_is_in_force),
		cmocka_unit_test(a_screen_tells_why_on_what_ground_and_for_how_long),
		cmocka_unit_test(what_was_not_done_says_what_spoke_against_it),
		cmocka_unit_test(what_is_not_confirmed_says_how_to),
		cmocka_unit_test(every_veto_has_a_meaning),
	};
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
