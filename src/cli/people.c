/*
 * people.c: breakwater user and token: who may what over HTTP; docs/web.md.
 */
#include "cli/people.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "web/secret.h"

static const char user_examples[] =
	"  breakwater user add alice --role operator      asks for her password\n"
	"  breakwater user link alice                     a link that lets her in "
	"once\n"
	"  breakwater user link                           one for an administrator\n"
	"  breakwater user role alice --role viewer\n"
	"  breakwater user list\n"
	"  openssl rand -base64 24 | breakwater user passwd alice\n";
static const char token_examples[] =
	"  breakwater token add prometheus --role viewer --for 365d\n"
	"  breakwater token list\n"
	"  breakwater token remove prometheus\n";

int people_complain(const struct people_options *o, int status, const char *why)
{
	char clean[CLIENT_ERROR_MAX];
	text_clean(clean, sizeof(clean), why != NULL ? why : "out of memory");
	fprintf(stderr, "breakwater %s: %s\n", o->command, clean);
	return status;
}

/* ---- who there is ---- */

/* A cell of what the daemon says, which is not believed to be harmless. */
static void print_cell(const json_t *row, const char *member, int width)
{
	char clean[128];
	const char *text = member_text(row, member);
	text_clean(clean, sizeof(clean), text != NULL ? text : "");
	printf("%-*s", width, clean);
}

static void print_row(const struct people_options *o, const json_t *row)
{
	bool is_user = strcmp(o->command, "user") == 0;
	print_cell(row, o->command, 26);
	print_cell(row, "role", 15);
	print_cell(row, "since", 29);
	if (is_user)
		puts(json_is_true(json_object_get(row, "password")) ? "password"
								    : "only by link");
	else
		printf("%s %s\n",
		       json_is_true(json_object_get(row, "ended")) ? "ended" : "until",
		       member_text(row, "until") != NULL ? member_text(row, "until")
							 : "");
}

static int list(const struct people_options *o, const char *name)
{
	int status;
	size_t i;
	json_t *row, *answer = people_ask(o, NULL, &status);
	(void)name;
	bool is_user = strcmp(o->command, "user") == 0;
	const json_t *rows = json_object_get(answer, is_user ? "users" : "tokens");
	if (answer != NULL && json_array_size(rows) == 0 && !o->common.json)
		printf("No %ss.  \"breakwater %s add NAME --role ROLE\" makes one.\n",
		       o->command, o->command);
	json_array_foreach(rows, i, row)
	{
		if (!o->common.json) {
			print_row(o, row);
			continue;
		}
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(answer);
	return status;
}

/* ---- changes ---- */

static struct buf form_of(const struct people_options *o, const char *verb,
			  const char *name)
{
	struct buf form = { 0 };
	client_parameter(&form, "action", verb);
	client_parameter(&form, o->command, name != NULL ? name : "");
	client_parameter(&form, "role", o->role);
	client_parameter(&form, "for", o->duration);
	return form;
}

/* What is to be kept goes to standard output alone, the rest is for a person. */
static int post(const struct people_options *o, struct buf *form)
{
	int status;
	json_t *answer = people_ask(o, form, &status);
	const char *token = member_text(answer, "token"),
		   *link = member_text(answer, "link"),
		   *message = member_text(answer, "message");
	const char *secret = token != NULL && token[0] != '\0' ? token : link;
	if (answer != NULL && o->common.json) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (answer != NULL) {
		fprintf(secret != NULL ? stderr : stdout, "%s\n",
			message != NULL ? message : "");
		if (secret != NULL)
			puts(secret);
	}
	json_decref(answer);
	if (form->at != NULL)
		secret_forget(form->at, form->len);
	buf_free(form);
	return status;
}

static int add(const struct people_options *o, const char *name)
{
	struct buf form = form_of(o, "add", name);
	char password[PASSWORD_MAX];
	if (strcmp(o->command, "user") == 0) {
		if (role_parse(o->role != NULL ? o->role : "") == ROLE_NONE) {
			buf_free(&form);
			return people_complain(o, STATUS_USAGE,
					       "--role: allowed are " ROLES_ALLOWED);
		}
		if (!people_read_password(o, password)) {
			buf_free(&form);
			return STATUS_USAGE;
		}
		client_parameter(&form, "password", password);
		secret_forget(password, sizeof(password));
	}
	return post(o, &form);
}

static int set_password(const struct people_options *o, const char *name)
{
	char password[PASSWORD_MAX];
	if (!people_read_password(o, password))
		return STATUS_USAGE;
	struct buf form = form_of(o, "passwd", name);
	client_parameter(&form, "password", password);
	secret_forget(password, sizeof(password));
	return post(o, &form);
}

static int set_role(const struct people_options *o, const char *name)
{
	struct buf form = form_of(o, "role", name);
	return post(o, &form);
}

static int take_away(const struct people_options *o, const char *name)
{
	struct buf form = form_of(o, "remove", name);
	return post(o, &form);
}

static int make_link(const struct people_options *o, const char *name)
{
	struct buf form = form_of(o, "link", name);
	return post(o, &form);
}

/* ---- which one ---- */

#define WHOSE "whose? Give a name"
typedef int people_job(const struct people_options *options, const char *name);

static const struct verb user_verbs[] = {
	{ "list", 0, 0, NULL },  { "add", 1, 1, WHOSE }, { "passwd", 1, 1, WHOSE },
	{ "role", 1, 1, WHOSE }, { "link", 0, 1, NULL }, { "remove", 1, 1, WHOSE },
};
static people_job *const user_jobs[] = { list,     add,       set_password,
					 set_role, make_link, take_away };

static const struct verb token_verbs[] = {
	{ "list", 0, 0, NULL },
	{ "add", 1, 1, WHOSE },
	{ "remove", 1, 1, WHOSE },
};
static people_job *const token_jobs[] = { list, add, take_away };

static int start(const struct people_options *o, const struct verb *verbs, size_t count,
		 people_job *const *jobs, int words, char **word)
{
	int which = verb_choose(o->command, verbs, count, "list", words, word);
	return which < 0 ? STATUS_USAGE : jobs[which](o, words > 1 ? word[1] : NULL);
}

#define OPTION_STATE(into)                                                             \
	{                                                                              \
		0, OPTION_TEXT, "state", "DIR",                                        \
			"folder of the file that is changed while no daemon runs; "    \
			"default that of the configuration",                           \
			into, 0, 0                                                     \
	}
#define OPTION_ROLE(into)                                                              \
	{                                                                              \
		0, OPTION_TEXT, "role", "ROLE",                                        \
			"viewer (reads), operator (also changes what is blocked, "     \
			"silenced and the like) or administrator (also who may)",      \
			into, 0, 0                                                     \
	}

int command_user(int argc, char **argv)
{
	struct people_options o = { .command = "user" };
	const struct option_spec specs[] = {
		OPTION_ROLE(&o.role),
		OPTION_STATE(&o.state),
		OPTION_CONFIG(&o.config_path),
	};
	const struct command_help help = {
		.name = "user",
		.operands = "[list|add NAME|passwd NAME|role NAME|link [NAME]|"
			    "remove NAME]",
		.doc = "Who may sign in to the page, and what he may.  A password "
		       "comes "
		       "from the\nterminal or from standard input.",
		.examples = user_examples,
		OPTION_SPECS(specs),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, user_verbs, sizeof(user_verbs) / sizeof(user_verbs[0]),
		     user_jobs, argc - first, argv + first);
}

int command_token(int argc, char **argv)
{
	struct people_options o = { .command = "token" };
	const struct option_spec specs[] = {
		OPTION_ROLE(&o.role),
		{ 0, OPTION_TEXT, "for", "T",
		  "how long it is good: from 1s to 1830d; default " TOKEN_USUAL,
		  &o.duration, 0, 0 },
		OPTION_STATE(&o.state),
		OPTION_CONFIG(&o.config_path),
	};
	const struct command_help help = {
		.name = "token",
		.operands = "[list|add NAME|remove NAME]",
		.doc = "What programs show to ask over HTTP: \"Authorization: Bearer "
		       "TOKEN\".  A token is\nprinted when it is made, and never "
		       "again.",
		.examples = token_examples,
		OPTION_SPECS(specs),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, token_verbs, sizeof(token_verbs) / sizeof(token_verbs[0]),
		     token_jobs, argc - first, argv + first);
}
