#!/usr/bin/env -S nodeobs trace -s
/*
 * gc-pauses: how long garbage collections stop the application, by kind.
 *
 * Prints every pause that took at least so many milliseconds; at the end, for each kind, how many
 * there were, what they came to, the longest, and a picture. Kinds are V8's: scavenge and
 * minor-mark-sweep clean the young objects, mark-sweep-compact all of them, incremental-marking
 * and weak-callbacks are parts of that.
 *
 * Arguments: milliseconds [10]
 * Example: nodeobs trace -p api -s gc-pauses 5
 */
#pragma D option quiet
#pragma D option defaultargs

inline int limit = ($1 > 0 ? $1 : 10);

BEGIN
{
	printf("Pauses of %d ms and longer; Ctrl-C ends it.\n", limit);
	printf("%-20s %6s %6s %12s %s\n", "TIME", "PID", "THREAD", "PAUSE", "KIND");
}

/* arg3 kind, arg4 pause in ns */
node*:::gc-done
{
	@pauses[copyinstr(arg3)] = count();
	@total[copyinstr(arg3)] = sum(arg4 / 1000);
	@longest[copyinstr(arg3)] = max(arg4 / 1000);
	@microseconds[copyinstr(arg3)] = quantize(arg4 / 1000);
}

node*:::gc-done
/arg4 >= limit * 1000000/
{
	printf("%Y %6d %6d %5d.%03d ms %s\n", walltimestamp, pid, tid, arg4 / 1000000,
	    arg4 % 1000000 / 1000, copyinstr(arg3));
}

END
{
	printf("\n%8s %12s %12s  %s\n", "PAUSES", "TOTAL/us", "LONGEST/us", "KIND");
	printa("%@8d %@12d %@12d  %s\n", @pauses, @total, @longest);
	printf("\nmicroseconds\n");
	printa(@microseconds);
}
