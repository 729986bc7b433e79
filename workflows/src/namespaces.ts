import { defaultPayloadConverter, RawValue } from '@temporalio/common';

/**
 * A value that crosses to another namespace by Nexus: marked, so that the codec encrypts it with the key that both
 * namespaces hold (infra/codec). What comes back needs no mark.
 */
export function forNamespace<T>(namespace: string, value: T): T {
  const { metadata, data } = defaultPayloadConverter.toPayload(value)!;
  return RawValue.fromPayload({
    metadata: { ...metadata, 'livepod-for': new TextEncoder().encode(namespace) },
    data,
  }) as T;
}
