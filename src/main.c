/*
 * main.c: picks the command.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("breakwater " BREAKWATER_VERSION);
	return 0;
}
