import { errorsOf } from '@livepod/protocol';

/** Why the story could not be told, or came out wrong. */
export class StoryError extends errorsOf({
  tooFewPeople: 'data',
  wentWrong: 'host',
  tookTooLong: 'host',
  badOption: 'person',
}) {}
