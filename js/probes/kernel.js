'use strict';
// The native part, which makes probes visible to kernel tracers. It is optional: without it probes
// go over the bus alone, and `status` says why.

const fs = require('node:fs');
const path = require('node:path');
const { claimRuntimeDirectory } = require('../agent/endpoint');

const NATIVE = path.join(__dirname, '../../native');

/**
 * What native/addon/addon.c exports. Where something is wrong, the answer is a text that says what.
 * @typedef {object} Binding
 * @property {number} nop first byte of a probe's instruction while nobody traces it
 * @property {(name: string, directory: string | undefined) => object | string} provider without a
 *   directory in a memfd
 * @property {(provider: object, name: string, kinds: number[]) => number | string} probe
 * @property {(provider: object) => string | undefined} load
 * @property {(id: number) => ArrayBuffer | undefined} code
 * @property {(id: number) => boolean} enabled
 * @property {(id: number) => Place | undefined} place
 * @property {(id: number, ...values: any[]) => void} fire
 */

/**
 * Where a tracer can attach; `reason`: why that is not a file.
 * @typedef {{path: string, offset: number, reason?: string}} Place
 */

/**
 * The first byte of a probe's instruction.
 * @typedef {{readonly [index: number]: number}} Code
 */

/**
 * @typedef {object} KernelStatus
 * @property {'on' | 'off'} state
 * @property {string | null} reason why it is off
 * @property {string | null} hint what to do about it
 */

/** @type {{binding: Binding | null, status: KernelStatus} | undefined} */
let loaded;

/**
 * The binary: as published (prebuilds/), or as compiled on this machine (native/build.js). One for
 * another C library does not load, so whatever loads is the right one.
 */
function load() {
  for (const name of ['NODEOBS', 'NODEOBS_KERNEL']) {
    const wish = process.env[name];
    if (wish === 'off' || wish === '0' || wish === 'false') {
      return off(`${name}=${wish} is set`, `unset ${name} and restart the process`);
    }
  }
  const kind = `${process.platform}-${process.arch}`;
  const files = [
    path.join(NATIVE, '../prebuilds', kind, 'nodeobs.node'),
    path.join(NATIVE, '../prebuilds', `${kind}-musl`, 'nodeobs.node'),
    path.join(NATIVE, 'build', kind, 'nodeobs.node'),
  ];
  let refusal = '';
  for (const file of files) {
    if (!fs.existsSync(file)) continue;
    try {
      const binding = /** @type {Binding} */ (require(file));
      return { binding, status: { state: /** @type {const} */ ('on'), reason: null, hint: null } };
    } catch (error) {
      refusal = String(error instanceof Error ? error.message : error).split('\n')[0];
    }
  }
  if (refusal !== '')
    return off(`the native part does not load: ${refusal}`, 'npm rebuild nodeobs');
  return off(`there is no native part for ${kind}${buildReason(kind)}`, 'npm rebuild nodeobs');
}

/** What native/build.js left behind when it failed. @param {string} kind */
function buildReason(kind) {
  try {
    const text = fs.readFileSync(path.join(NATIVE, 'build', kind, 'reason.txt'), 'utf8').trim();
    return text === '' ? '' : `: ${text}`;
  } catch {
    return ''; // it was never tried
  }
}

/** @param {string} reason @param {string} hint */
function off(reason, hint) {
  return { binding: null, status: { state: /** @type {const} */ ('off'), reason, hint } };
}

/** The binding, loaded when it is first asked for; null where there is none. */
function binding() {
  loaded ??= load();
  return loaded.binding;
}

/** Whether kernel tracers can see this process's probes, and why not. @returns {KernelStatus} */
function status() {
  loaded ??= load();
  return loaded.status;
}

/**
 * Stands in for the instruction of a probe that the kernel does not know: it never changes.
 * @type {Code}
 */
const IDLE = new Uint8Array(1);

/** One probe as the kernel sees it. */
class KernelProbe {
  /**
   * @param {Binding} binding @param {object} handle of the native provider, kept alive by it
   * @param {number} id @param {string} [noDirectory] why the object is not in a file
   */
  constructor(binding, handle, id, noDirectory) {
    this.binding = binding;
    this.handle = handle;
    this.id = id;
    this.noDirectory = noDirectory;
    /** First byte of the instruction: another one than `nop` means that somebody traces it. */
    this.code = codeOf(binding, id);
    this.nop = binding.nop;
  }

  get attached() {
    return this.code[0] !== this.nop;
  }

  /** @returns {Place | undefined} */
  get place() {
    const place = this.binding.place(this.id);
    if (place !== undefined && this.noDirectory !== undefined) place.reason = this.noDirectory;
    return place;
  }
}

/**
 * A live view of one byte of code. Where the runtime refuses memory from outside, an object that
 * asks the native part instead.
 * @param {Binding} binding @param {number} id
 * @returns {Code}
 */
function codeOf(binding, id) {
  const buffer = binding.code(id);
  if (buffer !== undefined) return new Uint8Array(buffer);
  return {
    get 0() {
      return binding.enabled(id) ? -1 : binding.nop;
    },
  };
}

/**
 * The probes of one provider, as the kernel sees them.
 */
class KernelProvider {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    /** @type {Map<string, {kinds: string, made: KernelProbe | string}>} */
    this.known = new Map();
    /** @type {string | undefined} why there is no directory for the objects */
    this.noDirectory = undefined;
  }

  // Not left to the native part, which would read the environment while another thread writes it.
  #directory() {
    try {
      const euid = /** @type {() => number} */ (process.geteuid)();
      return path.join(claimRuntimeDirectory(process.env, euid), 'usdt');
    } catch (error) {
      this.noDirectory = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  /**
   * Makes probes visible. Those that are new are in one object, and so one is made for them.
   * @param {{name: string, kinds: number[]}[]} wanted
   * @returns {(KernelProbe | string)[]} the probe, or why there is none
   */
  load(wanted) {
    const native = binding();
    if (native === null) return wanted.map(() => status().reason ?? '');
    const fresh = wanted.filter(({ name, kinds }) => this.known.get(name)?.kinds !== kinds.join());
    if (fresh.length > 0) this.#make(native, fresh);
    return wanted.map(({ name }) => this.known.get(name)?.made ?? 'it is there twice');
  }

  /** @param {Binding} native @param {{name: string, kinds: number[]}[]} fresh */
  #make(native, fresh) {
    const handle = native.provider(this.name, this.#directory());
    const answers = fresh.map(({ name, kinds }) =>
      typeof handle === 'string' ? handle : native.probe(handle, name, kinds),
    );
    const problem = typeof handle === 'string' ? handle : native.load(handle);
    for (const [i, { name, kinds }] of fresh.entries()) {
      const id = answers[i];
      const made =
        typeof id === 'string' || typeof handle === 'string'
          ? String(id)
          : (problem ?? new KernelProbe(native, handle, id, this.noDirectory));
      this.known.set(name, { kinds: kinds.join(), made });
    }
  }
}

module.exports = { IDLE, KernelProbe, KernelProvider, status };
