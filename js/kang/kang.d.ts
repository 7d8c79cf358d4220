// biome-ignore-all lint/suspicious/noExplicitAny: objects are whatever services report
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

type MaybeLater<T> = T | Promise<T>;

/** kang's options, all of them optional. */
export interface KangOptions {
  /** `/kang`. */
  uri_base?: string;
  /** The application's name in its package.json. */
  service_name?: string;
  /** The application's version. */
  version?: string;
  /** `HOST/PID`. */
  ident?: string;
  component?: string;
  /** This callback and the others: what this thread's registry has. */
  list_types?(): MaybeLater<string[]>;
  list_objects?(type: string): MaybeLater<string[]>;
  get?(type: string, id: string): unknown;
  stats?(): MaybeLater<object>;
  schema?(type: string): unknown;
  limits?: {
    /** Of one type: 10,000. */
    objects?: number;
    /** Of an answer: 32 MiB. */
    bytes?: number;
    /** That a callback may take to answer later: 2,000. */
    callback_ms?: number;
    /** That all of an answer may take: 5,000. */
    answer_ms?: number;
    /** That a client may take none of its answer: 10,000. */
    read_ms?: number;
  };
}

export interface KangServerOptions extends KangOptions {
  /** 80. */
  port?: number;
  /** 127.0.0.1. */
  host?: string;
  /** Whether the server keeps the process alive: false. */
  ref?: boolean;
}

export interface KangSource {
  protocol: 'http' | 'https';
  host: string;
  port: number;
  path: string;
}

export interface KangFetchArgs {
  sources: KangSource[];
  /** Times in milliseconds; what is not named here goes to node:http or node:https. */
  clientOptions?: {
    connectTimeout?: number;
    requestTimeout?: number;
    maxBytes?: number;
    userAgent?: string;
    headers?: Record<string, string>;
    [option: string]: any;
  };
}

export interface KangSnapshot {
  types(): string[];
  list(type: string): string[];
  /** One for each service that reports it. */
  lookup(type: string, id: string): Record<string, any>[];
  lookupFirst(type: string, id: string): Record<string, any> | undefined;
  queryParse(query: string): { type: string; id?: string };
  query(query: string): { fields: string[]; objects: Record<string, any>[] };
  fieldsFor(type: string, objects: Record<string, any>[]): string[];
  /** `type:id` of the objects that a value names. */
  links(value: unknown): string[];
}

export type KangHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: any) => void,
) => void;

export const knSourcesEnvVar: 'KANG_SOURCES';
/** `[http[s]://]host[:port][/uri]` */
export function knMakeSource(text: string): KangSource;
export function knParseSources(text: string): KangSource[];
export function knParseEnv(variable?: string): KangSource[];
/** Both are given where only some of the sources answered. */
export function knFetchAll(
  args: KangFetchArgs,
  callback: (error: Error | null, snapshot: KangSnapshot) => void,
): void;
export function knFetchSchema(
  args: KangFetchArgs,
  callback: (error: Error | null, schema?: { types: Record<string, any> }) => void,
): void;
export function knMergeSnapshots(snapshots: object[]): KangSnapshot;
/** For any server with Node's requests and responses. */
export function knHandler(args?: KangOptions): KangHandler;
export function knRestifyHandler(args?: KangOptions): KangHandler;
export function knStartServer(
  args?: KangServerOptions,
  callback?: (error: Error | null, server?: Server) => void,
): Server;
