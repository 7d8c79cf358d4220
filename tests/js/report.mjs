// The reporter of `make test`: one line per file, then what failed or was skipped, and why.

import { relative } from 'node:path';
import { inspect } from 'node:util';

/** @param {AsyncIterable<{type: string, data: any}>} events */
export default async function* report(events) {
  const files = new Map();
  const notes = [];
  let total = { passed: 0, failed: 0, skipped: 0 };
  const count = (data, outcome) => {
    const name = data.file ? relative(process.cwd(), data.file) : data.name;
    if (!files.has(name)) files.set(name, { passed: 0, failed: 0, skipped: 0 });
    files.get(name)[outcome] += 1;
  };

  for await (const { type, data } of events) {
    if (type === 'test:pass') {
      if (data.details?.type === 'suite') continue;
      const reason = data.skip ?? data.todo;
      count(data, reason === undefined ? 'passed' : 'skipped');
      if (reason !== undefined) notes.push(`skipped  ${data.name}: ${reason}`);
    } else if (type === 'test:fail') {
      // A parent fails because of its children, which have said why.
      const error = data.details?.error;
      if (error?.failureType === 'subtestsFailed') continue;
      count(data, 'failed');
      const where = data.file ? `${relative(process.cwd(), data.file)}:${data.line}` : '';
      notes.push(`FAILED   ${data.name} (${where})\n${inspect(error?.cause ?? error)}\n`);
    } else if (type === 'test:stderr' || type === 'test:stdout') {
      yield data.message;
    }
  }

  for (const [name, counts] of files) {
    yield `${name.padEnd(48)} ${words(counts)}\n`;
    total = Object.fromEntries(Object.keys(total).map((key) => [key, total[key] + counts[key]]));
  }
  if (notes.length) yield `\n${notes.join('\n')}\n`;
  yield `\n${words(total)}\n`;
}

function words(counts) {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'no tests';
}
