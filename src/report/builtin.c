/*
 * builtin.c: the files of compliance/, as the assembler includes them; see builtin.h.
 */
#include "report/builtin.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a declared name can't stand in brackets */
#define COMPLIANCE(name, path)                                                         \
	extern const char compliance_##name[], compliance_##name##_end[];              \
	__asm__(".section .rodata\n"                                                   \
		".global compliance_" #name "\n"                                       \
		".global compliance_" #name "_end\ncompliance_" #name ":\n"            \
		".incbin \"compliance/" path "\"\ncompliance_" #name "_end:\n"         \
		".byte 0\n"                                                            \
		".previous\n");
#include "compliance_list.h"
#undef COMPLIANCE

#define COMPLIANCE(name, path) { path, compliance_##name, compliance_##name##_end },
static const struct report_file files[] = {
#include "compliance_list.h"
};
#undef COMPLIANCE
/* NOLINTEND(bugprone-macro-parentheses) */

const struct report_file *report_files(size_t *count)
{
	*count = sizeof(files) / sizeof(files[0]);
	return files;
}
