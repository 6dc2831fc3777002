/*
 * type.h: the types that config.def may name.  Private to the room.
 */
#pragma once

#include "config/key.h"

extern const struct key_type key_type_prefixes, key_type_names, key_type_text,
	key_type_endpoint, key_type_number, key_type_ratio, key_type_duration,
	key_type_size, key_type_flag, key_type_paths, key_type_texts, key_type_windows,
	key_type_limit, key_type_ports, key_type_mode, key_type_severity,
	key_type_kinds, key_type_file, key_type_role, key_type_header, key_type_hosts,
	key_type_schedules;
