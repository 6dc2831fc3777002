/*
 * kernel_object.c: the compiled bpf/host.bpf.c, as the assembler includes it.
 */
#include "host/kernel.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global kernel_object\n"
	".global kernel_object_end\n"
	"kernel_object:\n"
	".incbin \"host.bpf.o\"\n"
	"kernel_object_end:\n"
	".byte 0\n"
	".previous\n");
