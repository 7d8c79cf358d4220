// biome-ignore-all lint/suspicious/noExplicitAny: fields and messages are anything
import type { EventEmitter } from 'node:events';

/** A level's name in any case, or an integer from 0. */
export type LevelLike = string | number;

/** Turns the value of a field into what is logged. */
export type Serializer = (value: any) => unknown;
export type Serializers = Record<string, Serializer>;

/** What a logger writes to. Other keys are kept as they are. */
export interface StreamSpec {
  /** Inferred from `stream` or `path` where it is absent. */
  type?: 'stream' | 'file' | 'raw';
  /** Default: info, or the `level` option of the logger. */
  level?: LevelLike;
  /** For `log.levels(name)`. */
  name?: string;
  /** Type stream: gets lines. Type raw: gets {@link LogRecord} objects. */
  stream?: { write(chunk: any): unknown };
  /** Type file: appended to. */
  path?: string;
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
  /** Everything else is a field of every record. */
  [field: string]: any;
}

export interface LoggerOptions extends ChildOptions {
  name: string;
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

/** @throws {TypeError} what is wrong with the options */
export declare function createLogger(options: LoggerOptions): Logger;

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
