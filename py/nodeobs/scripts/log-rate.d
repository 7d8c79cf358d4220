#!/usr/bin/env -S nodeobs trace -s
/*
 * log-rate: which loggers write how much.
 *
 * Prints a table at intervals, and at the end one of all the time: records and bytes by logger
 * and level, from info up. The most bytes are last. Of a logger whose own level is above info the
 * records below it are counted as well, though it does not write them.
 *
 * Arguments: seconds between tables [10]
 * Example: nodeobs trace -p '*' -s log-rate 60
 */
#pragma D option quiet
#pragma D option defaultargs
#pragma D option aggsortpos=1

inline int period = ($1 > 0 ? $1 : 10);

/* arg0 the record as a line of JSON; probename is log-info, … */
bunyan*:::log-info, bunyan*:::log-warn, bunyan*:::log-error, bunyan*:::log-fatal
{
	this->name = json(copyinstr(arg0), "name");
	this->level = substr(probename, 4);
	@records[this->name, this->level] = count();
	@bytes[this->name, this->level] = sum(strlen(copyinstr(arg0)));
	@allrecords[this->name, this->level] = count();
	@allbytes[this->name, this->level] = sum(strlen(copyinstr(arg0)));
}

tick-1s
/++seconds % period == 0/
{
	printf("\n%Y\n%9s %12s  %-24s %s\n", walltimestamp, "RECORDS", "BYTES", "LOGGER", "LEVEL");
	printa("%@9d %@12d  %-24s %s\n", @records, @bytes);
	trunc(@records);
	trunc(@bytes);
}

END
{
	printf("\nin all\n%9s %12s  %-24s %s\n", "RECORDS", "BYTES", "LOGGER", "LEVEL");
	printa("%@9d %@12d  %-24s %s\n", @allrecords, @allbytes);
	trunc(@records);
	trunc(@bytes);
}
