/*
 * wall_xdp_object.c: the compiled bpf/wall.bpf.c, as the assembler includes it.
 */
#include "guard/wall_xdp.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global wall_xdp_object\n"
	".global wall_xdp_object_end\n"
	"wall_xdp_object:\n"
	".incbin \"wall.bpf.o\"\n"
	"wall_xdp_object_end:\n"
	".byte 0\n"
	".previous\n");
