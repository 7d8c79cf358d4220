// biome-ignore-all lint/suspicious/noExplicitAny: fields and messages are anything
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';

/** A level's name in any case, or an integer from 0. */
export type LevelLike = string | number;

/** Turns the value of a field into what is logged. */
export type Serializer = (value: any) => unknown;
export type Serializers = Record<string, Serializer>;

/** What a logger writes to. Other keys are kept as they are. */
export interface StreamSpec {
  /** Inferred from `stream` or `path` where it is absent. */
  type?: 'stream' | 'file' | 'rotating-file' | 'raw';
  /** Default: info, or the `level` option of the logger. */
  level?: LevelLike;
  /** For `log.levels(name)`. */
  name?: string;
  /** Type stream: gets lines. Type raw: gets {@link LogRecord} objects. */
  stream?: { write(chunk: any): unknown };
  /** Types file and rotating-file: appended to. */
  path?: string;
  /**
   * Of files. True, the default: a record is with the kernel when the log method returns. False: a
   * millisecond later, or when the process exits.
   */
  sync?: boolean;
  /** Type rotating-file: `12h`, `1d`, `weekly`, …; default 1d, or with `size` never. */
  period?: string;
  /** Type rotating-file: how many old files are kept, default 10. */
  count?: number;
  /** Type rotating-file: the size from which on it is rotated, in bytes or as in `10m`. */
  size?: number | string;
  /** Type rotating-file: what all the old files together may have. */
  totalSize?: number | string;
  /** Type rotating-file: whether old files but the latest are compressed. */
  gzip?: boolean;
  closeOnExit?: boolean;
  /** Whether errors of the stream become 'error' events of the logger. Type file: true. */
  reemitErrorEvents?: boolean;
  [key: string]: unknown;
}

/** A record as raw streams get it. */
export interface LogRecord {
  name: string;
  hostname: string;
  pid: number;
  level: number;
  msg: string;
  time: Date;
  v: number;
  src?: { file: string; line: number; func?: string };
  [field: string]: any;
}

export interface ChildOptions {
  /** Of all streams. */
  level?: LevelLike;
  /** One stream; not together with `streams`. */
  stream?: { write(line: string): unknown };
  streams?: StreamSpec[];
  serializers?: Serializers;
  /** Records tell where they were logged. Slow. */
  src?: boolean;
  /** What nobody is to see of the fields; a child's own is added to its parent's. */
  redact?: string[] | RedactOptions;
  /** Gives fields for every record: an AsyncLocalStorage of them, or a function. */
  context?: AsyncLocalStorage<any> | (() => Record<string, any> | undefined);
  /** Everything else is a field of every record. */
  [field: string]: any;
}

export interface LoggerOptions extends ChildOptions {
  name: string;
  /**
   * What the flight recorder keeps of the loggers of this name. Default: what is logged anyway;
   * true: every level; false: nothing.
   */
  recorder?: boolean | RecorderOptions;
}

export interface RedactOptions {
  /** Such as `password`, `req.headers["x-key"]`, `users[*].token`, `*.secret`. */
  paths: string[];
  /** What is shown instead, or a function that makes it of the value. Default: `[Redacted]`. */
  censor?: unknown;
  /** Whether the keys go, too. */
  remove?: boolean;
}

export interface RecorderOptions {
  /** Records from this level on are kept, whether they are logged or not. Default: trace. */
  level?: LevelLike;
  /** How many records this thread keeps, of all names. Default: 1,000. */
  records?: number;
  /** And how many bytes of them, about. Default: 1 MiB. */
  bytes?: number;
  /** File that gets them when the process dies of an exception; `%p` in it is the pid. */
  onCrash?: string;
}

export interface LogMethod {
  /** Whether a record of this level would go anywhere now, to an observer included. */
  (): boolean;
  /** Fields or an Error, then a message by the rules of util.format. */
  (fields: object | null, ...message: any[]): void;
  /** A message by the rules of util.format. */
  (message: any, ...params: any[]): void;
}

export declare class Logger extends EventEmitter {
  constructor(options: LoggerOptions);
  trace: LogMethod;
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  fatal: LogMethod;
  /** Fields of every record. */
  fields: Record<string, any>;
  streams: (StreamSpec & { type: string; level: number; stream: any; raw: boolean })[];
  serializers: Serializers | null;
  src: boolean;
  /**
   * A logger with more fields.
   * @param simple the options are only fields, which no serializer has to see; streams and levels
   *   are the parent's, and stay so
   */
  child(options?: ChildOptions, simple?: boolean): this;
  /**
   * Calls a function. What it logs, and whatever it starts, with whichever logger, has the fields.
   */
  with<R, A extends any[]>(fields: Record<string, any>, run: (...args: A) => R, ...args: A): R;
  addStream(spec: StreamSpec, defaultLevel?: LevelLike | null): void;
  addSerializers(serializers: Serializers): void;
  /** Goes on in new files, for log rotation that moves the old ones away. */
  reopenFileStreams(): void;
  /** The lowest level of the streams. */
  level(): number;
  /** Sets the level of all streams. */
  level(value: LevelLike): void;
  /** The levels of all streams. */
  levels(): number[];
  /** The level of one stream. */
  levels(nameOrIndex: string | number): number;
  levels(nameOrIndex: string | number, value: LevelLike): void;
}

/** Keeps the latest records in memory; for streams of type raw. */
export declare class RingBuffer extends EventEmitter {
  constructor(options?: { /** Default 100. */ limit?: number });
  readonly limit: number;
  writable: boolean;
  /** Oldest first. */
  records: any[];
  write(record: unknown): true;
  end(record?: unknown): void;
  destroy(): void;
  destroySoon(): void;
}

/** What a stream of type file writes to. What cannot be written waits in memory. */
export interface FileStream extends EventEmitter {
  readonly path: string;
  /** To the present file, by this process. */
  readonly bytesWritten: number;
  readonly destroyed: boolean;
  /** False while lines wait because of an error. */
  write(line: string): boolean;
  /** Writes what waits; true when nothing does any more. */
  flush(): boolean;
  /** Goes on in a new file of the path. */
  reopen(): boolean;
  end(...args: any[]): this;
  destroy(error?: Error): this;
  destroySoon(): this;
}

/** What a stream of type rotating-file writes to. */
export interface RotatingFileStream extends FileStream {
  readonly count: number;
  /** When the next rotation is due, in ms since 1970; undefined: never by time. */
  readonly rotAt?: number;
  /** Rotates now. */
  rotate(): void;
}

/** @throws {TypeError} what is wrong with the options */
export declare function createLogger(options: LoggerOptions): Logger;

/**
 * Shows the records of a logger of pino or winston, or of `console`, to observers, below its level
 * too; with 'pino' what all of pino's loggers log. Its own output stays as it is.
 * @param options.name that observers see; default: the logger's own
 * @param options.recorder as of createLogger; default: nothing is kept
 * @returns what undoes it
 * @throws {TypeError} it is none of them
 */
export declare function adopt(
  target: object | 'pino',
  options?: { name?: string; recorder?: boolean | RecorderOptions },
): () => void;

/** @throws {Error} no such level */
export declare function resolveLevel(nameOrNumber: LevelLike): number;

export declare const stdSerializers: {
  req: (req: any) => any;
  res: (res: any) => any;
  err: (err: any) => any;
};
export declare const levelFromName: Record<string, number>;
export declare const nameFromLevel: Record<number, string>;
export declare const TRACE: number;
export declare const DEBUG: number;
export declare const INFO: number;
export declare const WARN: number;
export declare const ERROR: number;
export declare const FATAL: number;
/** The `v` of every record. */
export declare const LOG_VERSION: number;
