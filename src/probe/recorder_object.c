/*
 * recorder_object.c: the compiled bpf/probe.bpf.c, as the assembler includes it.
 */
#include "probe/recorder.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global recorder_object\n"
	".global recorder_object_end\n"
	"recorder_object:\n"
	".incbin \"probe.bpf.o\"\n"
	"recorder_object_end:\n"
	".byte 0\n"
	".previous\n");
