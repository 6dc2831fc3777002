/*
 * page.c: the files of the page, as the assembler includes them; see page.h.
 *
 * gcc 12 has no #embed.  The paths are found through the include path, like headers.
 */
#include "web/page.h"

#include <string.h>

/* NOLINTBEGIN(bugprone-macro-parentheses): a declared name can't stand in brackets */
#define EMBED(name, file)                                                              \
	extern const char name[], name##_end[];                                        \
	__asm__(".section .rodata\n"                                                   \
		".global " #name "\n"                                                  \
		".global " #name "_end\n" #name ":\n"                                  \
		".incbin \"web/" file "\"\n" #name "_end:\n"                           \
		".byte 0\n"                                                            \
		".previous\n")
/* NOLINTEND(bugprone-macro-parentheses) */

EMBED(page_html, "page.html");
EMBED(page_js, "page.js");
EMBED(page_css, "page.css");

const struct page *page_at(const char *path, struct page *out)
{
	const struct {
		const char *path, *type, *at, *end;
	} pages[] = {
		{ "/", "text/html; charset=utf-8", page_html, page_html_end },
		{ "/page.js", "text/javascript; charset=utf-8", page_js, page_js_end },
		{ "/page.css", "text/css; charset=utf-8", page_css, page_css_end },
	};
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(path, pages[i].path) != 0)
			continue;
		*out = (struct page){ pages[i].path, pages[i].type, pages[i].at,
				      (size_t)(pages[i].end - pages[i].at) };
		return out;
	}
	return NULL;
}
