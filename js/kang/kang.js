'use strict';
// `require('nodeobs/kang')` in the place of `require('kang')`: its names, for servers and clients.

const { knFetchAll, knFetchSchema } = require('./fetch');
const { knHandler } = require('./handler');
const { knStartServer } = require('./server');
const { knMergeSnapshots } = require('./snapshot');
const { knMakeSource, knParseEnv, knParseSources, knSourcesEnvVar } = require('./sources');

module.exports = {
  knSourcesEnvVar,
  knMakeSource,
  knParseSources,
  knParseEnv,
  knFetchAll,
  knFetchSchema,
  knMergeSnapshots,
  knHandler,
  knRestifyHandler: knHandler,
  knStartServer,
};
