/*
 * sandbox.c: the daemon gives up what it does not need any more; see guard.h.
 *
 * The order matters: each step takes away what an earlier one needed.  The bounding set
 * and the user go while we are root, Landlock and seccomp need no_new_privs, and
 * seccomp comes last, as it forbids all of this.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "guard/calls.h"
#include "guard/guard.h"
#include "guard/landlock.h"
#include "guard/rights.h"
#include "guard/user.h"

const char *sandbox_part_name(enum sandbox_part part)
{
	static const char *const names[SANDBOX_PARTS] = {
		[SANDBOX_USER] = "user",
		[SANDBOX_CAPABILITIES] = "capabilities",
		[SANDBOX_NO_NEW_PRIVS] = "no_new_privs",
		[SANDBOX_LANDLOCK] = "landlock",
		[SANDBOX_SECCOMP] = "seccomp",
	};
	return names[part];
}

__attribute__((format(printf, 4, 5))) static void report(struct sandbox_report *out,
							 enum sandbox_part part,
							 bool holds, const char *format,
							 ...)
{
	va_list args;
	out->holds[part] = holds;
	va_start(args, format);
	vsnprintf(out->detail[part], sizeof(out->detail[part]), format, args);
	va_end(args);
}

enum { GROUPS_MAX = 8 };

static size_t find_groups(const char *const *names, gid_t out[static GROUPS_MAX])
{
	size_t count = 0;
	for (; *names != NULL && count < GROUPS_MAX; names++) {
		const struct group *group = getgrnam(*names);
		if (group != NULL)
			out[count++] = group->gr_gid;
	}
	return count;
}

static int become(const struct user *user, const char *const *groups)
{
	gid_t also[GROUPS_MAX];
	size_t count = find_groups(groups, also);
	if (setgroups(count, also) != 0 ||
	    setresgid(user->gid, user->gid, user->gid) != 0 ||
	    setresuid(user->uid, user->uid, user->uid) != 0)
		return -errno;
	return 0;
}

static void change_user(const char *name, const char *const *groups,
			struct sandbox_report *out)
{
	struct user user;
	if (geteuid() != 0) {
		const struct passwd *own = getpwuid(geteuid());
		if (own != NULL)
			report(out, SANDBOX_USER, true, "%.64s", own->pw_name);
		else
			report(out, SANDBOX_USER, true, "uid %u", (unsigned)geteuid());
		return;
	}
	user_find(name, &user);
	int error = user.uid != 0 ? become(&user, groups) : 0;
	if (user.uid == 0)
		report(out, SANDBOX_USER, false, "root, as configured");
	else if (error != 0)
		report(out, SANDBOX_USER, false, "root: can't become %.64s: %s",
		       user.name, strerror(-error));
	else
		report(out, SANDBOX_USER, true, "%s", user.name);
}

static void drop_capabilities(int bounding, struct sandbox_report *out)
{
	int error = rights_drop_all();
	if (error == 0)
		error = bounding;
	report(out, SANDBOX_CAPABILITIES, error == 0, "%s",
	       error == 0 ? "none" : strerror(-error));
}

static void enter_landlock(const char *state_folder, const char *const *readable,
			   bool connects, struct sandbox_report *out)
{
	static const char *const devices[] = { "/dev/null", "/dev/urandom", NULL };
	const char *const state[] = { state_folder, NULL };
	const struct landlock_paths paths = { state, readable, devices, connects };
	int version = landlock_enter(&paths);
	if (version > 0)
		report(out, SANDBOX_LANDLOCK, true, "version %d", version);
	else if (version == -ENOSYS || version == -EOPNOTSUPP)
		report(out, SANDBOX_LANDLOCK, false, "not in this kernel");
	else
		report(out, SANDBOX_LANDLOCK, false, "%s", strerror(-version));
}

static void enter(const char *user, const char *state_folder,
		  const char *const *readable, const char *const *groups, bool is_hub,
		  struct sandbox_report *out)
{
	const struct rlimit none = { 0, 0 };
	tzset(); /* its file is out of reach later */
	int bounding = rights_drop_bounding();
	change_user(user, groups, out);
	drop_capabilities(bounding, out);
	setrlimit(RLIMIT_CORE, &none); /* memory is full of other people's names */
	int error = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
	report(out, SANDBOX_NO_NEW_PRIVS, error == 0, "%s",
	       error == 0 ? "set" : strerror(error));
	enter_landlock(state_folder, readable, is_hub, out);
	error = is_hub ? calls_limit_hub() : calls_limit_daemon();
	report(out, SANDBOX_SECCOMP, error == 0, "%s",
	       error == 0 ? "only known system calls" : strerror(-error));
}

void sandbox_enter(const char *user, const char *state_folder,
		   const char *const *readable, const char *const *groups,
		   struct sandbox_report *out)
{
	enter(user, state_folder, readable, groups, false, out);
}

void sandbox_enter_hub(const char *user, const char *state_folder,
		       const char *const *readable, struct sandbox_report *out)
{
	static const char *const none[] = { NULL };
	enter(user, state_folder, readable, none, true, out);
}
