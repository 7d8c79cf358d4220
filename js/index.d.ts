// biome-ignore-all lint/suspicious/noExplicitAny: objects and probes are whatever they are
// Types of the npm package nodeobs.

import type * as flow from './flow/vasync';

export * from './log/index';

/**
 * `int`: 64 bits, signed, as are the others as they say; `char *`: a string; `json`: anything that
 * JSON can hold; `double`: a number, of which kernel tracers see the text.
 */
export type ProbeType =
  | 'int'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'double'
  | 'char *'
  | 'json'
  | (string & {});

export interface Probe {
  readonly name: string;
  readonly types: string[];
  /** How often it fired: only while somebody listened. */
  readonly fired: number;
  /** Callbacks that threw or gave no array, and arguments that could not be converted. */
  readonly errors: number;
  /**
   * Fires the probe if somebody listens; else the callback does not run.
   * @param callback makes the arguments; runs once however many listen
   * @param args handed to the callback, so that it need not be a new closure
   * @returns true when it fired
   * @throws TypeError when `callback` is not a function; nothing that it does is thrown
   */
  fire<A extends unknown[]>(
    callback: (this: Probe, ...args: A) => unknown[],
    ...args: A
  ): true | undefined;
}

export interface Provider {
  readonly name: string;
  readonly module: string;
  readonly enabled: boolean;
  /** Declares a probe with at most 32 arguments; it is also there as `provider[name]`. */
  addProbe(name: string, ...types: ProbeType[]): Probe;
  removeProbe(probe: Probe): true;
  /** Lets observers see the probes. */
  enable(): void;
  /** Hides them; `enable` brings them back. */
  disable(): void;
  /** Fires a probe by name; true when there is such a probe, fired or not. */
  fire<A extends unknown[]>(
    name: string,
    callback: (this: Probe, ...args: A) => unknown[],
    ...args: A
  ): true | undefined;
  [probe: string]: any;
}

/** A set of probes. Without `module`, one that no other provider of the thread has. */
export function createProvider(name: string, module?: string): Provider;
export function createDTraceProvider(name: string, module?: string): Provider;
/** The classes under dtrace-provider's names. */
export const DTraceProvider: { new (name: string, module?: string): Provider };
export const DTraceProbe: { prototype: Probe };

export interface KangCallbacks {
  list_types(): string[];
  list_objects(type: string): string[];
  get(type: string, id: string): unknown;
  schema?(type: string): { summaryFields?: string[] };
  stats?(): object;
}

/** How one type of objects is shown. */
export interface TypeOptions<T = any> {
  /** Keys of what is shown, for a table. */
  fields?: readonly string[];
  /** What is shown of an object; default: its own data properties, no getter of which runs. */
  inspect?: (object: T) => unknown;
}

/** One type whose objects the application lists itself, asked only while somebody looks. */
export interface TypeCallbacks {
  /** The ids. */
  list(): Iterable<string | number>;
  /** What is shown of one; undefined where there is none. */
  get(id: string): unknown;
  schema?: { summaryFields?: readonly string[] } | (() => { summaryFields?: readonly string[] });
}

/**
 * What observers can look at. Names are the application's: where nodeobs has a type of the same
 * name, such as `queue`, that one is then called `nodeobs.queue`.
 */
export interface Registry {
  /** Names a type: what is shown of its objects, and which keys of that in a table. */
  define<T = any>(type: string, options?: TypeOptions<T>): void;
  /** Makes an object visible until it is removed or collected; returns its id. */
  add(type: string, object: unknown, id?: string | number): string;
  /** Whether it was there. */
  remove(type: string, id: string | number): boolean;
  /**
   * Shows a type through callbacks, or a live view of a Map (its keys are the ids), a Set or an
   * array, which is held weakly. Replaces what was registered before; the returned function takes
   * it back.
   * @throws TypeError (ERR_NODEOBS_ARGUMENT) where objects of the type were added or it is defined
   */
  register(type: string, callbacks: TypeCallbacks): () => void;
  register<T = any>(
    type: string,
    collection: Map<any, T> | Set<T> | readonly T[],
    options?: TypeOptions<T>,
  ): () => void;
  /** Offers state through kang's callbacks; the returned function takes them back. */
  provide(callbacks: KangCallbacks): () => void;
}

export const registry: Registry;

/** vasync's functions, loaded at their first use; the same as `nodeobs/vasync`. */
export const vasync: typeof flow;

export interface AgentStatus {
  state: 'on' | 'off' | 'starting';
  /** Why it is off. */
  reason: string | null;
  /** What to do about it. */
  hint: string | null;
  /** Path of the socket. */
  endpoint: string | null;
  version: string;
  protocol: number;
  /** Observers connected now. */
  peers: number;
  /** Whether kernel tracers (bpftrace, perf, …) can see the probes. */
  kernel: { state: 'on' | 'off'; reason: string | null; hint: string | null };
}

export const agent: {
  status(): AgentStatus;
  /** Closes this thread's endpoint for good. */
  stop(): void;
};
