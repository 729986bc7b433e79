import { gcm } from '@noble/ciphers/aes.js';
import { randomBytes } from '@noble/ciphers/utils.js';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { CodecError } from './errors.js';
import type { KeyRing } from './keyRing.js';

export const ENCODING = 'binary/livepod-aes-gcm';
/** On a payload in clear: encrypt it for this namespace. `forNamespace` in workflow code sets it. */
export const RECIPIENT = 'livepod-for';
/** A query's argument in clear is handed on in this field; workflows/src/clearArguments.ts takes it out for queries. */
export const IN_CLEAR = 'livepod-in-clear';
const NONCE = 12;

const utf8 = new TextEncoder();
const text = new TextDecoder();
const Wire = proto.temporal.api.common.v1.Payload;

/** What a payload of ours says of itself in clear, all of it bound to the ciphertext as associated data. */
export interface Label {
  key: string;
  namespace: string;
  /** Empty where the sender could not know it: the UI's codec server. */
  workflowId: string;
}

/**
 * Encrypts every payload on its way to Temporal, and decrypts it on its way back. The whole payload, its metadata too,
 * goes into the ciphertext. What comes in clear is refused, but for the UI's query arguments: a worker's codec, which
 * is told nothing of what a payload is for, hands JSON in clear to workflows in a field of its own ({@link IN_CLEAR}),
 * and there everything but a query refuses it.
 */
export class LivepodCodec implements PayloadCodec {
  /** @param ofWorker  it decodes for workflows, which may be queried in clear */
  constructor(
    readonly ring: KeyRing,
    private readonly ofWorker = false,
  ) {}

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => this.sealed(payload, context));
  }

  /** @throws CodecError `clearPayload` · `unknownKey` · `notAuthentic` · `wrongWorkflow` · `wrongNamespace` */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) =>
      labelOf(payload) ? this.opened(payload, context) : this.inClear(payload, context),
    );
  }

  private inClear(payload: Payload, context?: SerializationContext): Payload {
    if (!payload.metadata && !payload.data) return payload; // nothing at all
    if (this.ofWorker && context?.type === 'workflow' && encodingOf(payload) === 'json/plain')
      return { ...payload, data: utf8.encode(`{"${IN_CLEAR}":${checkedJson(payload.data)}}`) };
    throw clear(context?.workflowId);
  }

  sealed(payload: Payload, context?: Partial<SerializationContext>): Payload {
    const { [RECIPIENT]: recipient, ...metadata } = payload.metadata ?? {};
    const key = this.ring.active(this.recipient(recipient && text.decode(recipient), context));
    const label = {
      key: key.id,
      namespace: context?.namespace ?? this.ring.namespace,
      workflowId: context?.workflowId ?? '',
    };
    const nonce = randomBytes(NONCE);
    const sealed = gcm(key.secret, nonce, bound(label)).encrypt(Wire.encode({ ...payload, metadata }).finish());
    const data = new Uint8Array(NONCE + sealed.length);
    data.set(nonce);
    data.set(sealed, NONCE);
    return {
      metadata: {
        encoding: utf8.encode(ENCODING),
        'key-id': utf8.encode(label.key),
        namespace: utf8.encode(label.namespace),
        ...(label.workflowId === '' ? {} : { 'workflow-id': utf8.encode(label.workflowId) }),
      },
      data,
    };
  }

  opened(payload: Payload, context?: Partial<SerializationContext>): Payload {
    const label = labelOf(payload);
    if (!label) return payload;
    const key = this.ring.key(label.key);
    this.fits(label, key.namespaces, context);
    const data = payload.data ?? new Uint8Array();
    let plain: Uint8Array;
    try {
      plain = gcm(key.secret, data.subarray(0, NONCE), bound(label)).decrypt(data.subarray(NONCE));
    } catch {
      throw new CodecError(
        'notAuthentic',
        { ...label },
        `A payload of ${label.workflowId || label.namespace} was changed after it was encrypted, or moved ` +
          'from elsewhere; it is not used.',
      );
    }
    const { metadata, data: content } = Wire.decode(plain);
    return { metadata, data: content };
  }

  /** Whom to encrypt for, besides ourselves. */
  private recipient(named: string | undefined, context?: Partial<SerializationContext>): string | undefined {
    if (named !== undefined) return named;
    if (context?.namespace !== undefined && context.namespace !== this.ring.namespace) return context.namespace;
    return context?.type === 'activity' ? undefined : this.ring.customer;
  }

  /**
   * Whether a payload that says this of itself belongs where it was found. What crossed from another namespace names
   * its sender's workflow, which the receiver cannot know.
   */
  private fits(label: Label, holders: readonly string[], context?: Partial<SerializationContext>): void {
    if (!holders.includes(label.namespace))
      throw new CodecError(
        'wrongNamespace',
        { ...label },
        `A payload claims to be of namespace ${label.namespace}, which does not hold its key ${label.key}.`,
      );
    const own = context?.namespace ?? this.ring.namespace;
    if (label.namespace !== own) {
      if (holders.includes(own)) return;
      throw new CodecError(
        'wrongNamespace',
        { ...label, own },
        `A payload of namespace ${label.namespace} was found in ${own}, with which it shares no key.`,
      );
    }
    const { workflowId } = context ?? {};
    if (
      label.workflowId === '' ||
      workflowId === undefined ||
      label.workflowId === workflowId ||
      startedBySchedule(label.workflowId, workflowId)
    )
      return;
    throw new CodecError(
      'wrongWorkflow',
      { ...label, found: workflowId },
      `A payload of workflow ${label.workflowId} was found in ${workflowId}; it is not used there.`,
    );
  }
}

/** JSON text, whole: what is not could end the field that it is put into. */
function checkedJson(data: Payload['data']): string {
  try {
    return JSON.stringify(JSON.parse(text.decode(data ?? new Uint8Array())));
  } catch {
    throw clear(undefined);
  }
}

const clear = (workflowId: string | undefined): CodecError =>
  new CodecError(
    'clearPayload',
    workflowId === undefined ? {} : { workflowId },
    `A payload of ${workflowId ?? 'an unknown workflow'} came in clear, so anybody may have written it; it is not ` +
      'used. Send it with the key ring (LIVEPOD_CODEC_KEYS), or from the UI once it knows the codec server.',
  );

const encodingOf = ({ metadata }: Payload): string =>
  ArrayBuffer.isView(metadata?.['encoding']) ? text.decode(metadata['encoding']) : '';

/** What an encrypted payload says of itself; undefined for payloads of other encodings. */
export function labelOf({ metadata }: Payload): Label | undefined {
  const field = (name: string): string => (ArrayBuffer.isView(metadata?.[name]) ? text.decode(metadata[name]) : '');
  return encodingOf({ metadata }) === ENCODING
    ? { key: field('key-id'), namespace: field('namespace'), workflowId: field('workflow-id') }
    : undefined;
}

const bound = ({ key, namespace, workflowId }: Label): Uint8Array =>
  utf8.encode(JSON.stringify(['livepod.codec/v1', key, namespace, workflowId]));

/**
 * A schedule's arguments are encrypted once, for the id that it adds the time of each run to; and each run is given
 * what the one before it came to, which was encrypted for that one's id.
 */
const startedBySchedule = (id: string, actual: string): boolean =>
  actual !== scheduleOf(actual) && scheduleOf(id) === scheduleOf(actual);
const scheduleOf = (id: string): string => id.replace(/-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, '');
