'use strict';
// The `self->` variables of one program. Nobody tells when a context is over, and a program that
// does not free its variables would fill the room with those of the dead: so the variables of the
// context that got its first ones longest ago make room. Should that context live and ask for them,
// it is counted as a drop.

const { Elements, bytesOf } = require('./variables');

/** Estimated bytes of one context's variables beside what is in them. */
const CONTEXT = 200;

/** The variables of one context. */
class Context {
  /** @param {number} scalars @param {number} arrays */
  constructor(scalars, arrays) {
    /** @type {(number | string)[]} by slot */
    this.values = new Array(scalars).fill(0);
    /** @type {(Elements | null)[]} by slot */
    this.arrays = new Array(arrays).fill(null);
    this.used = 0; // scalars that are not 0
    this.evicted = false;
  }

  get size() {
    let size = this.used;
    for (const array of this.arrays) size += array?.tuples.size ?? 0;
    return size;
  }
}

class SelfVariables {
  /** @type {Map<string, number>} */
  #slots = new Map();
  /** @type {Map<string, number>} */
  #arraySlots = new Map();
  /** @type {number[]} by slot of an array */
  #arities = [];
  /** @type {Set<Context>} those that hold something, oldest first */
  #holding = new Set();

  /**
   * @param {import('./scopes').Scopes} scopes @param {import('./variables').Room} room
   */
  constructor(scopes, room) {
    this.scopes = scopes;
    this.room = room;
    this.entered = false;
  }

  get inUse() {
    return this.#slots.size + this.#arraySlots.size > 0;
  }

  /** @param {string} name */
  slot(name) {
    return slotOf(this.#slots, name);
  }

  /** @param {string} name @param {number} arity */
  arraySlot(name, arity) {
    this.#arities[this.#arraySlots.get(name) ?? this.#arraySlots.size] = arity;
    return slotOf(this.#arraySlots, name);
  }

  enter() {
    if (!this.inUse || this.entered) return;
    this.entered = true;
    this.scopes.enter();
  }

  leave() {
    if (!this.entered) return;
    this.entered = false;
    this.clear();
    this.scopes.leave();
  }

  /**
   * The context of a firing.
   * @param {any} about see Scopes.find
   * @returns {Context | null} null: nothing was ever set in it
   */
  find(about) {
    const context = this.scopes.find(about)?.variables.get(this) ?? null;
    if (context?.evicted) {
      context.evicted = false;
      this.room.drops += 1;
    }
    return context;
  }

  /** @param {any} about @returns {Context} */
  make(about) {
    const scope = this.scopes.find(about) ?? this.scopes.begin();
    const context = new Context(this.#slots.size, this.#arraySlots.size);
    scope.variables.set(this, context);
    return context;
  }

  /** @param {Context} context @param {number} slot @param {number | string} value as kept */
  assign(context, slot, value) {
    const before = context.values[slot];
    const fresh = before === 0 && value !== 0;
    if (fresh && !this.#hold(context)) return;
    const more = bytesOf(value) - bytesOf(before);
    if (more > 0 && !this.#take(context, more)) {
      this.room.drops += 1;
      this.#settle(context);
      return;
    }
    if (more < 0) this.room.memory.give(-more);
    context.values[slot] = value;
    if (fresh) {
      context.used += 1;
      this.room.count += 1;
    } else if (before !== 0 && value === 0) {
      context.used -= 1;
      this.room.count -= 1;
      this.#settle(context);
    }
  }

  /** @param {Context} context @param {number} slot @param {(number | string)[]} keys @param {number | string} value as kept */
  assignElement(context, slot, keys, value) {
    let array = context.arrays[slot];
    if (array === null) {
      if (value === 0) return;
      array = new Elements(this.room, this.#arities[slot]);
      context.arrays[slot] = array;
    }
    if (value !== 0 && array.get(keys) === 0 && !this.#hold(context)) return;
    array.set(keys, value);
    this.#settle(context);
  }

  clear() {
    for (const context of this.#holding) this.#empty(context);
    this.#holding.clear();
  }

  /** Makes room for one more variable of a context. @param {Context} context */
  #hold(context) {
    const { room } = this;
    if (!this.#holding.has(context)) {
      if (!this.#take(context, CONTEXT)) {
        room.drops += 1;
        return false;
      }
      this.#holding.add(context);
    }
    if (room.count < room.most) return true;
    this.#evict(context);
    if (room.count < room.most) return true;
    room.drops += 1;
    this.#settle(context);
    return false;
  }

  /** @param {Context} context for which it is @param {number} bytes */
  #take(context, bytes) {
    if (this.room.memory.take(bytes)) return true;
    this.#evict(context);
    return this.room.memory.take(bytes);
  }

  /** Frees the oldest context's variables, unless that is this one. @param {Context} context */
  #evict(context) {
    for (const oldest of this.#holding) {
      if (oldest === context) continue;
      this.#empty(oldest);
      this.#holding.delete(oldest);
      oldest.evicted = true;
      return;
    }
  }

  /** @param {Context} context that may hold nothing any more */
  #settle(context) {
    if (context.size > 0 || !this.#holding.delete(context)) return;
    this.room.memory.give(CONTEXT);
  }

  /** @param {Context} context */
  #empty(context) {
    const { room } = this;
    for (const value of context.values) room.memory.give(bytesOf(value));
    room.count -= context.used;
    room.memory.give(CONTEXT);
    context.values.fill(0);
    context.used = 0;
    for (const array of context.arrays) array?.clear();
  }
}

/** @param {Map<string, number>} slots @param {string} name */
function slotOf(slots, name) {
  let slot = slots.get(name);
  if (slot === undefined) {
    slot = slots.size;
    slots.set(name, slot);
  }
  return slot;
}

module.exports = { Context, SelfVariables };
