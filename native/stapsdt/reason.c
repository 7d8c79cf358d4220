#include <stdarg.h>
#include <stdio.h>

#include "reason.h"

void
explain(char reason[REASON_MAX], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, REASON_MAX, format, arguments);
	va_end(arguments);
}
