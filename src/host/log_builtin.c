/*
 * log_builtin.c: the files of formats/, as the assembler includes them; see
 * log_builtin.h.
 *
 * gcc 12 has no #embed.  The paths are found through the include path, like headers.
 */
#include "host/log_builtin.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a declared name can't stand in brackets */
#define FORMAT(name)                                                                   \
	extern const char format_##name[], format_##name##_end[];                      \
	__asm__(".section .rodata\n"                                                   \
		".global format_" #name "\n"                                           \
		".global format_" #name "_end\nformat_" #name ":\n"                    \
		".incbin \"formats/" #name ".yaml\"\nformat_" #name "_end:\n"          \
		".byte 0\n"                                                            \
		".previous\n");
#include "format_list.h"
#undef FORMAT

#define FORMAT(name) { #name ".yaml", format_##name, format_##name##_end },
static const struct log_builtin builtins[] = {
#include "format_list.h"
};
#undef FORMAT
/* NOLINTEND(bugprone-macro-parentheses) */

const struct log_builtin *log_builtins(size_t *count)
{
	*count = sizeof(builtins) / sizeof(builtins[0]);
	return builtins;
}
