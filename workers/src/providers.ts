import type { Providers } from '@livepod/activities';
import { LivepodCodec } from '@livepod/codec';
import { status } from '@grpc/grpc-js';
import { isGrpcServiceError, type Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';

/** Whom a round can be given to: the server's Nexus endpoints, and with whom a key is held in common. */
export function nexusProviders(
  connected: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>,
  converter: DataConverter,
): Providers {
  const rings = (converter.payloadCodecs ?? []).filter((codec) => codec instanceof LivepodCodec);
  return {
    names: () => connected(endpoints),
    shareKey: (name) =>
      rings.every(({ ring }) => {
        try {
          ring.active(name);
          return true;
        } catch {
          return false;
        }
      }),
  };
}

async function endpoints({ operatorService }: Connection): Promise<string[] | undefined> {
  const names: string[] = [];
  try {
    for (let nextPageToken: Uint8Array | undefined; ;) {
      const page = await operatorService.listNexusEndpoints({
        pageSize: 100,
        ...(nextPageToken ? { nextPageToken } : {}),
      });
      names.push(...page.endpoints.map(({ spec }) => spec?.name ?? ''));
      if (!page.nextPageToken?.length) return names;
      nextPageToken = page.nextPageToken;
    }
  } catch (error) {
    // A cluster may keep its operator service to itself; then the endpoint shows when it is called.
    if (isGrpcServiceError(error) && (error.code === status.PERMISSION_DENIED || error.code === status.UNIMPLEMENTED))
      return undefined;
    throw error;
  }
}
