import { blob, COST, strictText, type Access, type Functions } from './access.js';
import { ALL } from './contexts.js';
import type { Message } from './message.js';
import { Trap } from './trap.js';

const WITH_INFO = 'U RQ NRQ CQ Ry Rt CRy CRt C CC F';
const ANSWERING = 'U RQ NRQ TQ CQ Ry Rt CRy CRt';
const MAX_REPLY = 2 << 20;
const MAX_QUERY_REPLY = 3 << 20;
const MAX_SAID = 32 << 10;

/** The message that is being executed: what came with it, its answer, and what is said meanwhile. */
export function messageApi(access: Access): Functions {
  return { ...givenApi(access), ...answerApi(access), ...saidApi(access) };
}

function givenApi(access: Access): Functions {
  const { message } = access;
  const nothing = new Uint8Array();
  const accept = (): void => {
    if (message().accepted) throw new Trap('contractViolation', 'ic0.accept_message: the function was already called.');
    message().accepted = true;
  };
  return {
    ...blob(access, 'I U RQ NRQ TQ CQ Ry CRy F', 'msg_arg_data', 'payload', () => message().arg),
    ...blob(access, ALL, 'msg_caller', 'id', () => message().caller),
    ...blob(access, WITH_INFO, 'msg_caller_info_data', 'data', () => message().callerInfo?.info ?? nothing),
    ...blob(access, WITH_INFO, 'msg_caller_info_signer', 'signer', () => message().callerInfo?.signer ?? nothing),
    ...blob(access, 'Rt CRt', 'msg_reject_msg', 'msg', () => new TextEncoder().encode(message().rejectMessage)),
    ...blob(access, 'F', 'msg_method_name', 'payload', () => new TextEncoder().encode(message().method)),
    msg_reject_code: ['Ry Rt CRy CRt C', COST, () => message().rejectCode],
    msg_deadline: ['U RQ NRQ CQ Ry Rt CRy CRt', COST, () => message().deadline],
    accept_message: ['F', COST, accept],
  };
}

function answerApi(access: Access): Functions {
  const { instance, message } = access;
  const append = (address: number, length: number): void => {
    mustBeAnswerable(message(), 'ic0.msg_reply_data_append: the call is already replied.');
    const { reply } = message();
    const size = reply.reduce((sum, one) => sum + one.length, 0) + length;
    mustFit('msg_reply_data_append', message(), size);
    instance.charge(length);
    reply.push(access.bytes('msg.reply', address, length).slice());
  };
  const reply = (): void => {
    mustBeAnswerable(message(), 'ic0.msg_reply: the call is already replied');
    message().answer = { kind: 'reply', data: new Uint8Array(Buffer.concat(message().reply)) };
  };
  const reject = (address: number, length: number): void => {
    mustBeAnswerable(message(), 'ic0.msg_reject: the call is already replied');
    mustFit('msg_reject', message(), length);
    instance.charge(length);
    const bytes = access.bytes('ic0.msg_reject', address, length);
    const text = strictText(bytes, 'ic0.msg_reject: invalid UTF-8 string provided');
    message().answer = { kind: 'reject', message: text };
  };
  return {
    msg_reply_data_append: [ANSWERING, COST, append],
    msg_reply: [ANSWERING, COST, reply],
    msg_reject: [ANSWERING, COST, reject],
  };
}

function saidApi(access: Access): Functions {
  const { instance, message } = access;
  /** At most 32 KiB, and nothing where there is no memory. */
  const said = (from: number, length: number): string | undefined => {
    const size = Math.min(length, MAX_SAID);
    return from + size > instance.bytes.length ? undefined : access.text('', from, size);
  };
  const print = (address: number, length: number): void => {
    instance.charge(length);
    message().log.push(said(address, length) ?? '(debug_print message out of memory bounds)');
  };
  const trap = (address: number, length: number): never => {
    throw new Trap('calledTrap', said(address, length) ?? '(trap message out of memory bounds)');
  };
  return {
    debug_print: ['* s', 100, print],
    trap: ['* s', COST, trap],
  };
}

/** @throws Trap `contractViolation` unless the message may still answer */
function mustBeAnswerable(message: Message, complaint: string): void {
  if (!message.answerable || message.answer) throw new Trap('contractViolation', complaint);
}

/** @throws Trap `contractViolation` when an answer of so many bytes is too large */
function mustFit(name: string, { role }: Message, size: number): void {
  const inQuery = role === 'NRQ' || role.startsWith('CQ') || role.startsWith('CR');
  const most = inQuery ? MAX_QUERY_REPLY : MAX_REPLY;
  if (size > most)
    throw new Trap(
      'contractViolation',
      `ic0.${name}: application payload size (${size}) cannot be larger than ${most}.`,
    );
}
