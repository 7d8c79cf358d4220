'use strict';
// A program compiled: its clauses as closures over its own variables and aggregations.

const { Room: AggregationRoom } = require('./aggregations');
const { readClause } = require('./clause');
const { Compiler, ProgramError, readOptions } = require('./compiler');
const { Frame } = require('./frame');
const { PROGRAM } = require('./limits');
const { SelfVariables } = require('./self');
const { Declarations } = require('./statements');
const { Globals, Room } = require('./variables');

class Program {
  /**
   * @param {any} given the program of a request @param {import('./limits').Memory} memory
   * @param {import('./scopes').Scopes} scopes
   * @throws {ProgramError}
   */
  constructor(given, memory, scopes) {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new ProgramError('program', 'it is not an object');
    }
    this.options = readOptions(given.options ?? {});
    const { aggkeys, dynvars, strsize } = this.options;
    this.globals = new Globals(new Room(memory, dynvars, strsize));
    this.self = new SelfVariables(scopes, new Room(memory, dynvars, strsize));
    this.declarations = new Declarations(new AggregationRoom(memory, aggkeys));
    const compiler = new Compiler(this.options, this.globals, this.self);
    this.clauses = compiler.list(given, 'clauses', PROGRAM.clauses, (clause) =>
      readClause(clause, compiler, this.declarations),
    );
    this.locals = compiler.locals.size;
    this.wanted = compiler.wanted;
    this.arities = compiler.arities;
  }

  /** A frame for firings of this program. */
  frame() {
    return new Frame(this.locals, this.self);
  }

  /** @returns {{aggregation: number, dynamic: number}} what found no room since the last call */
  takeDrops() {
    const { declarations, globals, self } = this;
    const drops = {
      aggregation: declarations.room.drops,
      dynamic: globals.room.drops + self.room.drops,
    };
    declarations.room.drops = 0;
    globals.room.drops = 0;
    self.room.drops = 0;
    return drops;
  }

  /** Frees all that it keeps. */
  clear() {
    this.self.leave();
    this.globals.clear();
    for (const aggregation of this.declarations.known.values()) aggregation.clear();
  }
}

module.exports = { Program };
