/*
 * pretended.c: for LD_PRELOAD: a program lives in another world than this machine's.
 *
 * PRETENDED_CLOCK=FILE    CLOCK_REALTIME is ahead by the seconds in the file's first 8
 *                         bytes, now and whenever they change; packets keep the times
 *                         that the kernel gives them
 * PRETENDED_SET_SIZE=N    sets of nftables have room for N elements
 * PRETENDED_NO_OWNERS=1   the kernel knows of no owners of tables, as before Linux 5.12
 *
 * What it needs it opens before main(), as a program may give up the right to.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	NEW_TABLE = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
	UNKNOWN_FLAG = 1 << 30, /* refused, as one that an old kernel does not know */
};

static const volatile int64_t *ahead_s;
static uint32_t set_size;
static int has_no_owners;

static int (*real_clock)(clockid_t clock, struct timespec *now);
static void (*real_set)(struct nftnl_set *set, uint16_t attribute, uint32_t value);
static void (*real_put)(struct nlmsghdr *message, uint16_t type, uint32_t value);

/* ISO C knows no way from a pointer to an object to one to a function. */
static void find(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(function, &found, sizeof(found));
}

static void map_clock(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || at == MAP_FAILED)
		abort();
	close(fd);
	ahead_s = at;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("PRETENDED_CLOCK");
	const char *size = getenv("PRETENDED_SET_SIZE");
	has_no_owners = getenv("PRETENDED_NO_OWNERS") != NULL;
	set_size = size != NULL ? (uint32_t)strtoul(size, NULL, 10) : 0;
	find("clock_gettime", &real_clock);
	find("nftnl_set_set_u32", &real_set);
	find("mnl_attr_put_u32", &real_put);
	if (path != NULL)
		map_clock(path);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	/* Other libraries may ask before this one has begun. */
	if (real_clock == NULL)
		find("clock_gettime", &real_clock);
	int error = real_clock(clock, now);
	if (error == 0 && ahead_s != NULL && clock == CLOCK_REALTIME)
		now->tv_sec += *ahead_s;
	return error;
}

void nftnl_set_set_u32(struct nftnl_set *set, uint16_t attribute, uint32_t value)
{
	bool is_size = attribute == NFTNL_SET_DESC_SIZE && set_size > 0;
	real_set(set, attribute, is_size ? set_size : value);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libmnl's */
void mnl_attr_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
	bool is_flags = message->nlmsg_type == NEW_TABLE && type == NFTA_TABLE_FLAGS;
	real_put(message, type, is_flags && has_no_owners ? UNKNOWN_FLAG : value);
}
