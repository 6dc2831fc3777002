/*
 * builtin.c: the files as the assembler includes them; see builtin.h.
 */
#include "report/builtin.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a declared name can't stand in brackets */
#define EMBED(name, path)                                                              \
	extern const char name[], name##_end[];                                        \
	__asm__(".section .rodata\n"                                                   \
		".global " #name "\n"                                                  \
		".global " #name "_end\n" #name ":\n"                                  \
		".incbin \"" path "\"\n" #name "_end:\n"                               \
		".byte 0\n"                                                            \
		".previous\n");

EMBED(report_css, "src/report/report.css")

#define COMPLIANCE(name, path) EMBED(compliance_##name, "compliance/" path)
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

const char *report_style(size_t *len)
{
	static const struct report_file style = { "report.css", report_css,
						  report_css_end };
	*len = (size_t)(style.end - style.at);
	return style.at;
}
