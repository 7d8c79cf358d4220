'use strict';
// The unix socket where a thread's agent listens: its directory rules, its path, its life.

// Taken now: an observer of fs sees the application's operations, not ours.
const { chmodSync, lstatSync, mkdirSync, statSync, unlinkSync } = require('node:fs');
const net = require('node:net');
const path = require('node:path');

// sun_path of sockaddr_un holds 108 bytes with the final NUL (unix(7)).
const PATH_MAX = 107;

/** Why there is no endpoint, in words for the operator. */
class EndpointError extends Error {
  /** @param {string} message @param {string} hint what to do about it */
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/**
 * The directory for endpoints. $XDG_RUNTIME_DIR counts only where it is ours: `sudo -E` and `su`
 * keep the variable of another user, in whose directory we must not make anything.
 * @param {NodeJS.ProcessEnv} env @param {number} euid
 */
function runtimeDirectory(env, euid) {
  if (env.NODEOBS_RUNTIME_DIR) return path.resolve(env.NODEOBS_RUNTIME_DIR);
  const xdg = env.XDG_RUNTIME_DIR;
  if (xdg && statSync(xdg, { throwIfNoEntry: false })?.uid === euid) {
    return path.join(xdg, 'nodeobs');
  }
  return `/tmp/nodeobs-${euid}`;
}

/**
 * Makes the directory if it is not there, and insists on its owner and mode.
 * @param {string} directory @param {number} euid
 */
function claimDirectory(directory, euid) {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'EEXIST') {
      throw new EndpointError(
        `cannot make the runtime directory ${directory}: ${code}`,
        'set NODEOBS_RUNTIME_DIR to a directory that this user can write',
      );
    }
  }
  const stat = lstatSync(directory);
  if (!stat.isDirectory()) {
    throw new EndpointError(
      `${directory} is ${stat.isSymbolicLink() ? 'a symbolic link' : 'not a directory'}`,
      `remove it, or set NODEOBS_RUNTIME_DIR to another directory`,
    );
  }
  if (stat.uid !== euid) {
    throw new EndpointError(
      `${directory} belongs to uid ${stat.uid}, not to uid ${euid}`,
      'remove it, or set NODEOBS_RUNTIME_DIR to a directory of your own',
    );
  }
  if (stat.mode & 0o077) {
    throw new EndpointError(
      `${directory} is open to other users (mode ${(stat.mode & 0o777).toString(8)})`,
      `chmod 700 ${directory}`,
    );
  }
}

/**
 * The runtime directory, made if it was not there.
 * @param {NodeJS.ProcessEnv} env @param {number} euid
 * @throws {EndpointError} it cannot be trusted
 */
function claimRuntimeDirectory(env, euid) {
  const directory = runtimeDirectory(env, euid);
  claimDirectory(directory, euid);
  return directory;
}

/**
 * @param {NodeJS.ProcessEnv} env @param {number} euid @param {number} threadId 0: the main thread
 */
function endpointPath(env, euid, threadId) {
  const directory = runtimeDirectory(env, euid);
  const name = threadId === 0 ? `${process.pid}.sock` : `${process.pid}.${threadId}.sock`;
  const file = path.join(directory, name);
  const length = Buffer.byteLength(file);
  if (length > PATH_MAX) {
    throw new EndpointError(
      `the socket path is ${length} bytes long, a unix socket takes ${PATH_MAX}: ${file}`,
      'set NODEOBS_RUNTIME_DIR to a shorter path',
    );
  }
  claimDirectory(directory, euid);
  return file;
}

/**
 * A listening unix socket that never keeps the process alive.
 */
class Endpoint {
  /**
   * @param {string} file
   * @param {object} events
   * @param {(socket: net.Socket) => void} events.connection
   * @param {() => void} events.listening
   * @param {(error: EndpointError) => void} events.failed
   */
  constructor(file, events) {
    this.file = file;
    this.events = events;
    this.listening = false;
    this.closed = false;
    /** @type {bigint | null} inode of the socket file, to remove no one else's */
    this.inode = null;
    this.#listen(true);
  }

  /** @param {boolean} retry whether a stale socket may be removed first */
  #listen(retry) {
    this.server = net.createServer((socket) => this.events.connection(socket));
    this.server.on('error', (error) => this.#failed(error, retry));
    // exclusive: a cluster worker would otherwise ask the primary to listen in its place.
    this.server.listen({ path: this.file, exclusive: true, backlog: 511 });
    this.server.unref();
    if (!this.server.listening) return; // the error is on its way
    chmodSync(this.file, 0o600);
    // In bigints, which Node keeps elsewhere: up to Node 22, fs.realpathSync takes what was last
    // found out about any file for the next path, and would leave a link to a package as it is.
    this.inode = lstatSync(this.file, { bigint: true }).ino;
    this.listening = true;
    this.events.listening();
  }

  /** @param {NodeJS.ErrnoException} error @param {boolean} retry */
  #failed(error, retry) {
    if (this.listening || this.closed) return; // an accept failed: the next may succeed
    if (error.code === 'EADDRINUSE' && retry) {
      this.#replaceIfStale();
    } else {
      this.events.failed(
        new EndpointError(
          `cannot listen on ${this.file}: ${error.code ?? error.message}`,
          'set NODEOBS_RUNTIME_DIR to a directory that this user can write',
        ),
      );
    }
  }

  // A process of our pid was killed before it could remove its socket: nobody answers there. In a
  // directory shared by several pid namespaces somebody may.
  #replaceIfStale() {
    const probe = net.connect(this.file);
    probe.unref();
    probe.on('connect', () => {
      probe.destroy();
      this.events.failed(
        new EndpointError(
          `${this.file} is in use by another process of this pid (another pid namespace)`,
          'give each container a NODEOBS_RUNTIME_DIR of its own',
        ),
      );
    });
    probe.on('error', () => {
      if (this.closed) return;
      try {
        unlinkSync(this.file);
      } catch {
        // Gone already, or not ours to remove: listening again tells.
      }
      this.#guarded(() => this.#listen(false));
    });
  }

  /** @param {() => void} action */
  #guarded(action) {
    try {
      action();
    } catch (error) {
      this.events.failed(
        new EndpointError(`cannot listen on ${this.file}: ${error}`, 'set NODEOBS_RUNTIME_DIR'),
      );
    }
  }

  /** Stops listening and removes the socket file. Never throws. */
  close() {
    if (this.closed) return;
    this.closed = true;
    try {
      const stat = lstatSync(this.file, { bigint: true, throwIfNoEntry: false });
      if (this.listening && stat?.ino === this.inode) unlinkSync(this.file);
    } catch {
      // The directory went away or turned read-only: nothing is left to tidy.
    }
    this.server?.close();
  }
}

module.exports = {
  Endpoint,
  EndpointError,
  claimRuntimeDirectory,
  endpointPath,
  runtimeDirectory,
};
