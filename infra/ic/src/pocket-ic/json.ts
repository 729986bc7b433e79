import type { Response } from '../subnet/subnet.js';
import type { Rejection } from '../subnet/reject.js';

/** JSON as the PocketIC server speaks it: numbers of any length, bytes in base64, enums by name. */

const LARGE = /"(amount|nanos_since_epoch)"\s*:\s*(\d+)/g;

/** Parses a request; the numbers that may be large come as text. */
export function parseJson(text: string): unknown {
  return text.trim() === '' ? undefined : JSON.parse(text.replace(LARGE, '"$1":"$2"'));
}

export function printJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_, one: unknown) =>
    typeof one === 'bigint' ? `\u0001${one}\u0001` : one,
  ).replace(/"\\u0001(\d+)\\u0001"/g, '$1');
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function bytes(text: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(String(text), 'base64'));
}

const REJECTS = ['', 'SysFatal', 'SysTransient', 'DestinationInvalid', 'CanisterReject', 'CanisterError', 'SysUnknown'];

/** As the `pocket-ic` crate names them (crate 16.1: `ErrorCode`). */
const ERRORS: Record<number, string> = {
  101: 'SubnetOversubscribed',
  102: 'MaxNumberOfCanistersReached',
  201: 'CanisterQueueFull',
  202: 'IngressMessageTimeout',
  203: 'CanisterQueueNotEmpty',
  204: 'IngressHistoryFull',
  205: 'CanisterIdAlreadyExists',
  206: 'StopCanisterRequestTimeout',
  207: 'CanisterOutOfCycles',
  208: 'CertifiedStateUnavailable',
  209: 'CanisterInstallCodeRateLimited',
  210: 'CanisterHeapDeltaRateLimited',
  211: 'SubnetCoolingDown',
  301: 'CanisterNotFound',
  305: 'CanisterSnapshotNotFound',
  402: 'InsufficientMemoryAllocation',
  403: 'InsufficientCyclesForCreateCanister',
  404: 'SubnetNotFound',
  405: 'CanisterNotHostedBySubnet',
  406: 'CanisterRejectedMessage',
  407: 'UnknownManagementMessage',
  408: 'InvalidManagementPayload',
  409: 'CanisterSnapshotImmutable',
  410: 'InvalidSubnetAdmin',
  502: 'CanisterTrapped',
  503: 'CanisterCalledTrap',
  504: 'CanisterContractViolation',
  505: 'CanisterInvalidWasm',
  506: 'CanisterDidNotReply',
  507: 'CanisterOutOfMemory',
  508: 'CanisterStopped',
  509: 'CanisterStopping',
  510: 'CanisterNotStopped',
  511: 'CanisterStoppingCancelled',
  512: 'CanisterInvalidController',
  513: 'CanisterFunctionNotFound',
  514: 'CanisterNonEmpty',
  517: 'QueryCallGraphLoopDetected',
  520: 'InsufficientCyclesInCall',
  521: 'CanisterWasmEngineError',
  522: 'CanisterInstructionLimitExceeded',
  524: 'CanisterMemoryAccessLimitExceeded',
  525: 'QueryCallGraphTooDeep',
  526: 'QueryCallGraphTotalInstructionLimitExceeded',
  527: 'CompositeQueryCalledInReplicatedMode',
  528: 'QueryTimeLimitExceeded',
  529: 'QueryCallGraphInternal',
  530: 'InsufficientCyclesInComputeAllocation',
  531: 'InsufficientCyclesInMemoryAllocation',
  532: 'InsufficientCyclesInMemoryGrow',
  533: 'ReservedCyclesLimitExceededInMemoryAllocation',
  534: 'ReservedCyclesLimitExceededInMemoryGrow',
  535: 'InsufficientCyclesInMessageMemoryGrow',
  536: 'CanisterMethodNotFound',
  537: 'CanisterWasmModuleNotFound',
  538: 'CanisterAlreadyInstalled',
  539: 'CanisterWasmMemoryLimitExceeded',
  540: 'ReservedCyclesLimitIsTooLow',
  541: 'CanisterInvalidControllerOrSubnetAdmin',
  542: 'CanisterStatusAccessDenied',
  601: 'DeadlineExpired',
  602: 'ResponseDropped',
};

export function rejectResponse({ code, message, errorCode }: Rejection, certified: boolean): unknown {
  return {
    Err: {
      reject_code: REJECTS[code],
      reject_message: message,
      error_code: ERRORS[Number(errorCode.slice(2))] ?? 'CanisterRejectedMessage',
      certified,
    },
  };
}

export function callResult(response: Response, certified: boolean): unknown {
  return response.kind === 'reply' ? { Ok: base64(response.data) } : rejectResponse(response.rejection, certified);
}
