/*
 * test_web_metrics.c: what /metrics tells apart, so that rules can ask for it: servers
 * of ours and others, ports where nothing is, listeners, states as labels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <string.h>

#include "web/family.h"
#include "web/metrics.h"

enum { PORT = 443, DYNAMIC_PORT = 40000 };

static struct addr address(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

static struct port_record port_of(const char *server, uint64_t response_us)
{
	struct port_record port;
	record_init(RECORD_port, &port);
	port.server_ip = address(server);
	port.port = PORT;
	port.transport = "tcp";
	port.flows = port.server_packets = 1;
	port.response_p95_us = response_us;
	return port;
}

static void give_ports(void *self, web_emit emit, void *to)
{
	const struct port_record ours = port_of("10.0.0.1", 5000);
	const struct port_record theirs = port_of("203.0.113.1", 900000);
	struct port_record unused = port_of("10.0.0.2", 700000);
	(void)self;
	unused.unused = 1;
	emit(to, &ours);
	emit(to, &theirs);
	emit(to, &unused);
}

static bool is_home(void *self, const struct addr *addr)
{
	const struct addr ours = address("10.0.0.1"), unused = address("10.0.0.2");
	(void)self;
	return addr_equal(addr, &ours) || addr_equal(addr, &unused);
}

static void give_self(void *self, struct self_record *out)
{
	(void)self;
	record_init(RECORD_self, out);
	out->store_state = "full";
}

static void give_status(void *self, struct buf *json)
{
	(void)self;
	buf_text(json, "{\"link_bytes\":125000000,\"sender\":{\"holds\":true,"
		       "\"waiting\":3,\"dropped\":1}}");
}

static void emit_listener(web_emit emit, void *to, const char *transport, uint32_t port)
{
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	listener.ip = address("::");
	listener.transport = transport;
	listener.port = port;
	listener.backlog = 3;
	listener.backlog_max = 128;
	listener.overflows = 7;
	emit(to, &listener);
	listener.netns = 4026531840;
	record_text(listener.iface, sizeof(listener.iface), "eth\"0");
	emit(to, &listener);
}

static void give_listeners(void *self, web_emit emit, void *to)
{
	(void)self;
	emit_listener(emit, to, "tcp", DYNAMIC_PORT);
	emit_listener(emit, to, "udp", DYNAMIC_PORT);
}

static void give_probes(void *self, web_emit emit, void *to)
{
	struct probe_record probe;
	(void)self;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "tcp://a:1");
	record_text(probe.protocol, sizeof(probe.protocol), "tcp");
	probe.hard_state = "degraded";
	probe.cert_not_after = 1900800 * INT64_C(1000000);
	emit(to, &probe);
	probe.hard_state = NULL;
	record_text(probe.target, sizeof(probe.target), "tcp://b:1");
	emit(to, &probe);
}

static const struct web_source source = { .ports = give_ports,
					  .is_home = is_home,
					  .self_record = give_self,
					  .status = give_status,
					  .listeners = give_listeners,
					  .probes = give_probes };

/* After one interval of each port. */
static struct buf written(void)
{
	struct buf out = { 0 };
	struct metrics *metrics = metrics_new();
	const struct port_record ours = port_of("10.0.0.1", 5000),
				 theirs = port_of("203.0.113.1", 900000);
	assert_non_null(metrics);
	metrics_add(metrics, &source, &ours);
	metrics_add(metrics, &source, &theirs);
	metrics_add(metrics, &source, &theirs);
	metrics_write(metrics, &source, "1", false, &out);
	metrics_free(metrics);
	assert_non_null(buf_cstr(&out));
	return out;
}

static void assert_says(const struct buf *out, const char *line)
{
	if (strstr(out->at, line) == NULL)
		fail_msg("no %s in %s", line, out->at);
}

static void one_port_is_two_with_servers_elsewhere(void **state)
{
	(void)state;
	struct buf out = written();
	assert_says(&out,
		    "\nbreakwater_port_flows_total{port=\"443\",transport=\"tcp\","
		    "service=\"\",home=\"yes\"} 1\n");
	assert_says(&out,
		    "\nbreakwater_port_flows_total{port=\"443\",transport=\"tcp\","
		    "service=\"\",home=\"no\"} 2\n");
	assert_says(&out, "service=\"\",home=\"no\"} 0.9\n");
	buf_free(&out);
}

static void where_nothing_is_nothing_is_slow(void **state)
{
	(void)state;
	struct buf out = written();
	assert_says(&out,
		    "\nbreakwater_port_response_p95_seconds{port=\"443\",transport="
		    "\"tcp\",service=\"\",home=\"yes\"} 0.005\n");
	buf_free(&out);
}

static void listeners_have_their_queues_and_clients_sockets_none(void **state)
{
	(void)state;
	struct buf out = written();
	assert_says(&out,
		    "\n# TYPE breakwater_listener_overflows_total counter\n"
		    "breakwater_listener_overflows_total{ip=\"::\",port=\"40000\","
		    "transport=\"tcp\"} 7\n");
	assert_says(&out, "\nbreakwater_listener_backlog_max{ip=\"::\",port=\"40000\","
			  "transport=\"tcp\",iface=\"eth\\\"0\",netns=\"4026531840\"} "
			  "128\n");
	assert_null(strstr(out.at, "transport=\"udp\""));
	buf_free(&out);
}

static void words_are_labels(void **state)
{
	(void)state;
	struct buf out = written();
	assert_says(&out, "\nbreakwater_store_state{state=\"full\"} 1\n");
	assert_says(&out, "\nbreakwater_probe_hard_state{target=\"tcp://a:1\",protocol="
			  "\"tcp\",state=\"degraded\"} 1\n");
	assert_null(strstr(out.at, "hard_state{target=\"tcp://b:1\""));
	assert_says(&out, "\nbreakwater_probe_cert_not_after_seconds{target=\"tcp://a:1"
			  "\",protocol=\"tcp\"} 1900800\n");
	assert_says(&out, "\nbreakwater_link_bytes 125000000\n");
	buf_free(&out);
}

static void who_tells_people_has_values(void **state)
{
	(void)state;
	struct buf out = written();
	assert_says(&out, "\nbreakwater_sender_holds 1\n");
	assert_says(&out, "\nbreakwater_messages_waiting 3\n");
	assert_says(&out, "\nbreakwater_messages_dropped_total 1\n");
	buf_free(&out);
}

static void only_a_name_that_ends_so_has_a_unit(void **state)
{
	(void)state;
	struct buf out = { 0 };
	struct family family = { .out = &out, .openmetrics = true };
	family_single(&family, "burn_rate", "ratio", "gauge", "How fast.", 0.5L);
	family_single(&family, "lost_ratio", "ratio", "gauge", "How much.", 0.5L);
	assert_string_equal(buf_cstr(&out), "# HELP breakwater_burn_rate How fast.\n"
					    "# TYPE breakwater_burn_rate gauge\n"
					    "breakwater_burn_rate 0.5\n"
					    "# HELP breakwater_lost_ratio How much.\n"
					    "# TYPE breakwater_lost_ratio gauge\n"
					    "# UNIT breakwater_lost_ratio ratio\n"
					    "breakwater_lost_ratio 0.5\n");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_port_is_two_with_servers_elsewhere),
		cmocka_unit_test(where_nothing_is_nothing_is_slow),
		cmocka_unit_test(listeners_have_their_queues_and_clients_sockets_none),
		cmocka_unit_test(words_are_labels),
		cmocka_unit_test(who_tells_people_has_values),
		cmocka_unit_test(only_a_name_that_ends_so_has_a_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
