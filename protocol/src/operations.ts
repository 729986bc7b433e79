/**
 * What a person may do to a running workflow: the updates of its page, the actions that an operator's token names. The
 * Rust side is held to `vectors/operations.json`.
 */

/** What an update takes besides the token. `seconds` is at most 30 days; `reason` is one line. */
export interface OperationArguments {
  reason: string;
  seconds: number;
  provider: string;
  /** Fields of the workflow's input that are to be others from now on. */
  change: Record<string, unknown>;
}

interface Operation {
  /** What it does, as a page's list of updates shows it. */
  says: string;
  /** An argument for it, without the token. */
  example: Partial<OperationArguments>;
  /** What it takes besides, where it is given. */
  optional?: readonly (keyof OperationArguments)[];
}

export const OPERATIONS = {
  approve: { says: 'Let the step that waits for approval begin', example: {} },
  pause: { says: 'Hold before the next step', example: { reason: 'Looking at the numbers' } },
  resume: { says: 'Go on after a pause', example: {} },
  abort: { says: 'Stop for good and undo what was begun', example: { reason: 'The recipe is wrong' } },
  skipSoak: { says: 'End the soak of this wave early; its gate stays', example: {} },
  extendDeadline: { says: 'Give what it waits for more time', example: { seconds: 3600 } },
  retryStage: {
    says: 'Try the failed step again; with "change", on a mended input',
    example: {},
    optional: ['change'],
  },
  replaceProvider: { says: 'Let another provider train', example: { provider: 'provider-2' } },
} as const satisfies Record<string, Operation>;

export type OperatorAction = keyof typeof OPERATIONS;
export const OPERATOR_ACTIONS = Object.keys(OPERATIONS) as OperatorAction[];

/** What an update takes besides the token: the fields of its example. */
export type OperationArgument<A extends OperatorAction> = Pick<
  OperationArguments,
  keyof (typeof OPERATIONS)[A]['example'] & keyof OperationArguments
> &
  ((typeof OPERATIONS)[A] extends { optional: readonly (infer O)[] }
    ? Partial<Pick<OperationArguments, O & keyof OperationArguments>>
    : object);

/** The names of those fields. */
export const argumentsOf = (action: OperatorAction): (keyof OperationArguments)[] =>
  Object.keys(OPERATIONS[action].example) as (keyof OperationArguments)[];

/** The names of those that it takes only where they are given. */
export const optionalOf = (action: OperatorAction): readonly (keyof OperationArguments)[] => {
  const operation: Operation = OPERATIONS[action];
  return operation.optional ?? [];
};
