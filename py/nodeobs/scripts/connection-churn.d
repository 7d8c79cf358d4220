#!/usr/bin/env -S nodeobs trace -s
/*
 * connection-churn: whether clients keep connections or open one a request.
 *
 * By the client's address: connections opened, and requests. At the end also how long the
 * connections that were closed meanwhile had lived, and how many requests came on each of them,
 * as far as they began while this was running. A connection that was destroyed rather than closed
 * is in neither picture.
 *
 * Arguments: seconds between tables [none: only at the end]
 * Example: nodeobs trace -p api -s connection-churn 10
 */
#pragma D option quiet
#pragma D option defaultargs

/* arg1 address, arg2 port, arg3 descriptor, of which each open connection has another */
node*:::net-server-connection
{
	@connections[inet_ntop(2, copyinstr(arg1))] = count();
	opened[arg3] = timestamp;
	port[arg3] = arg2;
	carried[arg3] = 0;
}

/* arg2 address, arg6 descriptor */
node*:::http-server-request
{
	@requests[inet_ntop(2, copyinstr(arg2))] = count();
	carried[arg6]++;
}

node*:::net-stream-end
/opened[arg3] && port[arg3] == arg2/
{
	@lived["milliseconds that a connection lived"] = quantize((timestamp - opened[arg3]) / 1000000);
	@carried["requests on a connection"] = quantize(carried[arg3]);
	opened[arg3] = 0;
	port[arg3] = 0;
	carried[arg3] = 0;
}

tick-1s
/$1 > 0 && ++seconds % ($1 > 0 ? $1 : 1) == 0/
{
	printf("\n%Y\n%12s %10s  %s\n", walltimestamp, "CONNECTIONS", "REQUESTS", "CLIENT");
	printa("%@12d %@10d  %s\n", @connections, @requests);
}

END
{
	printf("\n%12s %10s  %s\n", "CONNECTIONS", "REQUESTS", "CLIENT");
	printa("%@12d %@10d  %s\n", @connections, @requests);
	printa(@carried);
	printa(@lived);
}
