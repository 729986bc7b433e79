// Generated from the canister's .did by canisters/bindgen (npm run bindings): do not edit.
import type { Principal } from '@dfinity/principal';
import type { ActorMethod } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';

export interface Account {
  'owner' : Principal,
  'subaccount' : [] | [Uint8Array],
}
export interface AuditEntry {
  'at' : bigint,
  'hash' : Uint8Array,
  'event' : string,
  'caller' : Principal,
  'index' : bigint,
}
export interface AuditTip {
  'certificate' : [] | [Uint8Array],
  'hash' : Uint8Array,
  'witness' : Uint8Array,
  'length' : bigint,
}
export interface Bond {
  'slashed' : bigint,
  'posted_at' : bigint,
  'holder' : Principal,
  'amount' : bigint,
  'purpose' : BondPurpose,
}
export type BondPurpose = { 'provider' : null } |
  { 'contributor' : null };
export interface Compensation { 'to' : Principal, 'amount' : bigint }
export type Error = { 'Invalid' : Why } |
  { 'Busy' : Why } |
  { 'WrongPrincipal' : Why } |
  { 'InsufficientAllowance' : Why } |
  { 'Closed' : Why } |
  { 'NotYet' : Why } |
  { 'NotFound' : Why } |
  { 'NotAuthorized' : Why } |
  { 'Unavailable' : Why } |
  { 'LimitExceeded' : Why } |
  { 'InsufficientFunds' : Why };
/**
 * amount: everything pulled from the payer: fees, reward and the ledger's fees for paying them out.
 */
export interface Escrow {
  'id' : bigint,
  'job' : bigint,
  'payments' : Array<Payment>,
  'opened_at' : bigint,
  'state' : EscrowState,
  'payer' : Principal,
  'amount' : bigint,
}
/**
 * An escrow, and of its payments those asked about: how many, their sum, and the first 20. A payment is made once it names its block.
 */
export interface EscrowLine {
  'job' : bigint,
  'sum' : bigint,
  'payments' : Array<Payment>,
  'opened_at' : bigint,
  'count' : number,
  'state' : EscrowState,
  'payer' : Principal,
  'amount' : bigint,
  'escrow' : bigint,
}
export type EscrowState = { 'settled' : null } |
  { 'open' : null } |
  { 'refunded' : null } |
  { 'refunding' : null } |
  { 'settling' : null } |
  { 'funding' : null };
export type HeaderField = [string, string];
export interface HttpRequest {
  'url' : string,
  'method' : string,
  'body' : Uint8Array,
  'headers' : Array<HeaderField>,
  'certificate_version' : [] | [number],
}
export interface HttpResponse {
  'body' : Uint8Array,
  'headers' : Array<HeaderField>,
  'status_code' : number,
}
/**
 * bond_notice_seconds: how long before a bond is paid back; a week without it. review_seconds: how long a submitted
 * checkpoint that nobody decides on keeps its escrow, longer than any vote; 30 days without it. appeal_seconds: how long what was slashed is held back; a week without it.
 */
export interface Init {
  'appeal_seconds' : [] | [bigint],
  'governor' : Principal,
  'peers' : Peers,
  'review_seconds' : [] | [bigint],
  'bond_notice_seconds' : [] | [bigint],
}
/**
 * A bond on its way back: from the notice on it stands behind nothing new, and can still be slashed.
 */
export interface Leaving { 'due' : bigint, 'amount' : bigint }
export interface LiftSlash { 'case' : bigint, 'reason' : string }
/**
 * refused: why the ledger does not take it; collect_payment tries it again, to another account if its payee names one.
 */
export interface Payment {
  'to' : Principal,
  'why' : string,
  'block' : [] | [bigint],
  'amount' : bigint,
  'refused' : [] | [string],
}
export type PaymentsAbout = { 'dataset' : string } |
  { 'account' : Principal };
export interface Peers {
  'fleet' : Principal,
  'access' : Principal,
  'ledger' : Principal,
  'datasets' : Principal,
  'models' : Principal,
  'governance' : Principal,
  'treasury' : Principal,
}
/**
 * What a vote took from a bond. It is held back until `due`: the holder may answer, and a vote may lift it.
 */
export interface Slash {
  'due' : bigint,
  'case' : bigint,
  'state' : SlashState,
  'evidence' : string,
  'appeal' : [] | [string],
  'holder' : Principal,
  'amount' : bigint,
  'purpose' : BondPurpose,
  'reason' : string,
}
/**
 * evidence names what can be looked up: "evaluation sha256:…", "document sha256:…", "recording sha256:… <file>" or
 * "entry <canister> <number>"; what pods count is none. compensate: who was harmed, and gets how much of it.
 */
export interface SlashBond {
  'compensate' : [] | [Array<Compensation>],
  'evidence' : string,
  'holder' : Principal,
  'amount' : bigint,
  'purpose' : BondPurpose,
  'reason' : string,
}
export type SlashState = { 'closed' : null } |
  { 'open' : null } |
  { 'lifted' : null } |
  { 'paying' : null };
/**
 * Escrow of licence fees and rewards, payouts, bonds and their slashing. Amounts in e8s; every payment pays once however often it is asked for.
 */
export interface Why {
  'remedy' : string,
  'subject' : string,
  'message' : string,
}
export interface _SERVICE {
  /**
   * The holder's answer; voters get as much time again, once.
   */
  'appeal_slash' : ActorMethod<
    [{ 'case' : bigint, 'answer' : string }],
    { 'Ok' : Slash } |
      { 'Err' : Error }
  >,
  'audit_log' : ActorMethod<
    [{ 'start' : bigint, 'length' : number }],
    Array<AuditEntry>
  >,
  'audit_tip' : ActorMethod<[], AuditTip>,
  /**
   * Pays out the cases whose time is over; anyone may ask, and a timer does it too.
   */
  'close_slashes' : ActorMethod<[], { 'Ok' : null } | { 'Err' : Error }>,
  /**
   * Tries a refused payment again, by its place in the escrow's list. Only its payee names another account.
   */
  'collect_payment' : ActorMethod<
    [{ 'to' : [] | [Account], 'escrow' : bigint, 'payment' : number }],
    { 'Ok' : Escrow } |
      { 'Err' : Error }
  >,
  'cycles' : ActorMethod<[], bigint>,
  'escrow_of_job' : ActorMethod<[bigint], [] | [Escrow]>,
  'get_bond' : ActorMethod<
    [{ 'holder' : Principal, 'purpose' : BondPurpose }],
    [] | [Bond]
  >,
  'get_escrow' : ActorMethod<[bigint], [] | [Escrow]>,
  /**
   * Models canister only, when it adopts the job's checkpoint: nothing goes back until the time that is returned (ns).
   */
  'hold_escrow' : ActorMethod<
    [{ 'job' : bigint }],
    { 'Ok' : bigint } |
      { 'Err' : Error }
  >,
  /**
   * /escrows, /accounts and one of each, as JSON or HTML, for people; not certified.
   */
  'http_request' : ActorMethod<[HttpRequest], HttpResponse>,
  'leaving_bond' : ActorMethod<
    [{ 'holder' : Principal, 'purpose' : BondPurpose }],
    [] | [Leaving]
  >,
  'lift_slash' : ActorMethod<[LiftSlash], undefined>,
  'list_bonds' : ActorMethod<
    [
      {
        'after' : [] | [{ 'holder' : Principal, 'purpose' : BondPurpose }],
        'limit' : number,
      },
    ],
    Array<Bond>
  >,
  'list_escrows' : ActorMethod<
    [{ 'after' : [] | [bigint], 'limit' : number }],
    Array<Escrow>
  >,
  'list_open_escrows' : ActorMethod<
    [{ 'after' : [] | [bigint], 'limit' : number }],
    Array<Escrow>
  >,
  'list_slashes' : ActorMethod<
    [{ 'limit' : number, 'before' : [] | [bigint] }],
    Array<Slash>
  >,
  /**
   * What an account paid or is paid, or what was paid for a dataset; newest first; page on with `before` = the last escrow.
   */
  'newest_payments' : ActorMethod<
    [
      {
        'about' : [] | [PaymentsAbout],
        'limit' : number,
        'before' : [] | [bigint],
      },
    ],
    Array<EscrowLine>
  >,
  /**
   * approval: the digest of what is paid for; at_most: what it may take with the ledger's fees. Another job is refused.
   */
  'open_escrow' : ActorMethod<
    [
      {
        'job' : bigint,
        'at_most' : [] | [bigint],
        'client_ref' : string,
        'approval' : [] | [string],
      },
    ],
    { 'Ok' : Escrow } |
      { 'Err' : Error }
  >,
  /**
   * A licence is earned when its key is released: its shares leave then, whatever becomes of the job.
   */
  'pay_licences' : ActorMethod<
    [{ 'job' : bigint }],
    { 'Ok' : Escrow } |
      { 'Err' : Error }
  >,
  /**
   * Bonds. The caller approves amount + the ledger's fee to this canister first (ICRC-2). A repeat with the same client_ref returns the bond.
   */
  'post_bond' : ActorMethod<
    [{ 'client_ref' : string, 'amount' : bigint, 'purpose' : BondPurpose }],
    { 'Ok' : Bond } |
      { 'Err' : Error }
  >,
  /**
   * Escrow. What has to be approved first, to which subaccount of the treasury: quote_escrow says. Resumable: repeat until it is Ok.
   */
  'quote_escrow' : ActorMethod<
    [{ 'job' : bigint }],
    {
        'Ok' : {
          'subaccount' : Uint8Array,
          'approve' : bigint,
          'amount' : bigint,
        }
      } |
      { 'Err' : Error }
  >,
  'refund' : ActorMethod<[bigint], { 'Ok' : Escrow } | { 'Err' : Error }>,
  /**
   * Gives notice of the caller's whole bond, and says when it is due; asked again after that, pays it out, once.
   */
  'return_bond' : ActorMethod<
    [{ 'purpose' : BondPurpose }],
    { 'Ok' : Leaving } |
      { 'Err' : Error }
  >,
  /**
   * By escrow id. Anyone may ask; what happens follows from the job and its checkpoint alone.
   */
  'settle' : ActorMethod<[bigint], { 'Ok' : Escrow } | { 'Err' : Error }>,
  'slash_bond' : ActorMethod<[SlashBond], undefined>,
  'validate_lift_slash' : ActorMethod<
    [LiftSlash],
    { 'Ok' : string } |
      { 'Err' : string }
  >,
  'validate_slash_bond' : ActorMethod<
    [SlashBond],
    { 'Ok' : string } |
      { 'Err' : string }
  >,
}

export const idlFactory: IDL.InterfaceFactory = ({ IDL }) => {
  const Peers = IDL.Record({
    'fleet' : IDL.Principal,
    'access' : IDL.Principal,
    'ledger' : IDL.Principal,
    'datasets' : IDL.Principal,
    'models' : IDL.Principal,
    'governance' : IDL.Principal,
    'treasury' : IDL.Principal,
  });
  const Init = IDL.Record({
    'appeal_seconds' : IDL.Opt(IDL.Nat64),
    'governor' : IDL.Principal,
    'peers' : Peers,
    'review_seconds' : IDL.Opt(IDL.Nat64),
    'bond_notice_seconds' : IDL.Opt(IDL.Nat64),
  });
  const SlashState = IDL.Variant({
    'closed' : IDL.Null,
    'open' : IDL.Null,
    'lifted' : IDL.Null,
    'paying' : IDL.Null,
  });
  const BondPurpose = IDL.Variant({
    'provider' : IDL.Null,
    'contributor' : IDL.Null,
  });
  const Slash = IDL.Record({
    'due' : IDL.Nat64,
    'case' : IDL.Nat64,
    'state' : SlashState,
    'evidence' : IDL.Text,
    'appeal' : IDL.Opt(IDL.Text),
    'holder' : IDL.Principal,
    'amount' : IDL.Nat,
    'purpose' : BondPurpose,
    'reason' : IDL.Text,
  });
  const Why = IDL.Record({
    'remedy' : IDL.Text,
    'subject' : IDL.Text,
    'message' : IDL.Text,
  });
  const Error = IDL.Variant({
    'Invalid' : Why,
    'Busy' : Why,
    'WrongPrincipal' : Why,
    'InsufficientAllowance' : Why,
    'Closed' : Why,
    'NotYet' : Why,
    'NotFound' : Why,
    'NotAuthorized' : Why,
    'Unavailable' : Why,
    'LimitExceeded' : Why,
    'InsufficientFunds' : Why,
  });
  const AuditEntry = IDL.Record({
    'at' : IDL.Nat64,
    'hash' : IDL.Vec(IDL.Nat8),
    'event' : IDL.Text,
    'caller' : IDL.Principal,
    'index' : IDL.Nat64,
  });
  const AuditTip = IDL.Record({
    'certificate' : IDL.Opt(IDL.Vec(IDL.Nat8)),
    'hash' : IDL.Vec(IDL.Nat8),
    'witness' : IDL.Vec(IDL.Nat8),
    'length' : IDL.Nat64,
  });
  const Account = IDL.Record({
    'owner' : IDL.Principal,
    'subaccount' : IDL.Opt(IDL.Vec(IDL.Nat8)),
  });
  const Payment = IDL.Record({
    'to' : IDL.Principal,
    'why' : IDL.Text,
    'block' : IDL.Opt(IDL.Nat),
    'amount' : IDL.Nat,
    'refused' : IDL.Opt(IDL.Text),
  });
  const EscrowState = IDL.Variant({
    'settled' : IDL.Null,
    'open' : IDL.Null,
    'refunded' : IDL.Null,
    'refunding' : IDL.Null,
    'settling' : IDL.Null,
    'funding' : IDL.Null,
  });
  const Escrow = IDL.Record({
    'id' : IDL.Nat64,
    'job' : IDL.Nat64,
    'payments' : IDL.Vec(Payment),
    'opened_at' : IDL.Nat64,
    'state' : EscrowState,
    'payer' : IDL.Principal,
    'amount' : IDL.Nat,
  });
  const Bond = IDL.Record({
    'slashed' : IDL.Nat,
    'posted_at' : IDL.Nat64,
    'holder' : IDL.Principal,
    'amount' : IDL.Nat,
    'purpose' : BondPurpose,
  });
  const HeaderField = IDL.Tuple(IDL.Text, IDL.Text);
  const HttpRequest = IDL.Record({
    'url' : IDL.Text,
    'method' : IDL.Text,
    'body' : IDL.Vec(IDL.Nat8),
    'headers' : IDL.Vec(HeaderField),
    'certificate_version' : IDL.Opt(IDL.Nat16),
  });
  const HttpResponse = IDL.Record({
    'body' : IDL.Vec(IDL.Nat8),
    'headers' : IDL.Vec(HeaderField),
    'status_code' : IDL.Nat16,
  });
  const Leaving = IDL.Record({ 'due' : IDL.Nat64, 'amount' : IDL.Nat });
  const LiftSlash = IDL.Record({ 'case' : IDL.Nat64, 'reason' : IDL.Text });
  const PaymentsAbout = IDL.Variant({
    'dataset' : IDL.Text,
    'account' : IDL.Principal,
  });
  const EscrowLine = IDL.Record({
    'job' : IDL.Nat64,
    'sum' : IDL.Nat,
    'payments' : IDL.Vec(Payment),
    'opened_at' : IDL.Nat64,
    'count' : IDL.Nat32,
    'state' : EscrowState,
    'payer' : IDL.Principal,
    'amount' : IDL.Nat,
    'escrow' : IDL.Nat64,
  });
  const Compensation = IDL.Record({ 'to' : IDL.Principal, 'amount' : IDL.Nat });
  const SlashBond = IDL.Record({
    'compensate' : IDL.Opt(IDL.Vec(Compensation)),
    'evidence' : IDL.Text,
    'holder' : IDL.Principal,
    'amount' : IDL.Nat,
    'purpose' : BondPurpose,
    'reason' : IDL.Text,
  });
  return IDL.Service({
    'appeal_slash' : IDL.Func(
        [IDL.Record({ 'case' : IDL.Nat64, 'answer' : IDL.Text })],
        [IDL.Variant({ 'Ok' : Slash, 'Err' : Error })],
        [],
      ),
    'audit_log' : IDL.Func(
        [IDL.Record({ 'start' : IDL.Nat64, 'length' : IDL.Nat32 })],
        [IDL.Vec(AuditEntry)],
        ['query'],
      ),
    'audit_tip' : IDL.Func([], [AuditTip], ['query']),
    'close_slashes' : IDL.Func(
        [],
        [IDL.Variant({ 'Ok' : IDL.Null, 'Err' : Error })],
        [],
      ),
    'collect_payment' : IDL.Func(
        [
          IDL.Record({
            'to' : IDL.Opt(Account),
            'escrow' : IDL.Nat64,
            'payment' : IDL.Nat32,
          }),
        ],
        [IDL.Variant({ 'Ok' : Escrow, 'Err' : Error })],
        [],
      ),
    'cycles' : IDL.Func([], [IDL.Nat], ['query']),
    'escrow_of_job' : IDL.Func([IDL.Nat64], [IDL.Opt(Escrow)], ['query']),
    'get_bond' : IDL.Func(
        [IDL.Record({ 'holder' : IDL.Principal, 'purpose' : BondPurpose })],
        [IDL.Opt(Bond)],
        ['query'],
      ),
    'get_escrow' : IDL.Func([IDL.Nat64], [IDL.Opt(Escrow)], ['query']),
    'hold_escrow' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64 })],
        [IDL.Variant({ 'Ok' : IDL.Nat64, 'Err' : Error })],
        [],
      ),
    'http_request' : IDL.Func([HttpRequest], [HttpResponse], ['query']),
    'leaving_bond' : IDL.Func(
        [IDL.Record({ 'holder' : IDL.Principal, 'purpose' : BondPurpose })],
        [IDL.Opt(Leaving)],
        ['query'],
      ),
    'lift_slash' : IDL.Func([LiftSlash], [], []),
    'list_bonds' : IDL.Func(
        [
          IDL.Record({
            'after' : IDL.Opt(
              IDL.Record({ 'holder' : IDL.Principal, 'purpose' : BondPurpose })
            ),
            'limit' : IDL.Nat32,
          }),
        ],
        [IDL.Vec(Bond)],
        ['query'],
      ),
    'list_escrows' : IDL.Func(
        [IDL.Record({ 'after' : IDL.Opt(IDL.Nat64), 'limit' : IDL.Nat32 })],
        [IDL.Vec(Escrow)],
        ['query'],
      ),
    'list_open_escrows' : IDL.Func(
        [IDL.Record({ 'after' : IDL.Opt(IDL.Nat64), 'limit' : IDL.Nat32 })],
        [IDL.Vec(Escrow)],
        ['query'],
      ),
    'list_slashes' : IDL.Func(
        [IDL.Record({ 'limit' : IDL.Nat32, 'before' : IDL.Opt(IDL.Nat64) })],
        [IDL.Vec(Slash)],
        ['query'],
      ),
    'newest_payments' : IDL.Func(
        [
          IDL.Record({
            'about' : IDL.Opt(PaymentsAbout),
            'limit' : IDL.Nat32,
            'before' : IDL.Opt(IDL.Nat64),
          }),
        ],
        [IDL.Vec(EscrowLine)],
        ['query'],
      ),
    'open_escrow' : IDL.Func(
        [
          IDL.Record({
            'job' : IDL.Nat64,
            'at_most' : IDL.Opt(IDL.Nat),
            'client_ref' : IDL.Text,
            'approval' : IDL.Opt(IDL.Text),
          }),
        ],
        [IDL.Variant({ 'Ok' : Escrow, 'Err' : Error })],
        [],
      ),
    'pay_licences' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64 })],
        [IDL.Variant({ 'Ok' : Escrow, 'Err' : Error })],
        [],
      ),
    'post_bond' : IDL.Func(
        [
          IDL.Record({
            'client_ref' : IDL.Text,
            'amount' : IDL.Nat,
            'purpose' : BondPurpose,
          }),
        ],
        [IDL.Variant({ 'Ok' : Bond, 'Err' : Error })],
        [],
      ),
    'quote_escrow' : IDL.Func(
        [IDL.Record({ 'job' : IDL.Nat64 })],
        [
          IDL.Variant({
            'Ok' : IDL.Record({
              'subaccount' : IDL.Vec(IDL.Nat8),
              'approve' : IDL.Nat,
              'amount' : IDL.Nat,
            }),
            'Err' : Error,
          }),
        ],
        [],
      ),
    'refund' : IDL.Func(
        [IDL.Nat64],
        [IDL.Variant({ 'Ok' : Escrow, 'Err' : Error })],
        [],
      ),
    'return_bond' : IDL.Func(
        [IDL.Record({ 'purpose' : BondPurpose })],
        [IDL.Variant({ 'Ok' : Leaving, 'Err' : Error })],
        [],
      ),
    'settle' : IDL.Func(
        [IDL.Nat64],
        [IDL.Variant({ 'Ok' : Escrow, 'Err' : Error })],
        [],
      ),
    'slash_bond' : IDL.Func([SlashBond], [], []),
    'validate_lift_slash' : IDL.Func(
        [LiftSlash],
        [IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text })],
        ['query'],
      ),
    'validate_slash_bond' : IDL.Func(
        [SlashBond],
        [IDL.Variant({ 'Ok' : IDL.Text, 'Err' : IDL.Text })],
        ['query'],
      ),
  });
};
export const init = ({ IDL }: { IDL: typeof import('@dfinity/candid').IDL }): IDL.Type[] => {
  const Peers = IDL.Record({
    'fleet' : IDL.Principal,
    'access' : IDL.Principal,
    'ledger' : IDL.Principal,
    'datasets' : IDL.Principal,
    'models' : IDL.Principal,
    'governance' : IDL.Principal,
    'treasury' : IDL.Principal,
  });
  const Init = IDL.Record({
    'appeal_seconds' : IDL.Opt(IDL.Nat64),
    'governor' : IDL.Principal,
    'peers' : Peers,
    'review_seconds' : IDL.Opt(IDL.Nat64),
    'bond_notice_seconds' : IDL.Opt(IDL.Nat64),
  });
  return [Init];
};
