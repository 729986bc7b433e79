/**
 * Failures' texts and stacks go through the codec as payloads do. CommonJS, because Temporal loads converters by
 * `require`.
 */
const { ApplicationFailure, DefaultFailureConverter } = require('@temporalio/common');

const clear = new DefaultFailureConverter();

class LivepodFailureConverter extends DefaultFailureConverter {
  /**
   * A refused update is told to whoever sent it, and the UI's dialog decrypts no failures: so the sentence of a
   * `Refused` stays readable. Operators' updates alone throw it (workflows/src/operatorDesk.ts); its details are
   * payloads and encrypted like all others.
   */
  errorToFailure(error, payloadConverter, context) {
    if (error instanceof ApplicationFailure && error.type === 'Refused')
      return {
        ...clear.errorToFailure(error, payloadConverter, context),
        stackTrace: '',
        encodedAttributes: undefined,
      };
    return super.errorToFailure(error, payloadConverter, context);
  }
}

exports.failureConverter = new LivepodFailureConverter({ encodeCommonAttributes: true });
