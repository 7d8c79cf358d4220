#!/usr/bin/env -S nodeobs trace -s
/*
 * event-loop-stalls: when the event loop hangs, for how long, and where.
 *
 * A timer of 10 ms that comes late is a stall: something ran meanwhile and let nothing else run.
 * Prints every stall of at least so many milliseconds, with the last request that had come before
 * it was over; at the end how many there were by process and thread, with the longest and a
 * picture. Stalls of less than 20 ms are not known.
 *
 * Arguments: milliseconds [50]
 * Example: nodeobs trace -p '*' -s event-loop-stalls 100
 */
#pragma D option quiet
#pragma D option defaultargs

inline int limit = ($1 > 0 ? $1 : 50);

string url, method;

BEGIN
{
	printf("Stalls of %d ms and longer; Ctrl-C ends it.\n", limit);
	printf("%-20s %6s %6s %10s  %s\n", "TIME", "PID", "THREAD", "STALL", "LAST REQUEST");
}

/* arg4 method, arg5 url */
node*:::http-server-request
{
	method = copyinstr(arg4);
	url = copyinstr(arg5);
}

/* arg0 ns that the timer came late */
node*:::event-loop-stall
/arg0 >= limit * 1000000/
{
	printf("%Y %6d %6d %7d ms  %s %s\n", walltimestamp, pid, tid, arg0 / 1000000, method, url);
	@stalls[pid, tid] = count();
	@longest[pid, tid] = max(arg0 / 1000000);
	@milliseconds["milliseconds"] = quantize(arg0 / 1000000);
}

END
{
	printf("\n%8s %12s  %6s %6s\n", "STALLS", "LONGEST/ms", "PID", "THREAD");
	printa("%@8d %@12d  %6d %6d\n", @stalls, @longest);
	printa(@milliseconds);
}
