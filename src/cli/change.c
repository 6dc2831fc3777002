/*
 * change.c: see change.h.
 */
#include "cli/change.h"

#include <stdio.h>

#include "cli/by_id.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/view.h"

static int complain(const char *command, int status, const char *why)
{
	char clean[CLIENT_ERROR_MAX];
	text_clean(clean, sizeof(clean), why);
	fprintf(stderr, "breakwater %s: %s\n", command, clean);
	return status;
}

int change_post(struct client *client, const char *command, const char *path,
		struct buf *form, char message[static CLIENT_ERROR_MAX])
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	struct buf answer = { 0 };
	int status = STATUS_INCOMPLETE;
	if (buf_ok(form)) {
		/* A form is a query without its '?'. */
		const struct buf body = { .at = form->at + 1, .len = form->len - 1 };
		status = client_post(client, path, &body, &answer, error);
	}
	json_t *object = status == STATUS_OK ? object_parse(&answer) : NULL;
	const char *text = member_text(object, "message");
	text_clean(message, CLIENT_ERROR_MAX, text != NULL ? text : "");
	json_decref(object);
	buf_free(form);
	buf_free(&answer);
	return status == STATUS_OK ? status : complain(command, status, error);
}

/* ---- commands ---- */

/* What was given, by number of its field. */
struct given {
	const char *texts[CHANGE_FIELDS_MAX];
	bool flags[CHANGE_FIELDS_MAX];
};

static bool is_nothing(const struct given *given)
{
	for (size_t i = 0; i < CHANGE_FIELDS_MAX; i++)
		if (given->texts[i] != NULL || given->flags[i])
			return false;
	return true;
}

static size_t specs_of(const struct change_command *command, struct given *given,
		       struct option_spec specs[static CHANGE_FIELDS_MAX])
{
	size_t count = 0;
	for (; count < CHANGE_FIELDS_MAX && command->fields[count].option != NULL;
	     count++) {
		const struct change_field *field = &command->fields[count];
		bool is_flag = field->value == NULL;
		specs[count] = (struct option_spec){
			.type = is_flag ? OPTION_FLAG : OPTION_TEXT,
			.name = field->option,
			.value = field->value,
			.doc = field->doc,
			.into = is_flag ? (void *)&given->flags[count]
					: (void *)&given->texts[count],
		};
	}
	return count;
}

static bool is_condition(const struct change_command *command,
			 const struct given *given, size_t i)
{
	return command->fields[i].is_condition && given->texts[i] != NULL;
}

static bool has_condition(const struct change_command *command,
			  const struct given *given)
{
	for (size_t i = 0; i < CHANGE_FIELDS_MAX; i++)
		if (is_condition(command, given, i))
			return true;
	return false;
}

static void put_operand(struct buf *form, const struct change_command *command,
			const struct given *given, const char *operand)
{
	struct buf whole = { 0 };
	for (size_t i = 0; i < CHANGE_FIELDS_MAX; i++)
		if (is_condition(command, given, i))
			buf_printf(&whole, "%s=%s ", command->fields[i].field,
				   given->texts[i]);
	buf_text(&whole, operand);
	client_parameter(form, command->operand, buf_cstr(&whole));
	if (!buf_ok(&whole))
		form->failed = true;
	buf_free(&whole);
}

static struct buf form_of(const struct change_command *command,
			  const struct given *given, const char *operand)
{
	struct buf form = { 0 };
	put_operand(&form, command, given, operand);
	if (command->always != NULL)
		client_parameter(&form, command->always, "1");
	for (size_t i = 0; i < CHANGE_FIELDS_MAX; i++)
		if (command->fields[i].option != NULL &&
		    !command->fields[i].is_condition)
			client_parameter(&form, command->fields[i].field,
					 given->flags[i] ? "1" : given->texts[i]);
	return form;
}

static int post(const struct change_command *command,
		const struct common_options *common, struct buf *form)
{
	char message[CLIENT_ERROR_MAX];
	struct client *client = client_open(common);
	if (client == NULL) {
		buf_free(form);
		return complain(command->name, STATUS_INCOMPLETE, "out of memory");
	}
	int status = change_post(client, command->name, command->path, form, message);
	if (status == STATUS_OK && command->done != NULL)
		printf("%s: %s\n", message, command->done);
	else if (status == STATUS_OK)
		puts(message);
	client_close(client);
	return status;
}

int change_run(const struct change_command *command, int argc, char **argv)
{
	struct common_options common;
	struct given given = { 0 };
	struct option_spec specs[CHANGE_FIELDS_MAX];
	const struct command_help help = {
		.name = command->name,
		.operands = command->operands,
		.doc = command->doc,
		.examples = command->examples,
		.specs = specs,
		.spec_count = specs_of(command, &given, specs),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (first == argc && command->list != NULL && is_nothing(&given))
		return command->list(&common);
	bool has_operand = argc - first == 1;
	if (!has_operand && (first != argc || !has_condition(command, &given)))
		return complain(command->name, STATUS_USAGE, command->wants);
	if (command->is_id && !is_id(argv[first]))
		return complain(command->name, STATUS_USAGE, ID_ALLOWED);
	struct buf form = form_of(command, &given, has_operand ? argv[first] : "");
	return post(command, &common, &form);
}
