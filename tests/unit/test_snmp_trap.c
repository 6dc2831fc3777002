/*
 * test_snmp_trap.c: what goes over the wire to a manager, which here is a socket that
 * reads as much of BER as there is, and answers informs.
 */
#include "notice_scene.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 5000,
	INTEGER = 0x02,
	OCTETS = 0x04,
	OBJECT = 0x06,
	SEQUENCE = 0x30,
	RESPONSE = 0xa2,
	INFORM = 0xa6,
	TRAP = 0xa7,
	GENERAL_ERROR = 5,
	OBJECTS = 22,
};

/* ---- BER ---- */

struct value {
	unsigned tag;
	unsigned char *at;
	size_t len;
};

/* The next value; it stands in the bytes before end. */
static struct value next(unsigned char **at, const unsigned char *end)
{
	unsigned char *p = *at;
	assert_true(end - p >= 2);
	struct value value = { .tag = p[0], .len = p[1] };
	p += 2;
	if (value.len > 0x80) {
		size_t bytes = value.len & 0x7f;
		value.len = 0;
		while (bytes-- > 0)
			value.len = value.len << 8 | *p++;
	}
	assert_true(value.len <= (size_t)(end - p));
	value.at = p;
	*at = p + value.len;
	return value;
}

static struct value expect(unsigned char **at, const unsigned char *end, unsigned tag)
{
	struct value value = next(at, end);
	assert_int_equal(value.tag, tag);
	return value;
}

static uint32_t number(struct value value)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < value.len; i++)
		sum = sum << 8 | value.at[i];
	return sum;
}

/* ---- the manager ---- */

static struct {
	int fd;
	uint16_t port;
	unsigned char bytes[4096]; /* the last datagram */
	size_t len;
	struct sockaddr_in from;
	/* Of its PDU. */
	unsigned tag;
	struct value status, what, objects[OBJECTS];
} manager;

static void receive(void)
{
	struct pollfd waited = { .fd = manager.fd, .events = POLLIN };
	socklen_t len = sizeof(manager.from);
	assert_int_equal(poll(&waited, 1, PATIENCE_MS), 1);
	ssize_t got = recvfrom(manager.fd, manager.bytes, sizeof(manager.bytes), 0,
			       (struct sockaddr *)&manager.from, &len);
	assert_true(got > 0);
	manager.len = (size_t)got;
}

/* RFC 3416 3, of a message of version 2c (RFC 1901 3). */
static void read_pdu(void)
{
	unsigned char *at = manager.bytes, *end = at + manager.len;
	struct value all = expect(&at, end, SEQUENCE);
	at = all.at;
	assert_int_equal(number(expect(&at, end, INTEGER)), 1); /* v2c */
	struct value community = expect(&at, end, OCTETS);
	assert_memory_equal(community.at, "public", community.len);
	struct value pdu = next(&at, end);
	manager.tag = pdu.tag;
	at = pdu.at;
	expect(&at, end, INTEGER); /* request */
	manager.status = expect(&at, end, INTEGER);
	expect(&at, end, INTEGER); /* index */
	struct value list = expect(&at, end, SEQUENCE);
	at = list.at;
	for (int i = -2; i < OBJECTS; i++) {
		struct value pair = expect(&at, end, SEQUENCE);
		unsigned char *inside = pair.at;
		expect(&inside, end, OBJECT);
		struct value value = next(&inside, end);
		if (i == -1)
			manager.what = value; /* snmpTrapOID.0 */
		else if (i >= 0)
			manager.objects[i] = value;
	}
	assert_ptr_equal(at, list.at + list.len);
}

/* BREAKWATER-MIB's notification of that number. */
static void expect_what(unsigned char number)
{
	assert_int_equal(manager.what.tag, OBJECT);
	assert_int_equal(manager.what.at[manager.what.len - 2], 0);
	assert_int_equal(manager.what.at[manager.what.len - 1], number);
}

/* breakwaterObjects.number */
static void expect_text(unsigned number, const char *text)
{
	struct value value = manager.objects[number - 1];
	assert_int_equal(value.tag, OCTETS);
	assert_int_equal(value.len, strlen(text));
	assert_memory_equal(value.at, text, value.len);
}

static void expect_number(unsigned which, uint32_t is)
{
	assert_int_equal(number(manager.objects[which - 1]), is);
}

/* ---- the scene ---- */

static char folder[] = "/tmp/snmp-trap-XXXXXX";
static char secret[64];

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int begin(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(secret, sizeof(secret), "%s/secret", folder);
	manager.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(manager.fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    getsockname(manager.fd, (struct sockaddr *)&at, &len) != 0)
		return -1;
	manager.port = ntohs(at.sin_port);
	return 0;
}

static int end(void **state)
{
	(void)state;
	close(manager.fd);
	unlink(secret);
	return rmdir(folder);
}

static struct buf error;

static enum notify_outcome tell(const char *query, const struct notice *notice)
{
	char url[512];
	buf_clear(&error);
	snprintf(url, sizeof(url), "snmp://127.0.0.1:%u?%s", manager.port, query);
	struct sink *sink = sink_new("x", url, NULL, &error);
	assert_non_null(sink);
	enum notify_outcome outcome = sink->notifier->send(sink, notice, &error);
	sink_free(sink);
	return outcome;
}

/* ---- traps ---- */

static void each_incident_is_a_trap_with_its_fields(void **state)
{
	(void)state;
	struct incident_record incidents[2] = { made_incident("a\nb"),
						made_incident("over") };
	end_incident(&incidents[1]);
	struct notice notice = notice_of(incidents, 2, "changed");
	assert_int_equal(tell("inform=no", &notice), NOTIFY_SENT);
	receive();
	read_pdu();
	assert_int_equal(manager.tag, TRAP);
	expect_what(1);
	expect_text(1, "db01");
	expect_text(2, "changed");
	expect_text(3, "3f2a");
	expect_number(4, 1); /* fires */
	expect_number(5, 4); /* high, from one */
	expect_text(6, "a b");
	expect_number(11, 5432);
	expect_text(16, ""); /* it has no end */
	expect_text(22, "https://db01.example.org/#incident=3f2a");
	receive();
	read_pdu();
	expect_what(2);
	expect_number(4, 2); /* resolved */
	expect_text(6, "over");
	expect_text(16, "2026-01-01T12:05:00.000000Z");
}

static void a_test_is_told_as_one(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("only a test");
	struct notice notice = notice_of(&incident, 1, "test");
	assert_int_equal(tell("inform=no", &notice), NOTIFY_SENT);
	receive();
	read_pdu();
	expect_what(3);
}

/* SnmpAdminString has 255 bytes at most. */
static void long_texts_are_cut_between_two_characters(void **state)
{
	(void)state;
	char link[300] = "https://";
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	memset(link + strlen(link), 'x', 254 - strlen("https://"));
	memcpy(link + 254, "\xc3\xa9", sizeof("\xc3\xa9"));
	notice.link = link;
	assert_int_equal(tell("inform=no", &notice), NOTIFY_SENT);
	receive();
	read_pdu();
	link[254] = '\0';
	expect_text(22, link);
}

/* ---- informs ---- */

/* The same, as a response with that status. */
static void *answer(void *status)
{
	receive();
	read_pdu();
	unsigned char *tag = memchr(manager.bytes, INFORM, manager.len);
	*tag = RESPONSE;
	assert_int_equal(manager.status.len, 1);
	manager.status.at[0] = *(const unsigned char *)status;
	sendto(manager.fd, manager.bytes, manager.len, 0,
	       (struct sockaddr *)&manager.from, sizeof(manager.from));
	return NULL;
}

static enum notify_outcome inform(unsigned char status)
{
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, answer, &status), 0);
	enum notify_outcome outcome = tell("version=2c", &notice);
	pthread_join(thread, NULL);
	return outcome;
}

static void an_inform_counts_when_it_is_confirmed(void **state)
{
	(void)state;
	assert_int_equal(inform(0), NOTIFY_SENT);
	assert_int_equal(inform(GENERAL_ERROR), NOTIFY_LATER);
	assert_non_null(strstr(buf_cstr(&error), "refused: "));
}

/* ---- version 3 ---- */

/* RFC 3414 2.4, in the message of RFC 3412 6. */
static struct value read_parameters(void)
{
	unsigned char *at = manager.bytes, *end_of = at + manager.len;
	struct value all = expect(&at, end_of, SEQUENCE);
	at = all.at;
	assert_int_equal(number(expect(&at, end_of, INTEGER)), 3);
	expect(&at, end_of, SEQUENCE);
	struct value text = expect(&at, end_of, OCTETS);
	at = text.at;
	return expect(&at, end_of, SEQUENCE);
}

/* Receivers remember both, and refuse what goes backwards. */
static void a_trap_of_version_3_has_our_engine_and_our_clock(void **state)
{
	static const unsigned char engine[] = { 0x80, 0, 0x7e, 0xd9, 5, 1, 2, 3 };
	(void)state;
	char query[256];
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	write_file(secret, "long enough\n");
	snprintf(query, sizeof(query),
		 "version=3&inform=no&user=bw&auth_file=%s&engine=80007ed905010203",
		 secret);
	assert_int_equal(tell(query, &notice), NOTIFY_SENT);
	receive();
	struct value parameters = read_parameters();
	unsigned char *at = parameters.at, *end_of = at + parameters.len;
	struct value id = expect(&at, end_of, OCTETS);
	assert_int_equal(id.len, sizeof(engine));
	assert_memory_equal(id.at, engine, sizeof(engine));
	uint32_t starts = (uint32_t)(time(NULL) / 64);
	assert_in_range(number(expect(&at, end_of, INTEGER)), starts - 2, starts);
	assert_in_range(number(expect(&at, end_of, INTEGER)), 0, 120);
	struct value user = expect(&at, end_of, OCTETS);
	assert_memory_equal(user.at, "bw", user.len);
}

static void a_short_pass_phrase_is_refused(void **state)
{
	(void)state;
	char query[256];
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	write_file(secret, "seven77\n");
	snprintf(query, sizeof(query), "version=3&inform=no&user=bw&auth_file=%s",
		 secret);
	assert_int_equal(tell(query, &notice), NOTIFY_LATER);
	assert_string_equal(buf_cstr(&error),
			    "auth_file: at least 8 characters are needed");
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_incident_is_a_trap_with_its_fields),
		cmocka_unit_test(a_test_is_told_as_one),
		cmocka_unit_test(long_texts_are_cut_between_two_characters),
		cmocka_unit_test(an_inform_counts_when_it_is_confirmed),
		cmocka_unit_test(a_trap_of_version_3_has_our_engine_and_our_clock),
		cmocka_unit_test(a_short_pass_phrase_is_refused),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
