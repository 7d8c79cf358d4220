#!/usr/bin/env -S nodeobs trace -s
/*
 * handler-breakdown: which handlers and middleware the time of a route goes to.
 *
 * At the end, for each route and handler of express, fastify and restify: how many times it ran,
 * what that came to, on average and at most, in microseconds; the greatest sum is last. What runs
 * before a route is chosen stands under `*`. A handler has the request until it calls next(), or
 * is async and done; restify tells of its handlers with createServer({ dtrace: true }).
 *
 * Arguments: a text that names of routes and handlers are to have [none: all]
 * Example: nodeobs trace -p api -s handler-breakdown /orders
 */
#pragma D option quiet
#pragma D option defaultargs
#pragma D option aggsortpos=1
#pragma D option dynvarsize=8m
#pragma D option zdefs

BEGIN
{
	printf("Measuring handlers; Ctrl-C ends it.\n");
}

/* express and fastify: arg1 name, arg2 route, arg4 ns */
node*:::http-handler-done
/index(strjoin(copyinstr(arg2), copyinstr(arg1)), $$1) >= 0/
{
	this->route = copyinstr(arg2) == "" ? "*" : copyinstr(arg2);
	@runs[this->route, copyinstr(arg1)] = count();
	@total[this->route, copyinstr(arg1)] = sum(arg4 / 1000);
	@mean[this->route, copyinstr(arg1)] = avg(arg4 / 1000);
	@longest[this->route, copyinstr(arg1)] = max(arg4 / 1000);
}

/*
 * restify: its handler probes do not say the route, but the number of the request, which a
 * handler that never calls next() keeps for ever; so there are places for 2,048 requests.
 */
restify*:::route-start
{
	owner[arg2 % 2048] = arg2;
	route[arg2 % 2048] = copyinstr(arg1);
}

restify*:::handler-start
{
	this->place = arg3 % 2048;
	route[this->place] = owner[this->place] == arg3 ? stringof(route[this->place]) : "*";
	owner[this->place] = arg3;
	began[this->place, copyinstr(arg2)] = timestamp;
}

restify*:::handler-done
/owner[arg3 % 2048] == arg3 && began[arg3 % 2048, copyinstr(arg2)]/
{
	this->known = 1;
	this->place = arg3 % 2048;
	this->took = (timestamp - began[this->place, copyinstr(arg2)]) / 1000;
	began[this->place, copyinstr(arg2)] = 0;
}

restify*:::handler-done
/this->known && index(strjoin(route[this->place], copyinstr(arg2)), $$1) >= 0/
{
	@runs[stringof(route[this->place]), copyinstr(arg2)] = count();
	@total[stringof(route[this->place]), copyinstr(arg2)] = sum(this->took);
	@mean[stringof(route[this->place]), copyinstr(arg2)] = avg(this->took);
	@longest[stringof(route[this->place]), copyinstr(arg2)] = max(this->took);
}

END
{
	printf("\n%8s %12s %10s %10s  %-24s %s\n", "RUNS", "TOTAL/us", "MEAN/us", "MAX/us", "ROUTE",
	    "HANDLER");
	printa("%@8d %@12d %@10d %@10d  %-24s %s\n", @runs, @total, @mean, @longest);
}
