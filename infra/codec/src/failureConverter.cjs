/** Failures' texts and stacks go through the codec as payloads do. CommonJS, because Temporal loads converters by `require`. */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
