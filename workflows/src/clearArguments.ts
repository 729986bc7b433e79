import {
  ApplicationFailure,
  log,
  type Next,
  type QueryInput,
  type SignalInput,
  type StartChildWorkflowExecutionInput,
  type StartNexusOperationInput,
  type StartNexusOperationOutput,
  type UpdateInput,
  type WorkflowExecuteInput,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';

/** As the codec calls what came in clear (infra/codec/src/payloads.ts). */
const IN_CLEAR = 'livepod-in-clear';

/** Part of every bundle. */
export function interceptors(): WorkflowInterceptors {
  const only = new ClearArguments();
  return { inbound: [only], outbound: [only] };
}

/**
 * Only queries take what came in clear: anybody who reaches the server may have written it, and a query changes
 * nothing. An input or an update is refused, a signal is left out, and what others return fails the step.
 */
class ClearArguments implements WorkflowInboundCallsInterceptor, WorkflowOutboundCallsInterceptor {
  async execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    if (input.args.some(isClear)) throw refused('The input');
    return next(input);
  }

  async handleSignal(input: SignalInput, next: Next<WorkflowInboundCallsInterceptor, 'handleSignal'>): Promise<void> {
    if (!input.args.some(isClear)) return next(input);
    log.warn('A signal came in clear and is left out', { code: 'clearPayload', signal: input.signalName });
  }

  validateUpdate(input: UpdateInput, next: Next<WorkflowInboundCallsInterceptor, 'validateUpdate'>): void {
    if (input.args.some(isClear)) throw refused(`The update ${input.name}`);
    next(input);
  }

  async handleQuery(input: QueryInput, next: Next<WorkflowInboundCallsInterceptor, 'handleQuery'>): Promise<unknown> {
    return next({ ...input, args: input.args.map((arg) => (isClear(arg) ? arg[IN_CLEAR] : arg)) });
  }

  async startChildWorkflowExecution(
    input: StartChildWorkflowExecutionInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'startChildWorkflowExecution'>,
  ): Promise<[Promise<string>, Promise<unknown>]> {
    const [started, result] = await next(input);
    return [started, encrypted(`The result of ${input.workflowType}`, result)];
  }

  async startNexusOperation(
    input: StartNexusOperationInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'startNexusOperation'>,
  ): Promise<StartNexusOperationOutput> {
    const { token, result } = await next(input);
    return { token, result: encrypted(`The result of ${input.operation}`, result) };
  }
}

const isClear = (value: unknown): value is { [IN_CLEAR]: unknown } =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, IN_CLEAR);

function encrypted<T>(what: string, result: Promise<T>): Promise<T> {
  const checked = result.then((value) => {
    if (isClear(value)) throw refused(what);
    return value;
  });
  checked.catch(() => undefined); // who asked may not wait for it
  return checked;
}

const refused = (what: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${what} came in clear, so anybody may have written it; it is not used. Send it with the key ring ` +
      '(LIVEPOD_CODEC_KEYS), or from the UI once it knows the codec server.',
    'clearPayload',
  );
