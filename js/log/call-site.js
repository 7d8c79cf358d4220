'use strict';
// Where a log method was called, for loggers made with `src: true`.

/**
 * @param {Function} method the log method: the caller is the frame below it
 * @returns {{file: string, line: number, func?: string} | undefined}
 */
function callSite(method) {
  const { stackTraceLimit, prepareStackTrace } = Error;
  /** @type {{stack?: NodeJS.CallSite[] | string}} */
  const trace = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_error, frames) => frames;
    Error.captureStackTrace(trace, method);
    const frame = trace.stack?.[0]; // made here, while prepareStackTrace is ours
    if (typeof frame !== 'object') return undefined;
    return located(frame);
  } catch {
    return undefined; // frozen intrinsics
  } finally {
    restore(stackTraceLimit, prepareStackTrace);
  }
}

/** @param {NodeJS.CallSite} frame */
function located(frame) {
  const name = frame.getFileName() ?? '';
  const file = name.startsWith('file:') ? require('node:url').fileURLToPath(name) : name; // ESM
  const line = frame.getLineNumber() ?? 0;
  const func = frame.getFunctionName();
  return func ? { file, line, func } : { file, line };
}

/** @param {number} limit @param {typeof Error.prepareStackTrace} prepare */
function restore(limit, prepare) {
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  } catch {
    // Then they were not changed either.
  }
}

module.exports = { callSite };
