import * as log from './index';

/** bunyan's exports: the class Logger itself, and these. */
declare class Logger extends log.Logger {}
declare namespace Logger {
  export import createLogger = log.createLogger;
  export import resolveLevel = log.resolveLevel;
  export import stdSerializers = log.stdSerializers;
  export import levelFromName = log.levelFromName;
  export import nameFromLevel = log.nameFromLevel;
  export import RingBuffer = log.RingBuffer;
  export import TRACE = log.TRACE;
  export import DEBUG = log.DEBUG;
  export import INFO = log.INFO;
  export import WARN = log.WARN;
  export import ERROR = log.ERROR;
  export import FATAL = log.FATAL;
  export import LOG_VERSION = log.LOG_VERSION;
  /** Several processes may have the same path. */
  const RotatingFileStream: new (
    options: { path: string; mode?: number } & Pick<
      log.StreamSpec,
      'period' | 'count' | 'size' | 'totalSize' | 'gzip' | 'sync'
    >,
  ) => log.RotatingFileStream;
  /** The version of bunyan whose API this is. */
  const VERSION: string;
  /** A replacer for JSON.stringify: '[Circular]' for every object that was met before. */
  function safeCycles(): (key: string, value: unknown) => unknown;
  type LoggerOptions = log.LoggerOptions;
  type LogLevel = log.LevelLike;
  type Serializer = log.Serializer;
  type Serializers = log.Serializers;
  type Stream = log.StreamSpec;
}
export = Logger;
