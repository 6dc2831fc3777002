/*
 * rights.h: capabilities(7): what the guard keeps, and that nobody else keeps any;
 * private to this room.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* True if this process may open packet sockets. */
bool rights_can_capture(void);

/* Keeps what the guard's tasks need, of what this process has. 0 or -errno. */
int rights_keep_few(void);

/* The same for who makes probers: what these need until they have confined themselves.
 */
int rights_keep_to_confine(void);

/* The same for who makes walls; needs_bpf as of rights_become_wall(). */
int rights_keep_to_wall(bool needs_bpf);
/* And for who makes the processes of the self-test. */
int rights_keep_to_self_test(void);

/*
 * Becomes that user, of no other group; of what this process has only what sends ICMP
 * stays.  Without root it only gives up the rest.  0 or -errno.
 */
int rights_become_prober(uid_t uid, gid_t gid);

/* The same, and nothing stays. */
int rights_become_nobody(uid_t uid, gid_t gid);

/* The same, of who makes sockets in other namespaces: what goes there stays, too. */
int rights_become_maker(uid_t uid, gid_t gid);

/* The same, of who keeps the firewall; programs in the kernel take two more. */
int rights_become_wall(uid_t uid, gid_t gid, bool needs_bpf);

/* The same, of who makes network namespaces and links. */
int rights_become_self_test(uid_t uid, gid_t gid);

/* Empties the bounding set, which needs root still. 0 or -errno. */
int rights_drop_bounding(void);

/* Gives up all capabilities. 0 or -errno. */
int rights_drop_all(void);
