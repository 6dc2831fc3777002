/*
 * role.c: see role.h.
 */
#include "web/role.h"

#include <stddef.h>
#include <string.h>

#include "base/words.h"

const char *role_name(enum role role)
{
	return role == ROLE_NONE ? "none" : words_roles[role - ROLE_VIEWER];
}

enum role role_parse(const char *name)
{
	for (enum role role = ROLE_VIEWER; role <= ROLE_ADMINISTRATOR; role++)
		if (strcmp(role_name(role), name) == 0)
			return role;
	return ROLE_NONE;
}

/*
 * What differs from the rule: a viewer reads, an operator changes.  A path that ends in
 * '/' stands for all below it.
 */
static const struct {
	const char *path;
	enum role read, change;
} exceptions[] = {
	{ "/api/v1/login", ROLE_NONE, ROLE_NONE },
	/* Of whom there is no session, none is ended. */
	{ "/api/v1/logout", ROLE_VIEWER, ROLE_VIEWER },
	{ "/api/v1/password", ROLE_VIEWER, ROLE_VIEWER },
	{ "/enter", ROLE_NONE, ROLE_NONE },
	{ "/api/v1/users", ROLE_ADMINISTRATOR, ROLE_ADMINISTRATOR },
	{ "/api/v1/config", ROLE_ADMINISTRATOR, ROLE_ADMINISTRATOR },
	{ "/api/v1/policy", ROLE_VIEWER, ROLE_ADMINISTRATOR },
	{ "/api/v1/policy/", ROLE_VIEWER, ROLE_ADMINISTRATOR },
	{ "/api/v1/privacy", ROLE_ADMINISTRATOR, ROLE_ADMINISTRATOR },
	/* Off unless an administrator wants it: then it is for everybody. */
	{ "/status", ROLE_NONE, ROLE_OPERATOR },
	{ "/status.json", ROLE_NONE, ROLE_OPERATOR },
	{ "/status.css", ROLE_NONE, ROLE_OPERATOR },
	{ "/badge/", ROLE_NONE, ROLE_OPERATOR },
};

static bool is_at(const char *path, const char *exception)
{
	size_t len = strlen(exception);
	return exception[len - 1] == '/' ? strncmp(path, exception, len) == 0
					 : strcmp(path, exception) == 0;
}

enum role role_needed(const char *path, bool is_change)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (is_at(path, exceptions[i].path))
			return is_change ? exceptions[i].change : exceptions[i].read;
	return is_change ? ROLE_OPERATOR : ROLE_VIEWER;
}
