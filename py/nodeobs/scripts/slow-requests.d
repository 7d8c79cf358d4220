#!/usr/bin/env -S nodeobs trace -s
/*
 * slow-requests: which requests take longer than they should.
 *
 * Prints every request that took at least so many milliseconds when it has been answered or
 * aborted; at the end how many there were by method and route, with the longest and a picture.
 *
 * Arguments: milliseconds [100]
 * Example: nodeobs trace -p api -s slow-requests 250
 */
#pragma D option quiet
#pragma D option defaultargs
#pragma D option strsize=1k

inline int limit = ($1 > 0 ? $1 : 100);

BEGIN
{
	printf("Requests that take %d ms and longer; Ctrl-C ends it.\n", limit);
	printf("%-20s %6s %12s %6s %-7s %s\n", "TIME", "PID", "LATENCY", "STATUS", "METHOD", "URL");
}

/* arg5 status, arg6 latency in ns, arg7 method, arg8 url, arg9 route, arg14 aborted */
node*:::http-server-response
/arg6 >= limit * 1000000/
{
	this->route = strlen(copyinstr(arg9)) ? copyinstr(arg9) : strtok(copyinstr(arg8), "?");
	printf("%Y %6d %6d.%03d ms %6s %-7s %s\n", walltimestamp, pid, arg6 / 1000000,
	    arg6 % 1000000 / 1000, arg14 ? "-" : lltostr(arg5), copyinstr(arg7), copyinstr(arg8));
	@count[copyinstr(arg7), this->route] = count();
	@longest[copyinstr(arg7), this->route] = max(arg6 / 1000000);
	@distribution["milliseconds"] = quantize(arg6 / 1000000);
}

END
{
	printf("\n%8s %12s  %-7s %s\n", "COUNT", "LONGEST/ms", "METHOD", "ROUTE");
	printa("%@8d %@12d  %-7s %s\n", @count, @longest);
	printa(@distribution);
}
