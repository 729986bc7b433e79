const { rm } = require('node:fs');

/** Deletes a path with all below it. In place of rimraf 2, which is deprecated, as are glob 7 and inflight below it. */
module.exports = (path, done) => rm(path, { recursive: true, force: true }, done);
