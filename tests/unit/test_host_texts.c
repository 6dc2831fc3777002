/*
 * test_host_texts.c: what src/host reads from texts: /proc, control groups, dpkg's
 * lists, /etc/passwd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/kernel.h"
#include "host/owners.h"
#include "host/process.h"
#include "host/spaces.h"
#include "host/watch.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A folder of our own; its files are left to clean(). */
static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/host-texts-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	/* NOLINTNEXTLINE(cert-env33-c): a folder that we named */
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_dir(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0700), 0);
}

static void a_control_group_names_its_unit_and_container(void **state)
{
	(void)state;
	static const struct {
		const char *path, *unit, *container;
	} known[] = {
		{ "/", "", "" },
		{ "", "", "" },
		{ "/system.slice/nginx.service", "nginx.service", "" },
		{ "/system.slice/ssh.socket", "ssh.socket", "" },
		{ "/user.slice/user-1000.slice/session-1.scope", "session-1.scope",
		  "" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
		  "web.service", "" },
		{ "/system.slice/docker-" ID ".scope", "", "0123456789ab" },
		{ "/docker/" ID, "", "0123456789ab" },
		{ "/docker/" ID "/system.slice/cron.service", "cron.service",
		  "0123456789ab" },
		{ "/kubepods.slice/kubepods-burstable.slice/"
		  "kubepods-burstable-pod1.slice/"
		  "cri-containerd-" ID ".scope",
		  "", "0123456789ab" },
		{ "/kubepods/besteffort/pod0f1e/" ID, "", "0123456789ab" },
		{ "/machine.slice/libpod-" ID ".scope", "", "0123456789ab" },
		{ "/machine.slice/libpod-conmon-" ID ".scope", "", "" },
		{ "/lxc/web1", "", "web1" },
		{ "/lxc.payload.web2/system.slice/a.service", "a.service", "web2" },
		{ "/lxc.payload/web3", "", "web3" },
		{ "/machine.slice/machine-deb.scope", "machine-deb.scope", "deb" },
		/* One digit too many is not an identifier; nor is ".service" a unit. */
		{ "/x/0" ID, "", "" },
		{ "/.service", "", "" },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char unit[64], container[64];
		cgroup_unit(known[i].path, unit, sizeof(unit));
		cgroup_container(known[i].path, container, sizeof(container));
		assert_string_equal(unit, known[i].unit);
		assert_string_equal(container, known[i].container);
	}
}

static void the_control_group_is_version_2s_or_systemds(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path;
	} known[] = {
		{ "0::/system.slice/a.service\n", "/system.slice/a.service" },
		{ "0::/\n", "/" },
		{ "", "" },
		{ "nonsense\n1:2\n", "" },
		{ "9:name=systemd:/a.service\n4:memory:/b\n0::/\n", "/a.service" },
		{ "9:name=systemd:/a.service\n0::/c.service\n", "/c.service" },
		{ "9:name=systemd:/\n4:memory:/b\n0::/\n", "/b" },
		{ "0::/with:colon\n", "/with:colon" },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char path[256];
		cgroup_path(known[i].text, path, sizeof(path));
		assert_string_equal(path, known[i].path);
	}
}

static void texts_that_are_too_long_are_cut(void **state)
{
	(void)state;
	char text[1024], out[16];
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "0::/", 4);
	text[sizeof(text) - 1] = '\0';
	cgroup_path(text, out, sizeof(out));
	assert_string_equal(out, "/aaaaaaaaaaaaaa");
	memcpy(text + sizeof(text) - 1 - 8, ".service", 8);
	cgroup_unit(text + 3, out, sizeof(out));
	assert_int_equal(strlen(out), sizeof(out) - 1);
}

static void a_process_name_may_hold_anything(void **state)
{
	(void)state;
	static const char rest[] =
		" S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 777 9";
	static const char *const names[] = {
		"nginx", "a b", ") R 1 (", "", "((", "x)"
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[256], name[32];
		uint32_t pid = 0;
		uint64_t start = 0;
		snprintf(text, sizeof(text), "42 (%s)%s", names[i], rest);
		assert_true(process_parse_stat(text, &pid, &start, name, sizeof(name)));
		assert_int_equal(pid, 42);
		assert_int_equal(start, 777);
		assert_string_equal(name, names[i]);
	}
}

static void a_stat_that_is_cut_is_refused(void **state)
{
	(void)state;
	static const char whole[] =
		"42 (nginx) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 7";
	for (size_t len = 0; len <= strlen(whole); len++) {
		char text[128], name[32];
		uint32_t pid = 0;
		uint64_t start = 0;
		snprintf(text, sizeof(text), "%.*s", (int)len, whole);
		assert_int_equal(
			process_parse_stat(text, &pid, &start, name, sizeof(name)),
			len == strlen(whole));
	}
}

static void a_stat_that_ends_with_the_name_is_refused(void **state)
{
	(void)state;
	char *text = strdup("111 ()"), name[32];
	uint32_t pid = 0;
	uint64_t start = 0;
	assert_false(process_parse_stat(text, &pid, &start, name, sizeof(name)));
	free(text);
}

static void the_effective_user_counts(void **state)
{
	(void)state;
	uint32_t uid = 0;
	assert_true(
		process_parse_status("Name:\tx\nUid:\t0\t33\t33\t33\nGid:\t0\n", &uid));
	assert_int_equal(uid, 33);
	assert_false(process_parse_status("Name:\tx\nUid:\t0\n", &uid));
	assert_false(process_parse_status("", &uid));
	int64_t boot_us = 0;
	assert_true(process_parse_boot("cpu 1 2\nbtime 1700000000\n", &boot_us));
	assert_int_equal(boot_us, 1700000000 * INT64_C(1000000));
	assert_false(process_parse_boot("btime x\n", &boot_us));
}

static void a_package_is_found_by_its_list(void **state)
{
	(void)state;
	make_dir("info");
	write_file("info/openssh-server.list", "/.\n/usr\n/usr/sbin\n/usr/sbin/sshd\n");
	write_file("info/iproute2.list", "/.\n/sbin/ip\n/bin/ss\n");
	write_file("info/libc6:amd64.list", "/.\n/lib/ld.so\n");
	write_file("info/last.list", "/usr/bin/last-line-without-end");
	write_file("info/other.md5sums", "/usr/bin/not-a-list\n");
	static const struct {
		const char *path, *package;
	} known[] = {
		{ "/usr/sbin/sshd", "openssh-server" },
		{ "/usr/sbin/ip", "iproute2" },
		{ "/usr/lib/ld.so", "libc6" },
		{ "/usr/bin/last-line-without-end", "last" },
		{ "/usr/sbin/ssh", "" },
		{ "/usr/sbin/sshd2", "" },
		{ "/usr/bin/not-a-list", "" },
		{ "/opt/x", "" },
	};
	char info[256];
	snprintf(info, sizeof(info), "%s", path_of("info"));
	struct packages *packages = packages_new(info);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			char package[64];
			packages_owner(packages, known[i].path, package,
				       sizeof(package));
			assert_string_equal(package, known[i].package);
		}
	/* The second round was remembered. */
	assert_int_equal(packages_searches(packages), sizeof(known) / sizeof(known[0]));
	packages_free(packages);
}

static void a_changed_executable_is_looked_up_again(void **state)
{
	(void)state;
	char exe[256], package[64], list[512], info[256];
	snprintf(exe, sizeof(exe), "%s", path_of("server"));
	snprintf(list, sizeof(list), "%s\n", exe);
	make_dir("info2");
	snprintf(info, sizeof(info), "%s", path_of("info2"));
	struct packages *packages = packages_new(info);
	write_file("server", "1");
	packages_owner(packages, exe, package, sizeof(package));
	assert_string_equal(package, "");
	write_file("info2/server.list", list);
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	assert_int_equal(utimensat(AT_FDCWD, exe, times, 0), 0);
	packages_owner(packages, exe, package, sizeof(package));
	assert_string_equal(package, "server");
	packages_free(packages);
}

static void a_user_has_the_name_in_passwd_or_its_number(void **state)
{
	(void)state;
	char path[256], name[32];
	snprintf(path, sizeof(path), "%s", path_of("passwd"));
	write_file("passwd", "root:x:0:0::/:/bin/sh\nbroken\nweb:x:33:33::/:/bin/sh\n");
	struct users users = { .path = path };
	users_name(&users, 33, name, sizeof(name));
	assert_string_equal(name, "web");
	users_name(&users, 0, name, sizeof(name));
	assert_string_equal(name, "root");
	/* 289 would lie where 33 does. */
	users_name(&users, 289, name, sizeof(name));
	assert_string_equal(name, "289");
	users_name(&users, 33, name, sizeof(name));
	assert_string_equal(name, "web");
	write_file("passwd", "www:x:33:33::/:/bin/sh\n");
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	users_name(&users, 33, name, sizeof(name));
	assert_string_equal(name, "www");
}

/* /proc/PID with files that are sockets. */
static void make_process(uint32_t pid, unsigned start, const char *const *links)
{
	char name[128], text[256];
	snprintf(name, sizeof(name), "proc/%u", pid);
	make_dir(name);
	snprintf(name, sizeof(name), "proc/%u/fd", pid);
	make_dir(name);
	snprintf(name, sizeof(name), "proc/%u/stat", pid);
	snprintf(text, sizeof(text),
		 "%u (p) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 %u 9", pid,
		 start);
	write_file(name, text);
	snprintf(name, sizeof(name), "proc/%u/status", pid);
	write_file(name, "Name:\tp\nUid:\t0\t0\t0\t0\n");
	for (int i = 0; links[i] != NULL; i++) {
		snprintf(name, sizeof(name), "proc/%u/fd/%d", pid, i);
		assert_int_equal(symlink(links[i], path_of(name)), 0);
	}
}

static void the_oldest_process_owns_a_shared_socket(void **state)
{
	(void)state;
	char proc[256];
	struct owners owners = { 0 };
	make_dir("proc");
	make_process(10, 500, (const char *[]){ "socket:[7]", "/dev/null", NULL });
	make_process(11, 300, (const char *[]){ "socket:[7]", "socket:[7]", NULL });
	make_process(12, 900, (const char *[]){ "socket:[7]", "socket:[8]", NULL });
	make_dir("proc/self");
	snprintf(proc, sizeof(proc), "%s", path_of("proc"));
	bool all_readable = false;
	owners_scan_proc(&owners, proc, NULL, &all_readable);
	assert_true(all_readable);
	assert_int_equal(owners_find(&owners, 7)->pid, 11);
	assert_int_equal(owners_find(&owners, 7)->processes, 3);
	assert_int_equal(owners_find(&owners, 8)->pid, 12);
	assert_null(owners_find(&owners, 9));
	assert_null(owners_find(&owners, 0));
	/* What only the newest has is found without looking at the others. */
	owners_clear(&owners);
	struct wanted_inodes wanted = { .inode = { 8 }, .count = 1 };
	all_readable = false;
	owners_scan_proc(&owners, proc, &wanted, &all_readable);
	assert_int_equal(owners_find(&owners, 8)->pid, 12);
	/* Nor does it know whether the others could be read. */
	assert_false(all_readable);
	/* To the end it went for what nobody has. */
	wanted.inode[0] = 9;
	owners_scan_proc(&owners, proc, &wanted, &all_readable);
	assert_true(all_readable);
	/* However small the pieces, a pass finds what one look does. */
	owners_clear(&owners);
	struct owners_pass pass;
	unsigned pieces = 1;
	owners_pass_begin(&pass, proc);
	while (!owners_pass_run(&pass, &owners, 1))
		pieces++;
	assert_true(pieces > 10 && pass.all_readable);
	assert_int_equal(owners_find(&owners, 7)->pid, 11);
	assert_int_equal(owners_find(&owners, 7)->processes, 3);
	assert_int_equal(owners_find(&owners, 8)->processes, 1);
	owners_pass_end(&pass);
	/* One that is given up half way leaves nothing behind. */
	owners_pass_begin(&pass, proc);
	assert_false(owners_pass_run(&pass, &owners, 1));
	owners_pass_end(&pass);
	owners_free(&owners);

	/* A directory of another process, mounted over this one, is not this one. */
	struct processes processes = { .proc = proc, .users = { .path = "/none" } };
	struct process process;
	assert_true(process_read(&processes, 10, &process));
	assert_int_equal(process.start_ticks, 500);
	char from[256];
	snprintf(from, sizeof(from), "%s", path_of("proc/12"));
	assert_int_equal(symlink(from, path_of("proc/13")), 0);
	assert_false(process_read(&processes, 13, &process));
	assert_false(process_read(&processes, 14, &process));
}

static unsigned told_count;

static void count_told(void *to, const struct host_event *event)
{
	(void)to;
	(void)event;
	told_count++;
}

/* Opened by a process that the pass had behind it: nobody's, as far as that shows. */
static void what_a_pass_has_missed_stays_as_told(void **state)
{
	(void)state;
	char proc[256];
	snprintf(proc, sizeof(proc), "%s", path_of("nobody"));
	make_dir("nobody");
	struct host_watch *watch = host_watch_open_with(
		count_told, NULL,
		&(struct host_watch_options){ .without_bpf = true, .proc = proc });
	assert_non_null(watch);
	struct watched missed = { .inode = 4711,
				  .proto = IPPROTO_TCP,
				  .pid = 4712,
				  .processes = 1,
				  .owner = OWNER_FOUND,
				  .is_told = true };
	struct watched *w = listeners_add(&watch->listeners, &missed);
	assert_non_null(w);
	told_count = 0;
	while (!tell_owners_again(watch))
		;
	assert_int_equal(told_count, 0);
	assert_int_equal(w->pid, 4712);
	assert_int_equal(w->processes, 1);
	/* A second look decides. */
	assert_int_equal(w->owner, OWNER_DOUBTFUL);
	assert_int_equal(watch->look_again_us, w->look_again_us);
	watch->now_us = w->look_again_us;
	while (!tell_owners_again(watch))
		;
	assert_int_equal(told_count, 1);
	assert_int_equal(w->owner, OWNER_KERNEL);
	assert_int_equal(w->pid, 0);
	host_watch_close(watch);
}

static void owners_keep_many(void **state)
{
	(void)state;
	struct owners owners = { 0 };
	for (uint64_t i = 1; i <= 100000; i++)
		owners_note(&owners, &(struct owner){ .inode = i, .pid = (uint32_t)i });
	for (uint64_t i = 1; i <= 100000; i++)
		assert_int_equal(owners_find(&owners, i)->pid, i);
	assert_int_equal(owners.refused, 0);
	owners_free(&owners);
}

static void the_root_of_control_groups_is_found_by_type(void **state)
{
	(void)state;
	char path[256] = "";
	assert_true(kernel_cgroup_root(
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		"40 31 0:37 / /sys/fs/cgroup/systemd rw shared:1 - cgroup cgroup rw\n"
		"41 31 0:38 /part /mnt rw - cgroup2 cgroup2 rw\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw shared:2 - cgroup2 cgroup2 "
		"rw\n",
		path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/unified");
	assert_false(kernel_cgroup_root("31 23 0:28 / /x rw - tmpfs x rw", path,
					sizeof(path)));
	assert_false(kernel_cgroup_root("", path, sizeof(path)));
}

static void ports_of_clients_are_a_range(void **state)
{
	(void)state;
	uint16_t first = 0, last = 0;
	assert_true(space_parse_ports("32768\t60999\n", &first, &last));
	assert_int_equal(first, 32768);
	assert_int_equal(last, 60999);
	assert_false(space_parse_ports("9 8\n", &first, &last));
	assert_false(space_parse_ports("1 70000\n", &first, &last));
	assert_false(space_parse_ports("", &first, &last));
	assert_int_not_equal(
		space_parse_in_use("TCP: inuse 5 orphan 0\nUDP: inuse 1\n"),
		space_parse_in_use("TCP: inuse 6 orphan 0\nUDP: inuse 1\n"));
	assert_int_not_equal(space_parse_in_use("TCP: inuse 5\nUDP: inuse 1\n"),
			     space_parse_in_use("TCP: inuse 5\nUDP: inuse 2\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_control_group_names_its_unit_and_container),
		cmocka_unit_test(the_control_group_is_version_2s_or_systemds),
		cmocka_unit_test(texts_that_are_too_long_are_cut),
		cmocka_unit_test(a_process_name_may_hold_anything),
		cmocka_unit_test(a_stat_that_is_cut_is_refused),
		cmocka_unit_test(a_stat_that_ends_with_the_name_is_refused),
		cmocka_unit_test(the_effective_user_counts),
		cmocka_unit_test(a_package_is_found_by_its_list),
		cmocka_unit_test(a_changed_executable_is_looked_up_again),
		cmocka_unit_test(a_user_has_the_name_in_passwd_or_its_number),
		cmocka_unit_test(the_oldest_process_owns_a_shared_socket),
		cmocka_unit_test(what_a_pass_has_missed_stays_as_told),
		cmocka_unit_test(owners_keep_many),
		cmocka_unit_test(the_root_of_control_groups_is_found_by_type),
		cmocka_unit_test(ports_of_clients_are_a_range),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
