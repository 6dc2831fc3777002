/*
 * calls.h: the system calls that each of the processes makes, for seccomp(2);
 * private to this room.
 */
#pragma once

#include <stdbool.h>

/*
 * From now on only those.  Others fail with EPERM, or end the process if
 * BREAKWATER_SECCOMP=kill is in the environment.  0 or -errno.
 */
int calls_limit_daemon(void);
/* The same with TCP and UDP: a hub's. */
int calls_limit_hub(void);
int calls_limit_guard(void);
int calls_limit_prober(void);
int calls_limit_maker(void);
int calls_limit_decoy(void);
int calls_limit_sender(void);
int calls_limit_reporter(void);
int calls_limit_fleet_reporter(void);
int calls_limit_courier(void);
int calls_limit_self_test(void);
/* All but those that no program of an ordinary user makes; what it starts inherits it.
 */
int calls_limit_runner(void);
/* needs_bpf: programs in the kernel. */
int calls_limit_wall(bool needs_bpf);
