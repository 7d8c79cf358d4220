'use strict';
// Serializers: what turns the value of a named field into what is logged.

const { serializeError, thrownText } = require('./errors');
const { warn, warnOnce } = require('./warnings');

/** @typedef {(value: any) => unknown} Serializer */
/** @typedef {Record<string, Serializer>} Serializers */

/** An HTTP request: method, url, headers and the peer's address. @param {any} req */
function serializeRequest(req) {
  const connection = req?.connection || req?.socket;
  if (!connection) return req;
  return {
    method: req.method,
    url: req.originalUrl || req.url, // express and restify rewrite url
    headers: req.headers,
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
  };
}

/** An HTTP response: status and the header block as sent. @param {any} res */
function serializeResponse(res) {
  if (!res?.statusCode) return res;
  return { statusCode: res.statusCode, header: res._header };
}

const stdSerializers = { req: serializeRequest, res: serializeResponse, err: serializeError };

/**
 * Runs one serializer; one that throws costs its field only.
 * @param {Serializers} serializers
 * @param {string} field that has one
 * @param {unknown} value
 * @param {boolean} quiet whether only an observer sees the record: he must not cause any output
 */
function serialized(serializers, field, value, quiet) {
  try {
    return serializers[field](value);
  } catch (error) {
    if (!quiet) {
      warnOnce(serializers[field], () => {
        const detail = /** @type {any} */ (error)?.stack || error;
        warn(`the log serializer of the field "${field}" threw; such fields are lost: ${detail}`);
      });
    }
    return `(Error in Bunyan log "${field}" serializer broke field. See stderr for details.)`;
  }
}

/**
 * Applies those serializers that have a field, in place.
 * @param {Serializers} serializers
 * @param {Record<string, unknown>} fields
 * @param {boolean} quiet
 */
function applySerializers(serializers, fields, quiet) {
  for (const field of Object.keys(serializers)) {
    if (!Object.hasOwn(fields, field) || fields[field] === undefined) continue;
    fields[field] = serialized(serializers, field, fields[field], quiet);
  }
}

/**
 * The field `err` of an error that was logged by itself.
 * @param {Serializers | null} serializers
 * @param {Error} error
 * @param {boolean} quiet
 * @returns {unknown}
 */
function errorField(serializers, error, quiet) {
  if (serializers?.err) return serialized(serializers, 'err', error, quiet);
  try {
    return serializeError(error);
  } catch (thrown) {
    return thrownText(thrown);
  }
}

/**
 * Its message where there is no other: as serialized, for a serializer may censor it.
 * @param {any} field
 * @param {Error} error
 */
function errorMessage(field, error) {
  try {
    return typeof field?.message === 'string' ? field.message : error.message;
  } catch (thrown) {
    return thrownText(thrown);
  }
}

module.exports = { applySerializers, errorField, errorMessage, serialized, stdSerializers };
