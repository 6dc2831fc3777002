/*
 * dialogue_file.h: a dialogue in a file of targets: what to say, and what to hear.
 *
 * A list of steps; each is one of `expect` (and `fails_if` beside it), `expect_hex`,
 * `send`, `send_hex` and `starttls: yes`.  What is sent is sent as it is: no end of a
 * line is added.  In double quotes YAML knows "\r\n".
 */
#pragma once

#include "base/yaml.h"
#include "protocol/dialogue.h"

/* The value at the event; NULL if it is none, which is said, or without memory. */
struct dialogue_steps *dialogue_file_take(struct yaml *yaml);
