#!/usr/bin/env -S nodeobs trace -s
/*
 * downstream-by-host: whom the process calls, and who is slow or fails.
 *
 * Calls made with http, https and fetch, by the host that they go to: how many, how many failed
 * (5xx, or no whole response), the mean time until the response began, the mean and the longest
 * time until it was there. At the end, and at intervals where they are given, the busiest host
 * last; at the end with the distribution of each host's.
 *
 * Arguments: seconds between tables [none: only at the end]
 * Example: nodeobs trace -p api -s downstream-by-host 10
 */
#pragma D option quiet
#pragma D option defaultargs

/* arg5 status (0: none), arg6 latency in ns, arg9 until the head, arg12 host, arg14 aborted */
node*:::http-client-response
/arg6 >= 0/
{
	this->host = strlen(copyinstr(arg12)) ? copyinstr(arg12) : copyinstr(arg1);
	@calls[this->host] = count();
	@failed[this->host] = sum(arg14 || arg5 >= 500);
	@mean[this->host] = avg(arg6 / 1000);
	@longest[this->host] = max(arg6 / 1000);
	@milliseconds[this->host] = quantize(arg6 / 1000000);
}

node*:::http-client-response
/arg9 >= 0/
{
	this->host = strlen(copyinstr(arg12)) ? copyinstr(arg12) : copyinstr(arg1);
	@head[this->host] = avg(arg9 / 1000);
}

tick-1s
/$1 > 0 && ++seconds % ($1 > 0 ? $1 : 1) == 0/
{
	printf("\n%Y\n%8s %8s %12s %12s %12s  %s\n", walltimestamp, "CALLS", "FAILED", "HEAD/us",
	    "MEAN/us", "LONGEST/us", "HOST");
	printa("%@8d %@8d %@12d %@12d %@12d  %s\n", @calls, @failed, @head, @mean, @longest);
}

END
{
	printf("\n%8s %8s %12s %12s %12s  %s\n", "CALLS", "FAILED", "HEAD/us", "MEAN/us",
	    "LONGEST/us", "HOST");
	printa("%@8d %@8d %@12d %@12d %@12d  %s\n", @calls, @failed, @head, @mean, @longest);
	printf("\nmilliseconds:\n");
	printa(@milliseconds);
}
