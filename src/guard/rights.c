/*
 * rights.c: see rights.h.
 */
#include "guard/rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* The guard stays root in name, so it also has what root's files allow their owner. */
static const unsigned kept[] = {
	/* Packet sockets. */
	CAP_NET_RAW,
	/* Programs in cgroups that tell of new sockets; the firewall's rules. */
	CAP_NET_ADMIN,
	/* setns(2) into other network namespaces: containers have sockets as well. */
	CAP_SYS_ADMIN,
	/* BPF iterators and events, and the program that steers a fanout group ... */
	CAP_BPF,
	/* ... of which those that look into the kernel need this one too. */
	CAP_PERFMON,
	/* What others' processes are: /proc/PID/fd, exe and ns (proc(5)). */
	CAP_SYS_PTRACE,
	/* The same behind folders that are not root's: /proc/PID/root of containers. */
	CAP_DAC_READ_SEARCH,
};

/* To become another user without any others, which then may send ICMP; and to end it.
 */
static const unsigned to_confine[] = { CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_KILL,
				       CAP_NET_RAW };

/* The firewall and packet sockets; without programs in the kernel only the first two.
 */
static const unsigned of_wall[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON };

/* A network namespace, and links to it. */
static const unsigned of_self_test[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN };

enum { KEPT_MOST = 4, WALL_PLAIN = 2, SELF_TEST_ALL = 2 };

bool rights_can_capture(void)
{
	return capng_get_caps_process() == 0 &&
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW);
}

/* Of those it has. */
static int keep(const unsigned *wanted, size_t count)
{
	if (capng_get_caps_process() != 0)
		return -EIO;
	uint64_t has = 0;
	for (size_t i = 0; i < count; i++)
		if (capng_have_capability(CAPNG_PERMITTED, wanted[i]))
			has |= 1ULL << wanted[i];
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < count; i++)
		if (has & 1ULL << wanted[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     wanted[i]);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 ||
	    capng_apply(CAPNG_SELECT_AMBIENT) != 0)
		return -EPERM;
	return 0;
}

int rights_keep_few(void)
{
	int bounding = rights_drop_bounding();
	int error = keep(kept, sizeof(kept) / sizeof(kept[0]));
	return error != 0 ? error : bounding;
}

/* The bounding set is for each prober to empty, which takes CAP_SETPCAP. */
int rights_keep_to_confine(void)
{
	return keep(to_confine, sizeof(to_confine) / sizeof(to_confine[0]));
}

static size_t count_of_wall(bool needs_bpf)
{
	return needs_bpf ? sizeof(of_wall) / sizeof(of_wall[0]) : WALL_PLAIN;
}

/* These, and what confining takes. */
static int keep_to_make(const unsigned *wanted, size_t count)
{
	enum { CONFINE = sizeof(to_confine) / sizeof(to_confine[0]) };
	unsigned all[CONFINE + KEPT_MOST];
	memcpy(all, to_confine, sizeof(to_confine));
	memcpy(all + CONFINE, wanted, count * sizeof(*wanted));
	return keep(all, CONFINE + count);
}

int rights_keep_to_wall(bool needs_bpf)
{
	return keep_to_make(of_wall, count_of_wall(needs_bpf));
}

int rights_keep_to_self_test(void)
{
	return keep_to_make(of_self_test, SELF_TEST_ALL);
}

/* Becomes that user, and keeps those of them that it has. */
static int become(uid_t uid, gid_t gid, const unsigned *wanted, size_t count)
{
	if (capng_get_caps_process() != 0)
		return -EIO;
	bool is_root = geteuid() == 0;
	bool has[KEPT_MOST] = { false };
	for (size_t i = 0; i < count; i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count; i++)
		if (has[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     wanted[i]);
	if (is_root)
		return capng_change_id((int)uid, (int)gid,
				       CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING |
					       CAPNG_CLEAR_AMBIENT) == 0
			       ? 0
			       : -EPERM;
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

int rights_become_prober(uid_t uid, gid_t gid)
{
	static const unsigned icmp[] = { CAP_NET_RAW };
	return become(uid, gid, icmp, 1);
}

int rights_become_nobody(uid_t uid, gid_t gid)
{
	return become(uid, gid, NULL, 0);
}

int rights_become_maker(uid_t uid, gid_t gid)
{
	static const unsigned to_make[] = { CAP_NET_RAW, CAP_SYS_ADMIN };
	return become(uid, gid, to_make, 2);
}

int rights_become_wall(uid_t uid, gid_t gid, bool needs_bpf)
{
	return become(uid, gid, of_wall, count_of_wall(needs_bpf));
}

int rights_become_self_test(uid_t uid, gid_t gid)
{
	return become(uid, gid, of_self_test, SELF_TEST_ALL);
}

int rights_drop_bounding(void)
{
	if (capng_get_caps_process() != 0)
		return -EIO;
	/* The set only says what execve(2) could give back; who may not change it can
	 * get nothing back either, once no_new_privs is set. */
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return 0;
	capng_clear(CAPNG_SELECT_BOUNDS);
	return capng_apply(CAPNG_SELECT_BOUNDS) == 0 ? 0 : -EPERM;
}

int rights_drop_all(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 ||
	    capng_apply(CAPNG_SELECT_AMBIENT) != 0)
		return -EPERM;
	/* Look again: this is what everything else here is for. */
	if (capng_get_caps_process() != 0)
		return -EIO;
	return capng_have_permitted_capabilities() == CAPNG_NONE ? 0 : -EPERM;
}
