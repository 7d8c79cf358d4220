// The same names for `import`; one agent serves both kinds of modules.
import nodeobs from './index.js';

export default nodeobs;
export const {
  adopt,
  agent,
  createDTraceProvider,
  createLogger,
  createProvider,
  registry,
  DEBUG,
  DTraceProbe,
  DTraceProvider,
  ERROR,
  FATAL,
  INFO,
  LOG_VERSION,
  Logger,
  RingBuffer,
  TRACE,
  WARN,
  levelFromName,
  nameFromLevel,
  resolveLevel,
  stdSerializers,
  vasync,
} = nodeobs;
