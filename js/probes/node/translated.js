'use strict';
// The objects that Node's old probes had as arguments. D programs read their members; on the bus
// they are JSON, which is made here because it is made for every request.

const { quoted } = require('../arguments');

/** `node_http_request_t` of node.d. */
class TranslatedRequest {
  /** @param {string} url @param {string} method @param {string} forwardedFor */
  constructor(url, method, forwardedFor) {
    this.url = url;
    this.method = method;
    this.forwardedFor = forwardedFor;
  }

  get json() {
    const { url, method, forwardedFor } = this;
    return `{"url":${quoted(url)},"method":${quoted(method)},"forwardedFor":${quoted(forwardedFor)}}`;
  }
}

/** `node_connection_t` of node.d. */
class TranslatedConnection {
  #json = '';

  /**
   * @param {number} fd -1 where there is none
   * @param {string} remoteAddress '' for a unix socket
   * @param {number} remotePort 0 for a unix socket
   * @param {number} bufferSize bytes written that wait for the kernel
   */
  constructor(fd, remoteAddress, remotePort, bufferSize) {
    this.fd = fd;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.bufferSize = bufferSize;
  }

  get json() {
    if (this.#json === '') {
      const { fd, remoteAddress, remotePort, bufferSize } = this;
      this.#json = `{"fd":${fd},"remoteAddress":${quoted(remoteAddress)},"remotePort":${remotePort},"bufferSize":${bufferSize}}`;
    }
    return this.#json;
  }
}

/** @param {any} value @returns {value is TranslatedRequest | TranslatedConnection} */
function isTranslated(value) {
  return value instanceof TranslatedConnection || value instanceof TranslatedRequest;
}

module.exports = { TranslatedConnection, TranslatedRequest, isTranslated };
