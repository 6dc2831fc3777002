/*
 * mitre.h: names of MITRE ATT&CK techniques (Enterprise), for who does not know them by
 * heart.
 */
#pragma once

struct mitre {
	const char *id, *name;
	const char *tactic_id, *tactic;
};

/* NULL: none that findings name. */
const struct mitre *record_mitre(const char *id);
