/*
 * state_folder.c: see state_folder.h.
 */
#include "cli/state_folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int state_config(const char *command, const char *path, struct config *config)
{
	struct buf errors = { 0 };
	config_init(config);
	int result = config_load(config, path, &errors);
	const char *text = buf_cstr(&errors);
	if (result != 0 && text != NULL)
		fputs(text, stderr);
	else if (result != 0)
		fprintf(stderr, "breakwater %s: out of memory\n", command);
	buf_free(&errors);
	if (result == 0)
		return STATUS_OK;
	return result == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE;
}

int state_folder(const char *command, const char *given, const char *config_path,
		 config_text folder)
{
	static struct config config;
	if (given != NULL) {
		snprintf(folder, CONFIG_TEXT_MAX, "%s", given);
		return STATUS_OK;
	}
	int status = state_config(command, config_path, &config);
	memcpy(folder, config.state, sizeof(config.state));
	return status;
}

int compliance_folder(const char *command, const char *given, const char *state,
		      const char *config_path, config_text folder)
{
	static struct config config;
	if (given != NULL || state != NULL) {
		snprintf(folder, CONFIG_TEXT_MAX, "%s", given != NULL ? given : "");
		return STATUS_OK;
	}
	int status = state_config(command, config_path, &config);
	memcpy(folder, config.report_compliance, sizeof(config.report_compliance));
	return status;
}
