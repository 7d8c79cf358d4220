#!/usr/bin/env -S nodeobs trace -s
/*
 * outlier-requests: which requests take much longer than usual for their route.
 *
 * A fixed limit finds what is always slow. This one learns, in each thread, what a route usually
 * takes (a mean in which the last 16 requests count most), and prints every request that took so
 * many times as long, once it has seen 16 of the route; at the end how many there were by route.
 * Requests of less than a millisecond are never printed.
 *
 * Arguments: times the usual latency [4]
 * Example: nodeobs trace -p api -s outlier-requests 10
 */
#pragma D option quiet
#pragma D option defaultargs
#pragma D option strsize=1k

inline int factor = ($1 > 0 ? $1 : 4);

BEGIN
{
	printf("Requests that take %d times as long as usual; Ctrl-C ends it.\n", factor);
	printf("%-20s %6s %12s %12s %6s %-7s %s\n", "TIME", "PID", "USUALLY", "LATENCY", "STATUS",
	    "METHOD", "URL");
}

/* arg5 status, arg6 latency in ns, arg7 method, arg8 url, arg9 route, arg14 aborted */
node*:::http-server-response
/arg6 >= 0/
{
	this->route = strlen(copyinstr(arg9)) ? copyinstr(arg9) : strtok(copyinstr(arg8), "?");
	this->usual = usual[copyinstr(arg7), this->route];
	this->seen = ++seen[copyinstr(arg7), this->route];
	this->outlier = this->seen > 16 && arg6 >= 1000000 && arg6 >= this->usual * factor;
	/* An outlier says little of what is usual, but if it stays so, it is. */
	this->part = this->outlier ? 64 : this->seen < 16 ? this->seen : 16;
	usual[copyinstr(arg7), this->route] = this->usual + (arg6 - this->usual) / this->part;
	@requests[copyinstr(arg7), this->route] = count();
	@outliers[copyinstr(arg7), this->route] = sum(this->outlier);
}

node*:::http-server-response
/this->outlier/
{
	printf("%Y %6d %6d.%03d ms %6d.%03d ms %6s %-7s %s\n", walltimestamp, pid,
	    this->usual / 1000000, this->usual % 1000000 / 1000, arg6 / 1000000,
	    arg6 % 1000000 / 1000, arg14 ? "-" : lltostr(arg5), copyinstr(arg7), copyinstr(arg8));
}

END
{
	printf("\n%9s %9s  %-7s %s\n", "REQUESTS", "OUTLIERS", "METHOD", "ROUTE");
	printa("%@9d %@9d  %-7s %s\n", @requests, @outliers);
}
