/*
 * test_detect.c: each finding is raised, updated, not repeated, and ended; and what is
 * well raises nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

static void a_listener_not_known_is_a_finding_until_it_closes(void **state)
{
	struct scene *scene = *state;
	see(scene, sshd(scene, "opened"));
	const struct finding_record *f =
		said_once(scene, "new_listener", "", "medium", "open");
	assert_string_equal(f->summary,
			    "/usr/sbin/sshd now listens on 0.0.0.0:22/tcp as root.");
	assert_int_equal(f->pid, 700);
	assert_int_equal(f->attempts, 1);
	assert_int_equal(f->first, T0);
	char id[32];
	memcpy(id, f->id, sizeof(id));
	see(scene, sshd(scene, "changed"));
	pass(scene, 30);
	said_nothing(scene);
	see(scene, sshd(scene, "closed"));
	pass(scene, 2);
	f = said_once(scene, "new_listener", "", "medium", "closed");
	assert_string_equal(f->id, id);
	assert_int_equal(open_count(scene), 0);
}

static void severity_follows_reach_and_program(void **state)
{
	struct scene *scene = *state;
	static const struct {
		const char *reach, *exe, *severity;
	} cases[] = {
		{ "loopback", "/usr/bin/x", "low" },
		{ "namespace", "/usr/bin/x", "low" },
		{ "firewalled", "/usr/bin/x", "low" },
		{ "outside", "/usr/bin/x", "medium" },
		{ NULL, "/usr/bin/x", "medium" },
		{ "loopback", "/tmp/x", "high" },
		{ "outside", "/dev/shm/x", "high" },
		{ "outside", "/memfd:x (deleted)", "high" },
		{ "outside", "/usr/bin/x (deleted)", "high" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener_record l = sshd(scene, "opened");
		l.port = 1000 + (uint32_t)i;
		l.reach = cases[i].reach;
		record_text(l.exe, sizeof(l.exe), cases[i].exe);
		see(scene, l);
		said_once(scene, "new_listener", "", cases[i].severity, "open");
	}
}

static void what_was_known_or_comes_back_is_no_news(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	for (int i = 0; i < 3; i++) { /* restarted, and upgraded in place */
		see(scene, sshd(scene, "closed"));
		pass(scene, 1 + 100 * i);
		struct listener_record l = sshd(scene, "opened");
		l.pid = 800 + (uint32_t)i;
		see(scene, l);
		record_text(l.exe, sizeof(l.exe), "/usr/sbin/sshd (deleted)");
		l.change = "changed";
		see(scene, l);
	}
	/* Several processes and sockets of one port, one of which goes. */
	see(scene, sshd(scene, "opened"));
	struct listener_record l = sshd(scene, "changed");
	l.processes = 8;
	see(scene, l);
	see(scene, sshd(scene, "closed"));
	/* Whose it is becomes unknown, and known again. */
	l = sshd(scene, "changed");
	l.exe[0] = l.user[0] = l.unit[0] = l.package[0] = '\0';
	see(scene, l);
	see(scene, sshd(scene, "changed"));
	pass(scene, 100);
	said_nothing(scene);
}

/* Breakwater itself does so, as do named, dnsmasq and unbound. */
static void where_something_has_listened_a_refusal_is_an_error(void **state)
{
	struct scene *scene = *state;
	struct addr ip = addr("192.0.2.1");
	assert_false(detect_knows_service(scene->detect, "tcp", &ip, 22));
	know_sshd(scene);
	assert_true(detect_knows_service(scene->detect, "tcp", &ip, 22));
	see(scene, sshd(scene, "closed"));
	assert_true(detect_knows_service(scene->detect, "tcp", &ip, 22));
	assert_false(detect_knows_service(scene->detect, "tcp", &ip, 23));
	assert_false(detect_knows_service(scene->detect, "udp", &ip, 22));
}

static void a_daemon_that_gives_up_its_rights_is_as_before(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	see(scene, l);
	scene->count = 0;
	for (int i = 0; i < 3; i++) {
		l.change = "changed";
		record_text(l.user, sizeof(l.user), "named");
		see(scene, l);
		l.change = "closed";
		see(scene, l);
		pass(scene, 10);
		l.change = "opened";
		record_text(l.user, sizeof(l.user), "root");
		see(scene, l);
	}
	scene->count = 0; /* the end of the first finding */
	pass(scene, 1);
	said_nothing(scene);
	/* Known from the store as it was left, it starts as root again. */
	struct listener_record dns = l;
	dns.port = 53;
	record_text(dns.user, sizeof(dns.user), "named");
	detect_known_listener(scene->detect, &dns);
	record_text(dns.user, sizeof(dns.user), "root");
	see(scene, dns);
	said_nothing(scene);
	/* But who becomes somebody never seen there is another. */
	record_text(dns.user, sizeof(dns.user), "mallory");
	dns.change = "closed";
	see(scene, dns);
	dns.change = "opened";
	see(scene, dns);
	said_once(scene, "service_change", "", "medium", "open");
}

/* X11 forwarding takes the same ports for whoever logs in. */
static void the_next_login_on_a_port_is_no_other_service(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	l.port = 6010;
	record_text(l.user, sizeof(l.user), "anna");
	record_text(l.unit, sizeof(l.unit), "session-3.scope");
	detect_known_listener(scene->detect, &l);
	record_text(l.user, sizeof(l.user), "bert");
	record_text(l.unit, sizeof(l.unit), "session-4.scope");
	see(scene, l);
	said_nothing(scene);
}

static void a_program_that_joins_a_datagram_port_replaces_none(void **state)
{
	struct scene *scene = *state;
	struct listener_record avahi = sshd(scene, "opened"), other = avahi;
	avahi.transport = other.transport = "udp";
	avahi.port = other.port = 5353;
	record_text(avahi.exe, sizeof(avahi.exe), "/usr/sbin/avahi-daemon");
	record_text(other.exe, sizeof(other.exe), "/usr/lib/chromium/chromium");
	detect_known_listener(scene->detect, &avahi);
	see(scene, avahi);
	said_nothing(scene);
	see(scene, other);
	const struct finding_record *f =
		said_once(scene, "new_listener", "", "medium", "open");
	assert_non_null(strstr(f->summary, "chromium now listens"));
	avahi.change = other.change = "changed";
	see(scene, avahi);
	see(scene, other);
	other.change = "closed";
	see(scene, other);
	pass(scene, 5);
	said_nothing(scene);
}

static void a_container_that_restarts_is_no_news(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	l.netns = 4026532001;
	l.reach = "namespace";
	see(scene, l);
	l.change = "closed";
	see(scene, l);
	pass(scene, 5);
	scene->count = 0;
	l.change = "opened";
	l.netns = 4026532002;
	see(scene, l);
	said_nothing(scene);
	/* A second one beside it is. */
	l.netns = 4026532003;
	see(scene, l);
	said_once(scene, "new_listener", "", "low", "open");
}

/* The program ended while they were open: what it says of them goes on, with the id. */
static void what_was_open_at_the_last_end_goes_on_or_is_closed(void **state)
{
	struct scene *scene = *state, *last;
	begin((void **)&last);
	struct listener_record web = sshd(last, "opened");
	web.port = 8080;
	see(last, sshd(last, "opened"));
	see(last, web);
	put_in_force(last, "ports: []\n");
	struct listener_record six = sshd(last, "opened");
	six.ip = addr("::");
	see(last, six); /* told by the one of IPv4 */
	struct finding_record of_ssh = { 0 };
	for (size_t i = 0; i < last->count; i++) {
		detect_restore(scene->detect, &last->said[i]);
		if (last->said[i].port == 22)
			of_ssh = last->said[i];
	}
	end((void **)&last);
	scene->now_us += 100 * SECOND;
	put_in_force(scene, "ports: []\n");
	see(scene, sshd(scene, "opened"));
	see(scene, six);
	scene->count = 0;
	detect_settle(scene->detect, scene->now_us);
	for (size_t i = 0; i < scene->count; i++) {
		assert_int_equal(scene->said[i].port, 8080);
		assert_string_equal(scene->said[i].state, "closed");
	}
	assert_true(scene->count > 0);
	six.change = "closed";
	see(scene, six);
	pass(scene, 3);
	scene->count = 0;
	see(scene, sshd(scene, "closed"));
	pass(scene, 2);
	const struct finding_record *f =
		said_once(scene, "unauthorized_port", "listener", "high", "closed");
	assert_string_equal(f->id, of_ssh.id);
	assert_int_equal(f->attempts, of_ssh.attempts);
	assert_int_equal(open_count(scene), 0);
}

/* Passive FTP: each file has a port for a moment. */
static void a_program_of_ever_other_ports_is_told_so_once(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	record_text(l.exe, sizeof(l.exe), "/usr/sbin/vsftpd");
	for (uint32_t i = 0; i < 32; i++) {
		l.port = 40000 + i;
		l.change = "opened";
		see(scene, l);
		said_once(scene, "new_listener", "", "medium", "open");
		l.change = "closed";
		see(scene, l);
		pass(scene, 2);
		said_once(scene, "new_listener", "", "medium", "closed");
	}
	for (uint32_t i = 32; i < 232; i++) {
		l.port = 40000 + i;
		l.change = "opened";
		see(scene, l);
		l.change = "closed";
		see(scene, l);
		pass(scene, 3);
	}
	assert_int_equal(open_count(scene), 1);
	assert_in_range(scene->count, 50, 100); /* every ten seconds */
	const struct finding_record *f = &scene->said[scene->count - 1];
	assert_non_null(strstr(f->summary, "vsftpd listens on port after port"));
	assert_in_range(f->attempts, 190, 200);
	/* Another program is told by itself. */
	scene->count = 0;
	record_text(l.exe, sizeof(l.exe), "/usr/bin/nc");
	l.port = 50000;
	l.change = "opened";
	see(scene, l);
	said_once(scene, "new_listener", "", "medium", "open");
}

static void a_finding_about_our_port_is_not_one_about_others(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	struct addr ours = addr("192.0.2.1"), theirs = addr("198.51.100.7");
	see(scene, l);
	assert_int_equal(detect_count(scene->detect, "tcp", &ours, 22), 1);
	assert_int_equal(detect_count(scene->detect, "udp", &ours, 22), 0);
	assert_int_equal(detect_count(scene->detect, "tcp", &theirs, 22), 0);
	l.port = 80;
	l.netns = 4026532001;
	see(scene, l);
	assert_int_equal(detect_count(scene->detect, "tcp", &ours, 80), 0);
}

/* In the next run the one of IPv6 comes first and tells of both. */
static void a_finding_that_its_twin_tells_does_not_go_on_beside_it(void **state)
{
	struct scene *scene = *state, *last;
	struct listener_record six = sshd(scene, "opened");
	six.ip = addr("::");
	begin((void **)&last);
	see(last, sshd(last, "opened"));
	put_in_force(last, "ports: []\n");
	for (size_t i = 0; i < last->count; i++)
		if (strcmp(last->said[i].state, "open") == 0)
			detect_restore(scene->detect, &last->said[i]);
	end((void **)&last);
	put_in_force(scene, "ports: []\n");
	see(scene, six);
	see(scene, sshd(scene, "opened"));
	detect_settle(scene->detect, scene->now_us);
	assert_int_equal(open_count(scene), 1);
}

static void one_program_on_both_families_is_one_finding(void **state)
{
	struct scene *scene = *state;
	struct listener_record six = sshd(scene, "opened");
	six.ip = addr("::");
	see(scene, sshd(scene, "opened"));
	see(scene, six);
	said_once(scene, "new_listener", "", "medium", "open");
	put_in_force(scene, "ports: []\n");
	assert_int_equal(open_count(scene), 1);
	scene->count = 0;
	see(scene, sshd(scene, "closed"));
	scene->count = 0;
	pass(scene, 3);
	/* The register still refuses the other one. */
	assert_int_equal(open_count(scene), 1);
	six.change = "closed";
	see(scene, six);
	pass(scene, 3);
	assert_int_equal(open_count(scene), 0);
}

static void a_finding_lasts_until_the_last_socket_closes(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, "ports: []\n");
	see(scene, sshd(scene, "opened"));
	see(scene, sshd(scene, "opened"));
	see(scene, sshd(scene, "closed"));
	pass(scene, 5);
	assert_int_equal(open_count(scene), 1);
	see(scene, sshd(scene, "closed"));
	pass(scene, 5);
	assert_int_equal(open_count(scene), 0);
}

static void has_its_time(void *to, const struct finding_record *finding)
{
	const struct scene *scene = to;
	assert_int_equal(finding->at, scene->now_us);
}

static void a_port_that_flaps_is_one_finding(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, "ports: []\n");
	see(scene, sshd(scene, "opened"));
	said_once(scene, "unauthorized_port", "listener", "high", "open");
	see(scene, sshd(scene, "changed"));
	detect_each(scene->detect, has_its_time, scene);
	for (int i = 0; i < 9; i++) {
		see(scene, sshd(scene, "closed"));
		pass(scene, 1);
		see(scene, sshd(scene, "opened"));
	}
	said_nothing(scene);
	pass(scene, 1);
	const struct finding_record *f =
		said_once(scene, "unauthorized_port", "listener", "high", "open");
	assert_int_equal(f->attempts, 10);
}

static void another_program_on_a_port_is_a_finding(void **state)
{
	struct scene *scene = *state;
	static const struct {
		const char *exe, *package, *user, *unit, *severity, *summary;
	} cases[] = {
		{ "/opt/sshd", "openssh-server", "root", "ssh.service", "high",
		  "The executable on 0.0.0.0:22/tcp is another: before /usr/sbin/sshd, "
		  "now "
		  "/opt/sshd." },
		{ "/opt/sshd", "dropbear", "root", "ssh.service", "medium",
		  "The package on 0.0.0.0:22/tcp is another: before openssh-server, "
		  "now "
		  "dropbear." },
		{ "/opt/sshd", "dropbear", "www-data", "ssh.service", "medium",
		  "The user on 0.0.0.0:22/tcp is another: before root, now www-data." },
		{ "/opt/sshd", "dropbear", "www-data", "session-3.scope", "medium",
		  "The unit on 0.0.0.0:22/tcp is another: before ssh.service, now "
		  "session-3.scope." },
		{ "/tmp/sshd", "", "www-data", "session-4.scope", "high",
		  "The executable on 0.0.0.0:22/tcp is another: before /opt/sshd, now "
		  "/tmp/sshd." },
	};
	know_sshd(scene);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener_record l = sshd(scene, "closed");
		see(scene, l);
		pass(scene, 3);
		scene->count = 0;
		l.change = "opened";
		record_text(l.exe, sizeof(l.exe), cases[i].exe);
		record_text(l.package, sizeof(l.package), cases[i].package);
		record_text(l.user, sizeof(l.user), cases[i].user);
		record_text(l.unit, sizeof(l.unit), cases[i].unit);
		see(scene, l);
		const struct finding_record *f = said_once(scene, "service_change", "",
							   cases[i].severity, "open");
		assert_string_equal(f->summary, cases[i].summary);
		assert_string_equal(f->exe, cases[i].exe);
	}
}

static void a_session_after_another_is_no_change(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	record_text(l.unit, sizeof(l.unit), "session-3.scope");
	detect_known_listener(scene->detect, &l);
	see(scene, l);
	record_text(l.unit, sizeof(l.unit), "session-7.scope");
	l.change = "changed";
	see(scene, l);
	said_nothing(scene);
}

static void what_the_register_refuses_is_a_finding_until_it_allows(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	know_sshd(scene);
	put_in_force(scene, "ports: [{port: 22, transport: tcp, exe: /opt/x}]\n");
	const struct finding_record *f =
		said_once(scene, "unauthorized_port", "listener", "high", "open");
	assert_string_equal(f->summary, "The register allows 22/tcp to exe /opt/x, not "
					"/usr/sbin/sshd.");
	assert_null(f->mitre[0] != '\0' ? f->mitre : NULL);
	detect_listener(scene->detect, &l);
	assert_int_equal(l.authorized, 0);
	struct addr ip = addr("192.0.2.1"), other = addr("::");
	assert_int_equal(detect_count(scene->detect, "tcp", &ip, 22), 1);
	assert_int_equal(detect_count(scene->detect, "tcp", &other, 22), 1);
	assert_int_equal(detect_count(scene->detect, "udp", &ip, 22), 0);
	assert_int_equal(detect_count(scene->detect, "tcp", &ip, 23), 0);
	scene->count = 0;
	put_in_force(scene, "ports: [{port: 22, transport: tcp}]\n");
	said_once(scene, "unauthorized_port", "listener", "high", "closed");
	detect_listener(scene->detect, &l);
	assert_int_equal(l.authorized, 1);
	detect_set_policy(scene->detect, NULL, scene->now_us);
	detect_listener(scene->detect, &l);
	assert_int_equal(l.authorized, UNKNOWN_FLAG);
	said_nothing(scene);
}

static void what_the_register_allows_is_no_news(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene, "ports: [{port: 22, transport: tcp}]\n");
	see(scene, sshd(scene, "opened"));
	said_nothing(scene);
}

/* The API's port may be another one at each start. */
static void our_own_process_is_no_news(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	detect_set_self(scene->detect, l.pid);
	see(scene, l);
	said_nothing(scene);
	l.port = 23;
	l.pid++;
	see(scene, l);
	said_once(scene, "new_listener", "", "medium", "open");
}

static void an_approval_ends_with_its_day(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, "ports: [{port: 22, transport: tcp, expires: "
			    "2027-01-15T08:01:00Z}]\n");
	pass(scene, 59);
	said_nothing(scene);
	pass(scene, 1);
	const struct finding_record *f =
		said_once(scene, "unauthorized_port", "listener", "high", "open");
	assert_string_equal(f->summary, "The approval of 22/tcp expired at "
					"2027-01-15T08:01:00Z.");
}

static void whose_socket_can_not_be_seen_is_not_accused(void **state)
{
	struct scene *scene = *state;
	put_in_force(scene,
		     "ports: [{port: 22, transport: tcp, exe: /usr/sbin/sshd}]\n");
	struct listener_record l = sshd(scene, "opened");
	l.exe[0] = l.user[0] = l.unit[0] = l.package[0] = '\0';
	detect_known_listener(scene->detect, &l);
	detect_listener(scene->detect, &l);
	assert_int_equal(l.authorized, UNKNOWN_FLAG);
	said_nothing(scene);
}

static void a_hidden_listener_is_critical(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	struct listener_record l = sshd(scene, "changed");
	l.hidden = 1;
	see(scene, l);
	const struct finding_record *f =
		said_once(scene, "hidden_listener", "", "critical", "open");
	assert_string_equal(f->mitre, "T1014");
	see(scene, l);
	said_nothing(scene);
	see(scene, sshd(scene, "changed"));
	said_once(scene, "hidden_listener", "", "critical", "closed");
}

static void news_is_news_for_a_day(void **state)
{
	struct scene *scene = *state;
	see(scene, sshd(scene, "opened"));
	scene->count = 0;
	scene->now_us += 86399 * SECOND;
	detect_tick(scene->detect, scene->now_us);
	said_nothing(scene);
	pass(scene, 1);
	said_once(scene, "new_listener", "", "medium", "closed");
}

static void an_id_is_the_same_in_a_replay(void **state)
{
	struct scene *scene = *state;
	struct scene *again;
	begin((void **)&again);
	see(scene, sshd(scene, "opened"));
	see(again, sshd(again, "opened"));
	assert_string_equal(scene->said[0].id, again->said[0].id);
	struct listener_record l = sshd(scene, "opened");
	l.port = 23;
	see(scene, l);
	assert_string_not_equal(scene->said[0].id, scene->said[1].id);
	end((void **)&again);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		SCENE(a_listener_not_known_is_a_finding_until_it_closes),
		SCENE(severity_follows_reach_and_program),
		SCENE(what_was_known_or_comes_back_is_no_news),
		SCENE(a_daemon_that_gives_up_its_rights_is_as_before),
		SCENE(the_next_login_on_a_port_is_no_other_service),
		SCENE(a_program_that_joins_a_datagram_port_replaces_none),
		SCENE(a_container_that_restarts_is_no_news),
		SCENE(where_something_has_listened_a_refusal_is_an_error),
		SCENE(what_was_open_at_the_last_end_goes_on_or_is_closed),
		SCENE(a_program_of_ever_other_ports_is_told_so_once),
		SCENE(a_finding_about_our_port_is_not_one_about_others),
		SCENE(a_finding_that_its_twin_tells_does_not_go_on_beside_it),
		SCENE(one_program_on_both_families_is_one_finding),
		SCENE(a_finding_lasts_until_the_last_socket_closes),
		SCENE(a_port_that_flaps_is_one_finding),
		SCENE(another_program_on_a_port_is_a_finding),
		SCENE(a_session_after_another_is_no_change),
		SCENE(what_the_register_refuses_is_a_finding_until_it_allows),
		SCENE(what_the_register_allows_is_no_news),
		SCENE(our_own_process_is_no_news),
		SCENE(an_approval_ends_with_its_day),
		SCENE(whose_socket_can_not_be_seen_is_not_accused),
		SCENE(a_hidden_listener_is_critical),
		SCENE(news_is_news_for_a_day),
		SCENE(an_id_is_the_same_in_a_replay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
