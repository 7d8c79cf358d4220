#!/usr/bin/env -S nodeobs trace -s
/*
 * error-rates: which routes fail, and how often.
 *
 * Prints a table at intervals: requests by method and route, how many of them had a status of 4xx
 * and of 5xx, how many were aborted, and how many of a thousand failed (5xx or aborted). The worst
 * is last.
 *
 * Arguments: seconds between tables [10]
 * Example: nodeobs trace -p '*' -s error-rates 60
 */
#pragma D option quiet
#pragma D option defaultargs
#pragma D option aggsortpos=4

inline int period = ($1 > 0 ? $1 : 10);

/* arg5 status (0: aborted), arg7 method, arg8 url, arg9 route, arg14 aborted */
node*:::http-server-response
{
	this->route = strlen(copyinstr(arg9)) ? copyinstr(arg9) :
	    arg5 == 404 ? "(not found)" : strtok(copyinstr(arg8), "?");
	@requests[copyinstr(arg7), this->route] = count();
	@refused[copyinstr(arg7), this->route] = sum(arg5 >= 400 && arg5 < 500);
	@broken[copyinstr(arg7), this->route] = sum(arg5 >= 500);
	@aborted[copyinstr(arg7), this->route] = sum(arg14);
	@failing[copyinstr(arg7), this->route] = avg(arg5 >= 500 || arg14 ? 1000 : 0);
}

tick-1s
/++seconds % period == 0/
{
	printf("\n%Y\n%9s %7s %7s %8s %7s  %-7s %s\n", walltimestamp, "REQUESTS", "4xx", "5xx",
	    "ABORTED", "FAIL/1k", "METHOD", "ROUTE");
	printa("%@9d %@7d %@7d %@8d %@7d  %-7s %s\n", @requests, @refused, @broken, @aborted,
	    @failing);
	trunc(@requests);
	trunc(@refused);
	trunc(@broken);
	trunc(@aborted);
	trunc(@failing);
}

END
{
	printf("\n%9s %7s %7s %8s %7s  %-7s %s\n", "REQUESTS", "4xx", "5xx", "ABORTED", "FAIL/1k",
	    "METHOD", "ROUTE");
	printa("%@9d %@7d %@7d %@8d %@7d  %-7s %s\n", @requests, @refused, @broken, @aborted,
	    @failing);
}
