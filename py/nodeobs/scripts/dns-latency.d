#!/usr/bin/env -S nodeobs trace -s
/*
 * dns-latency: how long names take to be looked up, by host.
 *
 * Prints every lookup that failed or took at least so many milliseconds; at the end, for each host,
 * how many lookups there were, how many of them failed, the average and the longest, and a picture
 * of all. Lookups are those of dns.lookup, which http, net and fetch use; they wait for one of the
 * four threads that files are read with, too.
 *
 * Arguments: milliseconds [100]
 * Example: nodeobs trace -p api -s dns-latency 20
 */
#pragma D option quiet
#pragma D option defaultargs

inline int limit = ($1 > 0 ? $1 : 100);

BEGIN
{
	printf("Lookups that fail or take %d ms and longer; Ctrl-C ends it.\n", limit);
	printf("%-20s %6s %12s  %s\n", "TIME", "PID", "LATENCY", "HOST");
}

/* arg0 host, arg1 latency in ns, arg2 error, arg3 addresses */
node*:::dns-lookup
{
	this->failed = copyinstr(arg2) != "";
	@lookups[copyinstr(arg0)] = count();
	@failed[copyinstr(arg0)] = sum(this->failed);
	@mean[copyinstr(arg0)] = avg(arg1 / 1000);
	@longest[copyinstr(arg0)] = max(arg1 / 1000);
	@microseconds["microseconds"] = quantize(arg1 / 1000);
}

node*:::dns-lookup
/this->failed || arg1 >= limit * 1000000/
{
	printf("%Y %6d %5d.%03d ms  %s: %s\n", walltimestamp, pid, arg1 / 1000000,
	    arg1 % 1000000 / 1000, copyinstr(arg0),
	    this->failed ? copyinstr(arg2) : copyinstr(arg3));
}

END
{
	printf("\n%8s %8s %12s %12s  %s\n", "LOOKUPS", "FAILED", "MEAN/us", "LONGEST/us", "HOST");
	printa("%@8d %@8d %@12d %@12d  %s\n", @lookups, @failed, @mean, @longest);
	printa(@microseconds);
}
