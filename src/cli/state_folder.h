/*
 * state_folder.h: where the store is that a command reads without a daemon.
 */
#pragma once

#include "config/config.h"

/* The configuration; as state_folder(). */
int state_config(const char *command, const char *path, struct config *config);

/*
 * given (--state), or the folder of the configuration; its path NULL: the usual one.
 * Exit status; all has been said if it is not 0.
 */
int state_folder(const char *command, const char *given, const char *config_path,
		 config_text folder);

/*
 * Where evidence/, frameworks/ and documents/ are that stand beside those built in, "":
 * nowhere: given (--compliance), or the configuration's, if the store is its own, too.
 */
int compliance_folder(const char *command, const char *given, const char *state,
		      const char *config_path, config_text folder);
