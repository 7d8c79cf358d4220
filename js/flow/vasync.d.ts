// biome-ignore-all lint/suspicious/noExplicitAny: callbacks and their values are whatever they are
// Types of nodeobs/vasync.

import type { EventEmitter } from 'node:events';

export type Callback<R = any> = (err?: any, result?: R) => void;

/** What nodeobs adds to the arguments of every flow. */
export interface FlowOptions {
  /** What operators know the flow by; default: the caller's name, or those of its functions. */
  label?: string;
  /** Cancels it: what has not begun does not begin, and the callback gets the AbortError. */
  signal?: AbortSignal;
}

export interface Operation<R = any> {
  func: (...args: any[]) => any;
  /** `(anon)` where it has no name. */
  funcname: string;
  status: 'waiting' | 'pending' | 'ok' | 'fail';
  err?: any;
  /** Of waterfall and tryEach: `results`. */
  result?: R;
  results?: any[];
}

/** Changes while the flow goes on. */
export interface Result<R = any> {
  operations: Operation<R>[];
  successes: R[];
  ndone: number;
  nerrors: number;
}

/** What a call without a callback returns: the same object, and it can be awaited. */
export type Awaitable<T, V> = T & Promise<V>;

/** Takes a callback, or (declaring none) returns a promise. */
export type Operator<R = any> = ((callback: Callback<R>) => any) | (() => PromiseLike<R>);
export type PipelineOperator<A = any> =
  | ((arg: A, callback: Callback) => any)
  | ((arg: A) => PromiseLike<any>);

export interface ParallelArguments<R = any> extends FlowOptions {
  funcs: readonly Operator<R>[];
}
export function parallel<R = any>(
  args: ParallelArguments<R>,
  callback: (err: any, result: Result<R>) => void,
): Result<R>;
export function parallel<R = any>(args: ParallelArguments<R>): Awaitable<Result<R>, Result<R>>;

export interface ForEachArguments<T = any> extends FlowOptions {
  func: ((input: T, callback: Callback) => any) | ((input: T) => PromiseLike<any>);
  inputs: readonly T[];
}
export function forEachParallel<T = any>(
  args: ForEachArguments<T>,
  callback: (err: any, result: Result) => void,
): Result;
export function forEachParallel<T = any>(args: ForEachArguments<T>): Awaitable<Result, Result>;
export function forEachPipeline<T = any>(
  args: ForEachArguments<T>,
  callback: (err: any, result: Result) => void,
): Result;
export function forEachPipeline<T = any>(args: ForEachArguments<T>): Awaitable<Result, Result>;

export interface PipelineArguments<A = any> extends FlowOptions {
  funcs: readonly PipelineOperator<A>[];
  arg?: A;
}
export function pipeline<A = any>(
  args: PipelineArguments<A>,
  callback: (err: any, result: Result) => void,
): Result;
export function pipeline<A = any>(args: PipelineArguments<A>): Awaitable<Result, Result>;

/** `await` gives the one value that the last function gave, or an array of several. */
export function waterfall(
  funcs: readonly ((...args: any[]) => any)[],
  callback: (err: any, ...values: any[]) => void,
  options?: FlowOptions,
): Result;
export function waterfall(
  funcs: readonly ((...args: any[]) => any)[],
  options?: FlowOptions,
): Awaitable<Result, any>;

export function tryEach(
  funcs: readonly ((...args: any[]) => any)[],
  callback: (err: any, value?: any) => void,
  options?: FlowOptions,
): Result;
export function tryEach(
  funcs: readonly ((...args: any[]) => any)[],
  options?: FlowOptions,
): Awaitable<Result, any>;

export interface WhilstResult {
  finished: boolean;
  iterations: number;
}
export function whilst(
  test: () => any,
  iterate: (callback: (err?: any, ...values: any[]) => void) => any,
  callback: (err?: any, ...values: any[]) => void,
  options?: FlowOptions,
): WhilstResult;
export function whilst(
  test: () => any,
  iterate: (callback: (err?: any, ...values: any[]) => void) => any,
  options?: FlowOptions,
): Awaitable<WhilstResult, any>;

export type Predicate<T> =
  | ((element: T, callback: (err?: any, answer?: any) => void) => any)
  | ((element: T) => PromiseLike<any>);
export function filter<T>(
  inputs: readonly T[],
  func: Predicate<T>,
  callback: (err: any, chosen?: T[]) => void,
  options?: FlowOptions,
): WorkQueue;
export function filter<T>(
  inputs: readonly T[],
  func: Predicate<T>,
  options?: FlowOptions,
): Awaitable<WorkQueue, T[]>;
export function filterSeries<T>(
  inputs: readonly T[],
  func: Predicate<T>,
  callback: (err: any, chosen?: T[]) => void,
  options?: FlowOptions,
): WorkQueue;
export function filterSeries<T>(
  inputs: readonly T[],
  func: Predicate<T>,
  options?: FlowOptions,
): Awaitable<WorkQueue, T[]>;
export function filterLimit<T>(
  inputs: readonly T[],
  limit: number,
  func: Predicate<T>,
  callback: (err: any, chosen?: T[]) => void,
  options?: FlowOptions,
): WorkQueue;
export function filterLimit<T>(
  inputs: readonly T[],
  limit: number,
  func: Predicate<T>,
  options?: FlowOptions,
): Awaitable<WorkQueue, T[]>;

export interface QueueEntry<T = any> {
  id: number;
  task: T;
  callback?: (...values: any[]) => void;
}

/** Events: `saturated`, `empty`, `drain`, `end`. */
export interface WorkQueue<T = any> extends EventEmitter {
  nextid: number;
  worker: (...args: any[]) => any;
  worker_name: string;
  npending: number;
  pending: { [id: string]: QueueEntry<T> };
  queued: QueueEntry<T>[];
  closed: boolean;
  ended: boolean;
  killed?: true;
  concurrency: number;
  saturated?: () => void;
  empty?: () => void;
  drain?: () => void;
  push(task: T, callback?: (...values: any[]) => void): number;
  push(tasks: readonly T[], callback?: (...values: any[]) => void): number[];
  length(): number;
  updateConcurrency(concurrency: number): void;
  close(): void;
  kill(): void;
}
export type Worker<T = any> =
  | ((task: T, callback: (...values: any[]) => void) => any)
  | ((task: T) => PromiseLike<any>);
/** @param label what operators know it by; default: the worker's name */
export function queue<T = any>(
  worker: Worker<T>,
  concurrency: number,
  label?: string,
): WorkQueue<T>;
/** `signal` kills it. */
export function queuev<T = any>(
  args: { worker: Worker<T>; concurrency: number } & FlowOptions,
): WorkQueue<T>;

/** Event: `drain`. */
export interface Barrier extends EventEmitter {
  /** When they began: ms since 1970. */
  pending: { [name: string]: number };
  recent: { name: string; start: number; done: number }[];
  nrecent: number;
  scheduled: boolean;
  start(name: string): void;
  done(name: string): void;
}
export function barrier(args?: { nrecent?: number; label?: string }): Barrier;

/** The stack of every callback's first call is kept, for the report of a second one. */
export let trace: boolean;
