/*
 * user.c: see user.h.
 */
#include "guard/user.h"

#include <pwd.h>
#include <stdio.h>

enum { NUMBER_OF_NOBODY = 65534 };

void user_find(const char *name, struct user *out)
{
	const struct passwd *found = name != NULL ? getpwnam(name) : NULL;
	if (found == NULL)
		found = getpwnam("nobody");
	out->uid = found != NULL ? found->pw_uid : NUMBER_OF_NOBODY;
	out->gid = found != NULL ? found->pw_gid : NUMBER_OF_NOBODY;
	snprintf(out->name, sizeof(out->name), "%s",
		 found != NULL ? found->pw_name : "65534");
}
