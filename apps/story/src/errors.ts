import { CodedError } from '@livepod/protocol';

/** Why the story could not be told, or came out wrong. */
export class StoryError extends CodedError<'tooFewPeople' | 'wentWrong' | 'tookTooLong' | 'badOption'> {}
